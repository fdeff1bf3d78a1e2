"""The bench's pages in a browser: accessible in every look, fresh without a reload."""

import pytest
from playwright.sync_api import expect

from courseserver.common import clock
from courseserver.kits.claims import LIFE
from courseserver.kits.models import BridgeBeat, Kit, KitClaim
from courseserver.kits.states import KitHealth
from firmware_specs.wire import KitState, Log, Scalar, Status
from tests.browser.axe import PHONE, WIDE, violations
from tests.browser.conftest import Open
from tests.courseserver.benches.conftest import Deploy
from tests.courseserver.benches.conftest import deployed as deployed
from tests.courseserver.kits.conftest import Bench, Clock


@pytest.fixture
def room(transactional_db: None) -> Bench:
    """A bench in every state at once: busy, ready, offline, sick; running, waiting, said."""
    room = Bench(Clock())
    room.course.title = "CS 249r"
    room.course.save()
    busy = room.kit("Bench 1", course=room.course)
    away = room.kit("Raspberry Pi 5, shelf B")
    sick = room.kit("Bench 3", course=room.course)
    room.kit("Never started", course=room.course, is_there=False)
    job = room.ask(room.bob, 64, 128, 256, purpose="Hardware roofline, part E")
    room.ask(room.bea, purpose="Hardware roofline, part E")
    room.hear(busy, Status(state=KitState.BUSY, at_utc="now", job_id=job.id, spool_depth=2))
    line = Log(msg_id="l1", at_utc="now", level="info", text="job started", job_id=job.id)
    room.hear(busy, room.result(job, "g64"), line, room.result(job, "g128", unit="h"))
    room.hear(away, Status(state=KitState.OFFLINE, at_utc="now"))
    Kit.objects.filter(pk=sick.pk).update(health=KitHealth.SICK, failures=3)
    BridgeBeat.objects.create(name="bridge", at=clock.now(), is_connected=True)
    return room


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light")])
def test_the_bench_is_accessible(
    room: Bench, open_page: Open, size: tuple[int, int], scheme: str
) -> None:
    page = open_page(f"/kits/{room.course.id}/", room.alice, size=size, scheme=scheme)

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_claim_page_is_accessible_with_a_kit_found_and_with_a_wrong_code(
    room: Bench, open_page: Open
) -> None:
    KitClaim.objects.create(
        user_code="7KQ2M4XP", device_code_hash="x", name="Jetson 2", board="host-linux",
        host={"cpu_model": "Cortex-A78AE", "cpu_count": 6}, expires_at=clock.now() + LIFE,
    )  # fmt: skip
    page = open_page(f"/kits/{room.course.id}/claim/?code=7KQ2-M4XP", room.alice)
    expect(page.get_by_role("heading", name="Jetson 2")).to_be_visible()
    assert violations(page) == []

    page.goto(f"/kits/{room.course.id}/claim/?code=WRONG")

    expect(page.get_by_text("No kit shows this code now.")).to_be_visible()
    assert violations(page) == []


def test_a_result_appears_without_a_reload(room: Bench, open_page: Open) -> None:
    page = open_page(f"/kits/{room.course.id}/", room.alice)
    expect(page.get_by_text("2 of 3")).to_have_count(0)

    job = room.bob.kit_jobs.get()
    room.hear(job.kit, room.result(job, "g128"))

    page.get_by_text("2 of 3").first.wait_for()


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "dark"), (PHONE, "light")])
def test_an_activity_is_accessible(
    room: Bench, open_page: Open, size: tuple[int, int], scheme: str
) -> None:
    page = open_page(f"/deploy/{room.course.id}/olympics/", room.bob, size=size, scheme=scheme)

    page.get_by_label("Hidden units").select_option("16")
    page.get_by_role("button", name="Predict").click()
    page.get_by_role("heading", name="Arduino Uno R3").wait_for()

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture
def bench(room: Bench) -> Bench:
    """The same bench under the name that `deployed` asks for."""
    return room


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")])
def test_a_measured_activity_is_accessible_with_every_detail_open(
    room: Bench, deployed: Deploy, open_page: Open, size: tuple[int, int], scheme: str
) -> None:
    Kit.objects.update(presence="offline")
    kit = room.kit("Uno on a shelf", tasks=["digits"])
    facts: dict[str, Scalar] = {
        "idle_w": 0.07, "energy_uncertainty_j": 9e-6, "energy_u_gain_j": 8e-6,
        "energy_u_repeat_j": 3e-6, "energy_u_lacks": "offset",
    }  # fmt: skip
    deployed(kit, facts=facts, detail="spread 22% exceeds 15%")
    deployed(kit, width="4", facts=facts)

    page = open_page(
        f"/deploy/{room.course.id}/quantised-model/", room.bob, size=size, scheme=scheme
    )
    page.get_by_text("How the energy was measured").click()

    page.get_by_text("where the doubt comes from", exact=False).first.wait_for()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    labels = page.locator("table.comparison td").first.evaluate(
        "cell => getComputedStyle(cell, '::before').content"
    )
    assert ("Predicted" in labels) is (size == PHONE)
