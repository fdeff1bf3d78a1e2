"""Points of the Olympics: normalised by track, whatever the entries."""

from hypothesis import given, settings
from hypothesis import strategies as st

from courseserver.benches.ranking import Entry, points
from labs.activities import TRACKS

value = st.floats(1e-9, 1e6)
entries = st.lists(st.dictionaries(st.sampled_from(TRACKS), value, max_size=4), max_size=8)


def entry(values: dict[str, float]) -> Entry:
    return Entry(person="p", board="b", design={}, values=values)


@given(rows=entries, factor=st.floats(0.01, 100))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_points_are_shares_of_the_best_and_know_no_unit(
    rows: list[dict[str, float]], factor: float
) -> None:
    found = points([entry(row) for row in rows])
    scaled = points([entry({k: factor * v for k, v in row.items()}) for row in rows])

    for (total, by_track), (same, _) in zip(found, scaled, strict=True):
        assert all(0 <= x <= 100.0001 for x in by_track.values())
        assert abs(total - same) < 1e-6
    for track in TRACKS:
        if any(track in row for row in rows):
            assert abs(max(by_track[track] for _, by_track in found) - 100) < 1e-6


def test_more_accurate_is_better_and_less_of_the_rest_is() -> None:
    found = points([
        entry({"accuracy": 0.9, "latency": 2.0, "energy": 1.0, "memory": 100.0}),
        entry({"accuracy": 0.45, "latency": 1.0, "memory": 400.0}),
    ])  # fmt: skip

    assert found[0] == (87.5, {"accuracy": 100, "latency": 50, "energy": 100, "memory": 100})
    assert found[1] == (43.75, {"accuracy": 50, "latency": 100, "energy": 0, "memory": 25})
