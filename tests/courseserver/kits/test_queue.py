"""Who gets which kit, and what becomes of jobs on kits that fall silent."""

import pytest
from django.db import IntegrityError

from courseserver.audit.models import AuditEntry
from courseserver.common.errors import Conflict, NotFound, Unprocessable
from courseserver.courses.models import Role
from courseserver.kits import queue, reference, selectors, services, sweeping
from courseserver.kits.models import Kit, KitJob, Lease, Measurement
from courseserver.kits.requests import TaskRequest
from courseserver.kits.states import MOVES, JobKind, JobState, KitHealth, check_move
from firmware_specs.wire import CommandKind, JobAnswer, KitState, Status
from tests.courseserver.kits.conftest import Bench


def test_a_job_goes_to_a_free_kit_at_once(bench: Bench) -> None:
    kit = bench.kit()

    job = bench.ask()

    assert (job.state, job.kit_id, job.attempt) == (JobState.SENT, kit.id, 1)
    assert bench.runs_wanted(job) == ["g64", "g128"]


def test_without_a_kit_a_job_waits_with_its_place_in_the_queue(bench: Bench) -> None:
    first = bench.ask(bench.bob)
    bench.clock.pass_s(1)
    second = bench.ask(bench.bea)

    views = [selectors.job_view(job.id) for job in (first, second)]

    assert [(view.state, view.position) for view in views] == [("queued", 1), ("queued", 2)]
    assert views[0].poll_ms is not None


def test_a_kit_holds_one_job_at_a_time(bench: Bench) -> None:
    bench.kit()

    first, second = bench.ask(bench.bob), bench.ask(bench.bea)

    assert (first.state, second.state) == (JobState.SENT, JobState.QUEUED)


