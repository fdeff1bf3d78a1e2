"""What the class rush asks of the installation's database, as a process of its own.

python -m tests.soak.rush_worker seed|rows OPTIONS-AS-JSON
"""

import json
import sys
from typing import Any

import django

django.setup()

from courseserver.courses.models import Enrolment, Identity  # noqa: E402
from courseserver.grading.models import GradeOutbox, Score, Submission  # noqa: E402
from courseserver.labruntime import ledger  # noqa: E402
from courseserver.labruntime.models import Attempt, Commit  # noqa: E402
from courseserver.lti.models import Platform  # noqa: E402


def seed(options: dict[str, Any]) -> None:
    Platform.objects.create(**options, product="moodle", approved=True)


def rows(options: dict[str, Any]) -> None:
    """Print how many rows there are of each kind, and every grade as it stands here."""
    subjects = dict(Identity.objects.values_list("person_id", "subject"))
    outbox = {row.person_id: row for row in GradeOutbox.objects.all()}
    grades = [
        {
            "subject": subjects[score.person_id],
            "points": score.points,
            "is_full": score.is_full,
            "state": outbox[score.person_id].state if score.person_id in outbox else "",
        }
        for score in Score.objects.all()
    ]
    counts = {
        "students": Enrolment.objects.filter(role="learner").count(),
        "attempts": Attempt.objects.filter(is_preview=False).count(),
        "predictions": Commit.objects.filter(attempt__is_preview=False).count(),
        "submissions": Submission.objects.count(),
        "scores": len(grades),
    }
    broken = sum(not ledger.verify(person_id).is_whole for person_id in ledger.chains())
    print(json.dumps({"counts": counts, "grades": grades, "broken": broken}))


if __name__ == "__main__":
    {"seed": seed, "rows": rows}[sys.argv[1]](json.loads(sys.argv[2]))
