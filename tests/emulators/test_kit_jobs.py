"""A kit job from the server's queue over MQTT to an emulated board and back, energy included."""

from collections.abc import Iterator

import pytest

from tests.courseserver.kits.installation import wait_until
from tests.emulators import machines
from tests.emulators.bench import ACTIVE_W, IDLE_W, Bench, bench_in

pytestmark = [pytest.mark.processes, pytest.mark.mosquitto]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench_in(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


def test_a_job_comes_back_from_the_board_with_time_accuracy_and_energy(bench: Bench) -> None:
    job = bench.request(
        ("mac8", {"size": 256, "window_s": 0.05}),
        ("digits", {"width": 8, "images": 5, "window_s": 0.05}),
    )

    answer = bench.answer(job)

    assert (answer["state"], answer["message"]) == ("done", "All measured")
    kernel, digits = answer["rows"]
    assert {row["evidence"] for row in answer["rows"]} == {"emulated"}
    assert kernel["environment"]["board"] == "arduino-uno-r3"
    # About 20 cycles a product at 16 MHz.
    assert 15 < kernel["value"] * 16e6 / 256 < 30
    assert digits["environment"]["accuracy"] >= 0.6
    assert digits["environment"]["macs"] == 64 * 8 + 8 * 10
    # The emulator's own log of the pin, not the agent's clock, says how long it worked.
    assert bench.uno.edges is not None
    windows = sorted(machines.windows_cycles(bench.uno.edges)[-5:])
    run_s = windows[2] / 16e6 / digits["environment"]["runs_per_window"]
    assert digits["energy_meter"] == "replayed trace"
    assert digits["energy_total_j"] == pytest.approx(ACTIVE_W * run_s, rel=0.005)
    assert digits["energy_dynamic_j"] == pytest.approx((ACTIVE_W - IDLE_W) * run_s, rel=0.01)


def test_a_board_unplugged_within_a_job_is_told_and_its_next_run_finds_it_again(
    bench: Bench,
) -> None:
    job = bench.request(("mac8", {"window_s": 30.0}), ("mac8", {"window_s": 0.01}))
    wait_until(lambda: _is_working(bench), what="the board to be in its window")

    bench.unplug()

    bench.plug_in()

    answer = bench.answer(job)
    assert [row["outcome"] for row in answer["rows"]] == ["failed", "measured"]
    assert "gone" in answer["rows"][0]["detail"]


def _is_working(bench: Bench) -> bool:
    assert bench.uno.edges is not None
    return bench.uno.edges.read_text().rstrip().endswith(" 1")