def test_the_database_itself_refuses_a_second_lease(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()

    with pytest.raises(IntegrityError):
        Lease.objects.create(kit=kit, job=job, attempt=2, taken_at=bench.clock.now())


def test_the_next_job_starts_when_the_kit_is_done(bench: Bench) -> None:
    kit = bench.kit()
    first, second = bench.ask(bench.bob, 64), bench.ask(bench.bea, 64)

    bench.hear(kit, bench.result(first, "g64"))
    queue.jobs_assign()

    assert bench.now(first).state == JobState.DONE
    assert bench.now(second).state == JobState.SENT


def test_who_had_less_lately_comes_first(bench: Bench) -> None:
    kit = bench.kit()
    served = bench.ask(bench.bob, 64, purpose="one")
    greedy = bench.ask(bench.bob, 64, purpose="two")
    bench.clock.pass_s(5)
    patient = bench.ask(bench.bea, 64)

    bench.hear(kit, bench.result(served, "g64"))
    queue.jobs_assign()

    assert bench.now(patient).state == JobState.SENT
    assert bench.now(greedy).state == JobState.QUEUED


def test_staff_come_before_students(bench: Bench) -> None:
    waiting = bench.ask(bench.bob)
    bench.clock.pass_s(5)
    urgent = bench.ask(bench.alice)

    bench.kit()
    queue.jobs_assign()

    assert bench.now(urgent).state == JobState.SENT
    assert bench.now(waiting).state == JobState.QUEUED


def test_a_courses_own_kit_is_taken_before_a_shared_one(bench: Bench) -> None:
    shared = bench.kit("shared")
    own = bench.kit("own", course=bench.course)

    job = bench.ask()

    assert job.kit_id == own.id
    assert shared.leases.count() == 0


def test_a_students_own_kit_is_taken_first_and_by_nobody_else(bench: Bench) -> None:
    course_kit = bench.kit("course", course=bench.course)
    own = bench.kit("own", course=bench.course, owner=bench.bob)

    job, other, third = bench.ask(bench.bob), bench.ask(bench.bea), bench.ask(bench.alice)

    assert (job.kit_id, other.kit_id) == (own.id, course_kit.id)
    assert third.state == JobState.QUEUED
    assert selectors.job_view(job.id).kit_origin == "own"
    assert [kit.name for kit in selectors.kits_available(bench.course)] == ["course"]
    mine = selectors.kits_available(bench.course, person=bench.bob)
    assert [kit.name for kit in mine] == ["own", "course"]


def test_what_counts_never_goes_to_a_students_own_kit(bench: Bench) -> None:
    bench.kit("own", course=bench.course, owner=bench.bob)
    tasks = [TaskRequest(id="a", task="gemm")]

    job = services.kit_job_request(
        person=bench.bob, course=bench.course, tasks=tasks, purpose="olympics",
        institution_only=True,
    )  # fmt: skip

    assert job.state == JobState.QUEUED


def test_a_job_for_one_board_waits_for_that_board(bench: Bench) -> None:
    bench.kit("pi", board="raspberry-pi-5")
    tasks = [TaskRequest(id="a", task="gemm")]

    job = services.kit_job_request(
        person=bench.bob, course=bench.course, tasks=tasks, purpose="x", board="raspberry-pi-4"
    )
    assert job.state == JobState.QUEUED
    right = bench.kit("pi 4", board="raspberry-pi-4")
    queue.jobs_assign()

    assert bench.now(job).kit_id == right.id


def test_the_server_draws_what_the_kit_must_not_know(bench: Bench) -> None:
    def ask(purpose: str, nonce: int = 0) -> KitJob:
        tasks = [TaskRequest(id="d", task="digits", arguments={"nonce": nonce})]
        return services.kit_job_request(
            person=bench.bob, course=bench.course, tasks=tasks, purpose=purpose
        )

    first, again, other = ask("one"), ask("one", nonce=7), ask("two")

    assert first.pk == again.pk
    nonces = {job.tasks[0]["arguments"]["nonce"] for job in (first, other)}
    assert len(nonces) == 2
    assert nonces.isdisjoint({0, 7})


def test_a_refused_job_goes_to_another_kit_even_if_the_first_is_free_before(bench: Bench) -> None:
    first = bench.kit("first")
    job = bench.ask()
    busy = bench.kit("second")
    other = bench.ask(bench.bea, 64)
    bench.hear(first, bench.answer(job, JobAnswer.REFUSED, detail="no"))
    queue.jobs_assign()
    assert bench.now(job).state == JobState.QUEUED

    bench.hear(busy, bench.result(other, "g64"))
    queue.jobs_assign()

    assert bench.now(job).kit_id == busy.id


def test_another_courses_kit_is_never_taken(bench: Bench) -> None:
    bench.kit("theirs", course=bench.new_course("Other"))

    job = bench.ask()

    assert job.state == JobState.QUEUED
    assert selectors.kits_available(bench.course) == []


def test_a_kit_that_cannot_run_a_task_is_passed_over(bench: Bench) -> None:
    bench.kit("small", tasks=["triad"])

    job = bench.ask()

    assert job.state == JobState.QUEUED


@pytest.mark.parametrize("health", [KitHealth.SICK, KitHealth.REVOKED])
def test_a_kit_out_of_service_gets_nothing(bench: Bench, health: KitHealth) -> None:
    kit = bench.kit()
    kit.health = health
    kit.save()

    assert bench.ask().state == JobState.QUEUED


def test_a_kit_that_said_goodbye_gets_nothing(bench: Bench) -> None:
    kit = bench.kit()
    bench.hear(kit, Status(state=KitState.OFFLINE, at_utc="now"))

    assert bench.ask().state == JobState.QUEUED


def test_a_kit_silent_for_two_messages_gets_nothing(bench: Bench) -> None:
    bench.kit()
    bench.clock.pass_s(76)

    assert bench.ask().state == JobState.QUEUED


# --- what people may ask ------------------------------------------------------------------------
def test_the_same_open_request_again_is_the_same_job(bench: Bench) -> None:
    assert bench.ask(bench.bob).id == bench.ask(bench.bob).id


def test_the_same_request_of_somebody_else_is_another_job(bench: Bench) -> None:
    assert bench.ask(bench.bob).id != bench.ask(bench.bea).id


def test_a_student_has_at_most_three_open_jobs(bench: Bench) -> None:
    for n in (1, 2, 3):
        bench.ask(bench.bob, n)

    with pytest.raises(Conflict, match="3 hardware jobs"):
        bench.ask(bench.bob, 4)


def test_a_stranger_cannot_ask(bench: Bench) -> None:
    with pytest.raises(NotFound):
        bench.ask(bench.charlie)


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ([], "1 to 64"),
        ([TaskRequest(id="a", task="mine_bitcoin")], "mine_bitcoin"),
        ([TaskRequest(id="a", task="gemm", arguments={"m": 0})], "below 1"),
        ([TaskRequest(id="a", task="triad")] * 2, "id of its own"),
        ([TaskRequest(id="", task="triad")], "id of its own"),
        ([TaskRequest(id=f"t{i}", task="triad") for i in range(65)], "1 to 64"),
    ],
)
def test_what_no_kit_knows_is_refused_before_it_is_queued(
    bench: Bench, tasks: list[TaskRequest], words: str
) -> None:
    with pytest.raises(Unprocessable, match=words):
        services.kit_job_request(person=bench.bob, course=bench.course, tasks=tasks, purpose="x")


