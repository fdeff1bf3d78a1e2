"""What the grade rounds run as processes of their own, on whatever database the environment names.

python -m tests.soak.grade_worker seed|produce|nursery|settle OPTIONS-AS-JSON
"""

import json
import os
import random
import signal
import sys
import time
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db.models import F, QuerySet  # noqa: E402

from courseserver.common import clock  # noqa: E402
from courseserver.courses.models import (  # noqa: E402
    Assignment,
    Course,
    Enrolment,
    Identity,
    Person,
    SendMode,
)
from courseserver.grading import lanes, outbox, readback, sender, services  # noqa: E402
from courseserver.grading.gradebooks import LtiGradebook  # noqa: E402
from courseserver.grading.models import GradeOutbox, Score, SendState  # noqa: E402
from courseserver.lti import ags, line_items, outgoing  # noqa: E402
from courseserver.lti.models import Platform  # noqa: E402

# All waits are a tenth of production's, so that hours of trouble pass in minutes. Only the step
# between two stamps stays a second: platforms count in seconds.
SPEED = 10.0


def seed(options: dict[str, Any]) -> None:
    """Make a course whose links bring no column, its students, and tell their ids."""
    platform = Platform.objects.create(
        issuer=options["issuer"],
        client_id=options["client_id"],
        deployment_id="1",
        auth_url=options["url"],
        token_url=options["token_url"],
        jwks_url=options["url"],
        product=options["product"],
        approved=True,
    )
    course = Course.objects.create(platform=platform, context_id="soak", title="Soak")
    for number in range(options["labs"]):
        Assignment.objects.create(
            course=course,
            resource_link_id=f"link-{number}",
            lab="v1-11-hardware-roofline",
            title=f"Lab {number}",
            line_items_url=options["line_items_url"],
            ags_scopes=[ags.SCOPE_LINE_ITEM, ags.SCOPE_SCORE, ags.SCOPE_RESULT],
            send_mode=SendMode.LIVE,
            makes_column=True,
        )
    people = [Person() for _ in range(options["students"])]
    Person.objects.bulk_create(people)
    Identity.objects.bulk_create(
        Identity(person=person, platform=platform, subject=str(1000 + number))
        for number, person in enumerate(people)
    )
    Enrolment.objects.bulk_create(
        Enrolment(person=person, course=course, role="learner") for person in people
    )


def produce(options: dict[str, Any]) -> None:
    """Hand in work in waves: each gives every student of every lab one more score.

    A wave waits a while for the scores before it to leave, so that most of them do.
    """
    rng = random.Random(options["seed"])
    pairs = [
        (assignment, person)
        for assignment in Assignment.objects.all()
        for person in Person.objects.order_by("pk")
    ]
    for wave in range(options["scores_each"]):
        rng.shuffle(pairs)
        for assignment, person in pairs:
            _hand_in(assignment, person, wave, rng)
            # A class is no tight loop: SQLite has one writer, and the sender is one too.
            time.sleep(0.01)
        _wait_for_most(len(pairs) // 20, options["wave_s"])


def _hand_in(assignment: Assignment, person: Person, wave: int, rng: random.Random) -> None:
    services.submission_receive(
        assignment=assignment,
        person=person,
        attempt_id=f"att_{wave}_{assignment.pk}_{person.pk}",
        lab_slug=assignment.lab,
        lab_version="1",
        completion=rng.randrange(101) / 100,
        challenge=rng.randrange(101) / 100,
        log_text="",
        evidence={},
        submitted_at=clock.now(),
    )


def _wait_for_most(left: int, longest_s: float) -> None:
    deadline = time.monotonic() + longest_s
    unsent = GradeOutbox.objects.filter(last_sent_version__lt=F("desired_version"))
    while unsent.count() > left and time.monotonic() < deadline:
        time.sleep(0.5)


def nursery(options: dict[str, Any]) -> None:
    """Fork a sender for each line read, and tell its id.

    Forked before anything is connected, so that a killed sender has a successor at once.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _hurry()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _send(random.Random(int(line)))
        print(pid, flush=True)


def _send(rng: random.Random) -> None:
    """Do for ever what the sweep and its workers do, until killed."""
    gradebook = LtiGradebook()
    while True:
        outbox.rows_settle(now=clock.now())
        handled = 0
        for platform_id in sorted(sender.platforms_due(clock.now())):
            handled += sender.lane_drain(
                platform_id, gradebook, rng=rng, budget=timedelta(seconds=6)
            )
        if not handled:
            time.sleep(0.05)


def settle(options: dict[str, Any]) -> None:
    """Wait until every grade is in the LMS, pressing "Retry all" now and then; tell what stands.

    Prints how often it pressed, and every score with how far its grade is.
    """
    deadline, presses = time.monotonic() + options["patience_s"], 0
    pressed_at = time.monotonic()
    rows = GradeOutbox.objects.all()
    while rows.exclude(state=SendState.IN_LMS).exists() and time.monotonic() < deadline:
        time.sleep(0.3)
        stuck = rows.filter(state__in=(SendState.REFUSED, SendState.RETRYING))
        if time.monotonic() - pressed_at > options["press_s"] and stuck.exists():
            _press(stuck)
            presses, pressed_at = presses + 1, time.monotonic()
    print(json.dumps({"presses": presses, "rows": _told(rows)}))


def _press(stuck: QuerySet[GradeOutbox]) -> None:
    """Press "Retry all", as an instructor does on the board."""
    for platform in Platform.objects.all():
        lanes.lane_resume(platform.pk)
    outbox.rows_retry(stuck, actor="system", now=clock.now())


def _told(rows: QuerySet[GradeOutbox]) -> list[dict[str, Any]]:
    subjects = dict(Identity.objects.values_list("person_id", "subject"))
    scores = {(s.assignment_id, s.person_id): s for s in Score.objects.all()}
    return [
        {
            "column": row.assignment.line_item_url,
            "subject": subjects[row.person_id],
            "points": scores[row.assignment_id, row.person_id].points,
            "versions": scores[row.assignment_id, row.person_id].version,
            "state": row.state,
            "reason": row.reason_code,
            "is_newest": row.last_sent_version == row.desired_version,
        }
        for row in rows.select_related("assignment")
    ]


def _hurry() -> None:
    outgoing.READ_TIMEOUT_S /= SPEED
    outgoing.TOTAL_TIMEOUT_S /= SPEED
    lanes.PAUSE_MIN_S /= SPEED
    lanes.PAUSE_MAX_S /= SPEED
    line_items.LEASE /= SPEED
    readback.LOOKS_S = tuple(wait_s / SPEED for wait_s in readback.LOOKS_S)
    backoff_s = sender.backoff_s
    sender.backoff_s = lambda attempts, rng: backoff_s(attempts, rng) / SPEED


COMMANDS = {f.__name__: f for f in (seed, produce, nursery, settle)}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](json.loads(sys.argv[2]))
