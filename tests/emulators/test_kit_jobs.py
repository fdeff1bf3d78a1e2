"""A kit job from the browser over MQTT to an emulated board and back, energy included."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import browser as browser
from tests.browser.patience import patient
from tests.emulators import machines
from tests.emulators.bench import ACTIVE_W, IDLE_W, Bench, bench_in
from tests.services import accepts_connections, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.mosquitto, pytest.mark.browser]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[Bench]:
    with bench_in(tmp_path_factory.mktemp("bench"), installed) as bench:
        yield bench


@pytest.fixture
def student(bench: Bench, browser: Browser) -> Iterator[tuple[Page, str]]:
    """A student's page in Chromium, at a web server of the bench's installation."""
    bench.installation.start("web")
    wait_for(lambda: accepts_connections(bench.installation.web_port), what="the web server")
    course, session = bench.enter()
    context = patient(browser.new_context(base_url=bench.installation.url))
    cookie = {"name": "courseserver", "value": session, "url": bench.installation.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    yield page, course
    context.close()


def test_a_student_deploys_a_model_from_the_browser_and_it_comes_back_from_the_board(
    bench: Bench, student: tuple[Page, str]
) -> None:
    """Chromium, web server, broker, bridge, agent, firmware in simavr, and all the way back."""
    page, course = student
    page.goto(f"/deploy/{course}/quantised-model/?width=8&precision=int8&sparsity=0.0")

    page.get_by_role("button", name="Measure on a kit").click()
    page.get_by_role("button", name="Measure again").wait_for()

    for words in ("Emulated", "Recomputed: the server", "A kit of your institution",
                  "Arduino Uno R3", "inside the interval"):  # fmt: skip
        expect(page.locator("#run")).to_contain_text(words)
    answer = bench.answer(bench.latest_job())
    (digits,) = answer["rows"]
    assert (digits["evidence"], digits["verdict"]) == ("emulated", "recomputed")
    assert digits["environment"]["board"] == "arduino-uno-r3"
    assert digits["environment"]["accuracy"] >= 0.85
    assert digits["environment"]["macs"] == 64 * 8 + 8 * 10
    # The emulator's own log of the pin, not the agent's clock, says how long it worked.
    assert bench.uno.edges is not None
    windows = sorted(machines.windows_cycles(bench.uno.edges)[-5:])
    run_s = windows[2] / 16e6 / digits["environment"]["runs_per_window"]
    assert digits["energy_meter"] == "replayed trace"
    assert digits["energy_total_j"] == pytest.approx(ACTIVE_W * run_s, rel=0.005)
    assert digits["energy_dynamic_j"] == pytest.approx((ACTIVE_W - IDLE_W) * run_s, rel=0.01)


def test_micro_kernels_of_an_emulated_board_are_recomputed_from_the_servers_draw(
    bench: Bench,
) -> None:
    sizes = {"mac8": 256, "dotf": 64, "copy": 31}
    job = bench.request(
        *((task, {"size": size, "window_s": 0.01}) for task, size in sizes.items()),
        ("mac8", {"size": 256, "window_s": 0.01}),
    )

    rows = bench.answer(job)["rows"]

    assert [(row["verdict"], row["evidence"]) for row in rows] == [("recomputed", "emulated")] * 4
    told = [row["environment"]["kernel_result"] for row in rows]
    # The same kernel asked twice worked on other numbers.
    assert len(set(told)) == 4


def test_a_board_unplugged_within_a_job_is_told_and_its_next_run_finds_it_again(
    bench: Bench,
) -> None:
    job = bench.request(("mac8", {"window_s": 30.0}), ("mac8", {"window_s": 0.01}))
    wait_for(lambda: _is_working(bench), what="the board to be in its window")

    bench.unplug()

    bench.plug_in()

    answer = bench.answer(job)
    assert [row["outcome"] for row in answer["rows"]] == ["failed", "measured"]
    assert "gone" in answer["rows"][0]["detail"]


def _is_working(bench: Bench) -> bool:
    assert bench.uno.edges is not None
    return bench.uno.edges.read_text().rstrip().endswith(" 1")
