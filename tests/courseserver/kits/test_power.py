"""A told energy against what the board can draw."""

from dataclasses import replace
from typing import Any

import pytest

from courseserver.kits import power
from courseserver.kits.checking import check
from courseserver.kits.models import Measurement
from courseserver.kits.states import Verdict
from firmware_specs import boards
from firmware_specs.wire import Energy, Outcome, Result
from tests.courseserver.kits.conftest import Bench
from tests.courseserver.kits.honest import answer, asked, layers

KNOWN = sorted(set(boards.all_boards()) - {"host-linux"})


def told(power_w: float, *, dynamic_share: float = 0.4, unit: str = "s") -> Result:
    energy = Energy(total_j=power_w * 1e-3, dynamic_j=dynamic_share * power_w * 1e-3, meter="ppk2")
    return Result(
        msg_id="1", job_id="1", attempt=1, request_id="d", task="digits",
        outcome=Outcome.MEASURED, at_utc="now", value=1e-3, unit=unit, energy=energy,
    )  # fmt: skip


@pytest.mark.parametrize("board", KNOWN)
def test_what_a_boards_table_says_is_possible_and_far_beyond_it_is_not(board: str) -> None:
    awake = [point.watts for point in boards.board(board).power if point.is_awake]

    for watts in awake:
        assert power.wrong_with(told(watts), board) == ""
    for watts, word in ((min(awake) / 30, "less"), (max(2.5, *awake) * 10, "more")):
        reason = power.wrong_with(told(watts), board)
        assert f"{watts:.3g} W, {word} than the" in reason
        assert "measure again. Limit: " in reason
        # As long as is kept: the source is whole.
        assert len(reason) <= 400


@pytest.mark.parametrize(
    ("board", "derived"),
    [
        ("nucleo-l4r5zi", True), ("arduino-uno-r3", True), ("raspberry-pi-4", True),
        # An estimate, what a busy camera takes, and what a port must be able to give.
        ("raspberry-pi-5", False), ("arduino-nicla-vision", False), ("coral-usb", False),
    ],
)  # fmt: skip
def test_the_margin_below_follows_from_published_results_where_the_table_allows(
    board: str, derived: bool
) -> None:
    wide, narrow = power.limits(board), power.limits(board, meter_share=0.01)
    assert wide is not None
    assert narrow is not None

    assert narrow.most_w == wide.most_w
    ratio = narrow.least_w / wide.least_w
    assert ratio == pytest.approx(power.MARGIN / (power.SPREAD * 1.03) if derived else 1.0)


def test_the_spread_is_that_of_the_published_results_on_the_boards_sheet() -> None:
    watts = [point.watts for point in boards.board("nucleo-l4r5zi").power]

    assert max(watts) / min(watts) == pytest.approx(power.SPREAD, rel=2e-3)


@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        ({"energy_uncertainty_j": 1e-6}, True),
        # Its doubt may be all of it.
        ({"energy_uncertainty_j": 1e-3}, False),
        ({"energy_uncertainty_j": 1e-6, "energy_u_lacks": "gain, offset"}, False),
        ({"energy_uncertainty_j": -1.0}, False),
        ({"energy_uncertainty_j": "small"}, False),
        ({}, False),
    ],
)
def test_a_meters_own_doubt_widens_the_margin_and_silence_gives_the_wide_one(
    facts: dict[str, Any], is_refused: bool
) -> None:
    low = replace(told(0.05), environment=facts)

    assert bool(power.wrong_with(low, "arduino-uno-r3")) is is_refused
    # Whatever a meter says of itself, a fifth of the least is too little.
    assert power.wrong_with(replace(told(0.03), environment=facts), "arduino-uno-r3")


def test_a_chip_alone_may_be_metered_in_its_boards_usb_cable() -> None:
    assert power.wrong_with(told(0.5), "nucleo-l4r5zi") == ""
    assert "500 mA at 5 V" in power.wrong_with(told(2.6), "nucleo-l4r5zi")


def test_a_part_is_no_more_than_the_whole() -> None:
    assert power.wrong_with(told(0.23, dynamic_share=1.0), "arduino-uno-r3") == ""
    assert "is more than its total" in power.wrong_with(told(0.23, dynamic_share=1.01), "nowhere")


def test_an_impossible_energy_is_rejected_with_its_right_outputs() -> None:
    given = asked()
    told_j = Energy(total_j=1e-9, dynamic_j=1e-10, meter="ppk2")

    honest = answer(given, layers())
    cheat = replace(honest, energy=told_j)

    assert check(honest, asked=given, board="host-linux").verdict == Verdict.RECOMPUTED
    found = check(cheat, asked=given, board="host-linux")
    assert found.verdict == Verdict.REJECTED
    assert "that arduino-uno-r3 can draw" in found.reason


@pytest.mark.parametrize("board", ["host-linux", "a made-up board"])
def test_what_no_table_knows_is_unchecked_and_says_so(board: str) -> None:
    assert power.wrong_with(told(1e-9), board) == ""
    assert board in power.why_unchecked(told(1e-9), board)
    assert power.why_unchecked(told(0.2), "arduino-uno-r3") == ""
    assert "a rate" in power.why_unchecked(told(0.2, unit="B/s"), "arduino-uno-r3")


def test_an_unchecked_energy_is_kept_with_its_doubt(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask(None, 64)
    energy = Energy(total_j=0.02, dynamic_j=0.005, meter="RAPL")

    bench.hear(kit, bench.result(job, "g64", energy=energy))

    row = Measurement.objects.get()
    assert row.energy_total_j == 0.02
    assert row.environment["energy_doubt"].startswith("unchecked, ")
