"""The order of the queue, whatever is asked: pure, so that many cases cost little."""

from collections import Counter, defaultdict
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from courseserver.kits.fairness import PATIENCE_S, Waiting, in_order

PEOPLE = "abcde"
asked = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from([-1, 0, 0, 0, 1]), st.integers(0, 4000)),
    max_size=25,
)
served = st.dictionaries(st.sampled_from(PEOPLE), st.integers(0, 9))


def jobs(rows: list[tuple[str, int, int]]) -> list[Waiting]:
    return [
        Waiting(id=f"{n:03}", person=person, priority=priority, queued_s=float(at))
        for n, (person, priority, at) in enumerate(rows)
    ]


@given(rows=asked, had=served, now_s=st.integers(4000, 6000))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_the_order_is_total_and_keeps_its_promises(
    rows: list[tuple[str, int, int]], had: dict[str, int], now_s: int
) -> None:
    waiting = jobs(rows)

    turns = in_order(waiting, served=had, now_s=now_s)

    assert sorted(turns, key=lambda job: job.id) == waiting
    assert turns == in_order(reversed(waiting), served=had, now_s=now_s)
    for first, second in pairwise(turns):
        patience = [now_s - job.queued_s > PATIENCE_S for job in (first, second)]
        assert patience != [False, True], "somebody who waited too long stands behind"
        if patience == [True, True]:
            assert first.queued_s <= second.queued_s
        elif patience == [False, False]:
            assert first.priority >= second.priority
            if first.priority == second.priority:
                assert had.get(first.person, 0) <= had.get(second.person, 0)


@given(
    rows=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 600)), max_size=12),
    staff_every_s=st.integers(40, 300),
    newcomers_every_s=st.integers(40, 300),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_nobody_starves_behind_busy_staff_and_a_stream_of_newcomers(
    rows: list[tuple[str, int]], staff_every_s: int, newcomers_every_s: int
) -> None:
    """One kit, one minute a job, and more work than it can ever do."""
    service_s, end_s = 60, 4200
    coming = defaultdict(list)
    students = [Waiting(id=f"s{n:02}", person=p, priority=0, queued_s=float(at))
                for n, (p, at) in enumerate(rows)]  # fmt: skip
    for job in students:
        coming[int(job.queued_s) // service_s].append(job)
    for at in range(0, end_s, staff_every_s):
        coming[at // service_s].append(
            Waiting(id=f"t{at:04}", person="teacher", priority=1, queued_s=float(at))
        )
    for at in range(0, end_s, newcomers_every_s):
        coming[at // service_s].append(
            Waiting(id=f"n{at:04}", person=f"new{at}", priority=0, queued_s=float(at))
        )
    waiting: list[Waiting] = []
    had: Counter[str] = Counter()
    done_s: dict[str, int] = {}

    for now_s in range(0, end_s, service_s):
        waiting += coming[now_s // service_s]
        if not waiting:
            continue
        turn = in_order(waiting, served=had, now_s=now_s)[0]
        waiting.remove(turn)
        had[turn.person] += 1
        done_s[turn.id] = now_s

    for job in students:
        # Once out of patience, only those who asked earlier may still come before it.
        ahead = sum(other.queued_s <= job.queued_s for later in coming.values() for other in later)
        bound_s = job.queued_s + PATIENCE_S + service_s * (ahead + 1)
        assert done_s.get(job.id, end_s) <= max(bound_s, 0) or bound_s > end_s


def test_equal_students_take_turns() -> None:
    waiting = jobs([(person, 0, n) for n, person in enumerate("aaaabb")])
    had: Counter[str] = Counter()
    order = ""
    while waiting:
        turn = in_order(waiting, served=had, now_s=100)[0]
        waiting.remove(turn)
        had[turn.person] += 1
        order += turn.person

    assert order == "ababaa"