def test_asking_and_cancelling_leave_audit_rows_without_a_name(bench: Bench) -> None:
    job = bench.ask()
    services.kit_job_cancel(person=bench.bob, job=job)

    rows = AuditEntry.objects.filter(subject=job.id).order_by("id")
    assert [(row.action, row.actor) for row in rows] == [
        ("kit_job_request", bench.bob.id),
        ("kit_job_cancel", bench.bob.id),
    ]


# --- cancelling ---------------------------------------------------------------------------------
def test_a_waiting_job_is_cancelled_at_once(bench: Bench) -> None:
    job = services.kit_job_cancel(person=bench.bob, job=bench.ask())

    assert job.state == JobState.CANCELLED


def test_a_running_job_is_cancelled_when_its_kit_says_so(bench: Bench) -> None:
    from courseserver.kits.bridge import command_of

    kit = bench.kit()
    job = services.kit_job_cancel(person=bench.bob, job=bench.ask())
    assert command_of(job).kind is CommandKind.CANCEL
    assert job.state == JobState.SENT

    bench.hear(kit, bench.answer(job, JobAnswer.CANCELLED))

    assert bench.now(job).state == JobState.CANCELLED
    assert not kit.leases.filter(released_at__isnull=True).exists()


def test_a_kit_too_silent_to_cancel_is_not_waited_for(bench: Bench) -> None:
    bench.kit()
    job = services.kit_job_cancel(person=bench.bob, job=bench.ask())

    bench.clock.pass_s(61)
    sweeping.sweep()

    assert bench.now(job).state == JobState.CANCELLED


# --- silence and delay --------------------------------------------------------------------------
def test_a_silent_kits_job_goes_to_another_kit_and_old_measurements_stay_out(
    bench: Bench,
) -> None:
    silent = bench.kit("silent")
    job = bench.ask()
    bench.hear(silent, bench.result(job, "g64"))
    bench.clock.pass_s(80)
    other = bench.kit("other")

    sweeping.sweep()

    assert (bench.now(job).state, job.kit_id, job.attempt) == (JobState.SENT, other.id, 2)
    assert Measurement.objects.filter(superseded=True).count() == 1
    assert bench.runs_wanted(job) == ["g64", "g128"]


