"""What takes the server's time or a kit's: challenge, long run, reality check, at the browser."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from courseserver.common import clock
from courseserver.kits.enrolment import kit_create
from courseserver.kits.models import Kit, KitJob, Measurement
from courseserver.labruntime.models import Attempt
from courseserver.simjobs import running
from courseserver.simjobs.models import Job
from firmware_specs.wire import Outcome
from tests.browser.axe import violations
from tests.browser.conftest import School
from tests.browser.lab_steps import attempt_of, commit, part_path

LAB = "fixture-moving-bytes"


@pytest.fixture
def attempt(school: School) -> Attempt:
    attempt = attempt_of(school.assignment(LAB), school.bob)
    commit(attempt, "a")
    commit(attempt, "b")
    return attempt


@pytest.fixture
def page(open_page: Any, school: School, attempt: Attempt) -> Page:
    page: Page = open_page(part_path(attempt, "b"), school.bob)
    page.wait_for_selector(".instrument svg[width]")
    return page


@pytest.fixture
def kit(school: School) -> Kit:
    kit_create(name="bench-1", board_id="host-linux", course=school.course, actor="test")
    told = [{"task": "copy_bandwidth", "available": True, "detail": ""}]
    # Heard from for as long as a slow machine needs for this test.
    seen = clock.now() + timedelta(minutes=10)
    Kit.objects.update(last_seen_at=seen, presence="online", birth={"tasks": told})
    return Kit.objects.get()


def test_a_design_is_run_on_the_server_and_stays_in_the_list(page: Page) -> None:
    run = page.get_by_role("button", name="Run this design")

    with page.expect_response("**/challenge"):
        run.click()
    expect(page.locator("#tries tbody tr")).to_have_count(1)
    page.locator("[data-challenge] input[type=range]").first.focus()
    page.keyboard.press("End")
    with page.expect_response("**/challenge"):
        run.click()

    expect(page.locator("#tries tbody tr")).to_have_count(2)
    expect(page.locator("#tries .chip.good")).to_have_text("Best so far")
    expect(page.locator(".verdict .big")).to_be_visible()
    expect(run).to_be_focused()
    page.reload()
    expect(page.locator("#tries tbody tr")).to_have_count(2)
    assert violations(page) == []


def test_a_long_run_is_started_survives_a_reload_and_shows_its_result(page: Page) -> None:
    with page.expect_response("**/job"):
        page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()

    page.reload()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.locator(".job-state progress")).to_be_visible()
    running.job_run(Job.objects.get().pk)

    expect(page.locator(".job-result svg[width]")).to_be_visible(timeout=15_000)
    expect(page.locator(".job-result table").first).to_contain_text("tries per packet")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    assert violations(page) == []


def test_a_long_run_can_be_cancelled(page: Page) -> None:
    with page.expect_response("**/job"):
        page.get_by_role("button", name="Start the run").click()

    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("button", name="Run with these settings")).to_be_enabled()
    assert Job.objects.get().state == "cancelled"


def test_without_a_kit_the_check_goes_on_with_simulation_and_says_so(page: Page) -> None:
    expect(page.get_by_role("button", name="Measure on a kit")).to_be_disabled()

    page.get_by_role("button", name="Go on with simulation only").click()

    expect(page.locator("#reality .chip").first).to_have_text("Simulation only")
    expect(page.locator("[data-comparison] svg[width]")).to_be_visible()
    assert violations(page) == []


def test_measurements_come_in_beside_the_prediction(kit: Kit, page: Page) -> None:
    with page.expect_response("**/reality"):
        page.get_by_role("button", name="Measure on a kit").click()
    expect(page.locator("#reality progress")).to_be_visible()

    job = KitJob.objects.get()
    for name, value in (("bandwidth", 1e10), ("copy_large", 0.008)):
        Measurement.objects.create(
            message_id=f"m-{name}", job=job, kit=kit, request_id=name, attempt=1,
            task="copy_bandwidth", outcome=Outcome.MEASURED.value, value=value, low=0.9 * value,
            high=1.1 * value, n=5, unit="s", evidence="measured", received_at=clock.now(),
        )  # fmt: skip
    KitJob.objects.filter(pk=job.pk).update(state="done", message="Measured on bench-1", done=2)

    expect(page.locator("#reality .chip").first).to_have_text("Measured")
    expect(page.locator("[data-comparison] .mark-measured")).to_have_count(1)
    expect(page.locator("[data-comparison] .whisker.measured")).to_have_count(1)
    expect(page.locator("#reality table.comparison")).to_contain_text("1.25×")
    assert violations(page) == []