def test_a_kit_that_comes_back_goes_on_where_it_was(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()
    bench.hear(kit, bench.result(job, "g64"))
    bench.clock.pass_s(80)
    sweeping.sweep()

    bench.hear(kit, Status(state=KitState.ONLINE, at_utc="now"))
    queue.jobs_assign()

    assert bench.now(job).kit_id == kit.id
    assert bench.runs_wanted(job) == ["g128"]
    assert Measurement.objects.filter(superseded=True).count() == 0


def test_a_result_of_the_first_attempt_still_counts_on_the_same_kit(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()
    late = bench.result(job, "g64")
    bench.clock.pass_s(80)
    sweeping.sweep()
    bench.hear(kit, Status(state=KitState.ONLINE, at_utc="now"))
    queue.jobs_assign()

    bench.hear(kit, late)

    assert set(selectors.measurements_of(bench.now(job))) == {"g64"}


def test_the_second_silence_fails_the_job_with_words(bench: Bench) -> None:
    for name in ("one", "two"):
        bench.kit(name)
        job = bench.ask()
        queue.jobs_assign()
        bench.clock.pass_s(80)
        sweeping.sweep()

    assert bench.now(job).state == JobState.FAILED
    assert "fell silent; it was tried twice" in job.message


def test_an_overdue_attempt_counts_against_its_kit(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()

    for _ in range(10):
        bench.clock.pass_s(30)
        bench.hear(kit, Status(state=KitState.BUSY, at_utc="now"))
    sweeping.sweep()

    kit.refresh_from_db()
    assert bench.now(job).requeues == 1
    assert kit.failures == 1


def test_three_failures_in_a_row_take_a_kit_out_of_service(bench: Bench) -> None:
    kit = bench.kit(tasks=["vww"])
    job = KitJob(kind=JobKind.REQUEST)

    for _ in range(3):
        reference.kit_failed(kit=kit, job=job)

    # Nothing that it can do would show whether it was the kit or what was asked of it.
    assert kit.health == KitHealth.SICK


def failed_thrice(bench: Bench, kit: Kit) -> None:
    """Let three students ask for what no kit of this kind can do."""
    for n in range(3):
        job = bench.ask(bench.person(f"Student {n}", Role.LEARNER), 64)
        failed = bench.result(job, "g64", outcome="failed", value=None, detail="no room for it")
        bench.hear(kit, failed)
        bench.clock.pass_s(1)


def test_what_students_ask_for_in_vain_takes_no_kit_out_of_service(bench: Bench) -> None:
    kit = bench.kit(course=bench.course)
    failed_thrice(bench, kit)
    waiting = bench.ask(bench.bob, 64)
    assert (waiting.state, Kit.objects.get().health) == (JobState.QUEUED, KitHealth.ACTIVE)
    assert "in doubt" in bench.client(bench.alice).get(f"/kits/{bench.course.id}/").content.decode()

    sweeping.sweep()
    check = KitJob.objects.get(kind=JobKind.REFERENCE)
    assert check.state == JobState.SENT
    given = {row["id"]: row["arguments"] for row in check.tasks}
    bench.hear(kit, *(
        bench.result(check, name, task=name, arguments=given[name], value=value, low=value,
                     high=value, unit=unit)
        for name, value, unit in (("gemm", 1e-2, "s"), ("copy_bandwidth", 1e10, "B/s"))
    ))  # fmt: skip
    queue.jobs_assign()

    assert (Kit.objects.get().failures, bench.now(waiting).state) == (0, JobState.SENT)


def test_a_kit_in_doubt_that_fails_its_known_work_is_taken_out_of_service(bench: Bench) -> None:
    kit = bench.kit()
    failed_thrice(bench, kit)
    sweeping.sweep()
    check = KitJob.objects.get(kind=JobKind.REFERENCE)

    bench.hear(kit, *(
        bench.result(check, name, task=name, outcome="failed", value=None, detail="broken")
        for name in ("gemm", "copy_bandwidth")
    ))  # fmt: skip

    assert Kit.objects.get().health == KitHealth.SICK


def test_one_success_forgives_earlier_failures(bench: Bench) -> None:
    kit = bench.kit()
    reference.kit_failed(kit=kit, job=KitJob(kind=JobKind.REQUEST))
    job = bench.ask(bench.bob, 64)

    bench.hear(kit, bench.result(job, "g64"))

    kit.refresh_from_db()
    assert kit.failures == 0


def test_who_waits_half_an_hour_for_nothing_is_told(bench: Bench) -> None:
    job = bench.ask()

    bench.clock.pass_s(1801)
    sweeping.sweep()

    assert bench.now(job).state == JobState.FAILED
    assert "use the simulation" in job.message


def test_who_waits_behind_a_working_kit_waits_on(bench: Bench) -> None:
    kit = bench.kit()
    bench.ask(bench.bea)
    job = bench.ask(bench.bob)

    for _ in range(40):
        bench.clock.pass_s(60)
        bench.hear(kit, Status(state=KitState.BUSY, at_utc="now"))
    sweeping.sweep()

    assert bench.now(job).state in (JobState.QUEUED, JobState.SENT)


def test_a_finished_job_is_left_alone_by_the_sweep(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask(bench.bob, 64)
    bench.hear(kit, bench.result(job, "g64"))

    bench.clock.pass_s(10_000)
    sweeping.sweep()

    assert bench.now(job).state == JobState.DONE


# --- the table of moves -------------------------------------------------------------------------
@pytest.mark.parametrize("old", list(JobState))
@pytest.mark.parametrize("new", list(JobState))
def test_only_the_moves_of_the_table_are_made(old: JobState, new: JobState) -> None:
    if new in MOVES[old]:
        check_move(old, new)
        return
    with pytest.raises(Conflict):
        check_move(old, new)


def test_a_student_is_not_told_of_other_courses_queues(bench: Bench) -> None:
    other = bench.new_course("Other")
    dora = bench.person("Dora", Role.LEARNER, other)
    services.kit_job_request(
        person=dora, course=other, tasks=[TaskRequest(id="a", task="gemm")], purpose="x"
    )

    job = bench.ask()

    assert selectors.job_view(job.id).position == 1


def test_a_students_job_is_short_enough_to_share_a_kit(bench: Bench) -> None:
    def ask(person: object, count: int) -> KitJob:
        asked = [TaskRequest(id=f"v{i}", task="vww") for i in range(count)]
        return services.kit_job_request(
            person=person,
            course=bench.course,
            tasks=asked,
            purpose="long",  # type: ignore[arg-type]
        )

    with pytest.raises(Unprocessable, match="12 min on a kit, a student's has at most 10 min"):
        ask(bench.bob, 7)

    assert ask(bench.bob, 5).state == JobState.QUEUED
    assert ask(bench.alice, 7).state == JobState.QUEUED


@pytest.mark.parametrize(
    ("board", "holds", "asked", "takes"),
    [
        ("arduino-uno-r3", "", "arduino-uno-r3", True),
        ("arduino-uno-r3", "", "nucleo-l4r5zi", False),
        # A bench computer says which board is on its ports.
        ("raspberry-pi-5", "arduino-uno-r3", "arduino-uno-r3", True),
        ("raspberry-pi-5", "arduino-uno-r3", "nucleo-l4r5zi", False),
        # An older agent does not, and an emulator has a name of its own.
        ("raspberry-pi-5", "", "nucleo-l4r5zi", True),
        ("raspberry-pi-5", "mps2-an386", "nucleo-l4r5zi", True),
        # It speaks for the accelerator on its port, and for no other computer.
        ("raspberry-pi-5", "", "coral-usb", True),
        ("raspberry-pi-4", "", "raspberry-pi-5", False),
        ("host-linux", "", "raspberry-pi-5", False),
        ("raspberry-pi-4", "", "", True),
    ],
)
def test_a_job_for_a_board_goes_only_where_that_board_is(
    bench: Bench, board: str, holds: str, asked: str, takes: bool
) -> None:
    bench.kit(board=board, holds=holds, tasks=["gemm"])
    tasks = [TaskRequest(id="g", task="gemm")]

    job = services.kit_job_request(
        person=bench.bob, course=bench.course, tasks=tasks, purpose="x", board=asked
    )

    assert (job.state == JobState.SENT) is takes
