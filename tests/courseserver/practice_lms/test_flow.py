"""Both sides for real: launched from the practice LMS, graded into its gradebook."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from courseserver.demo.browser import Browser, StoryError
from tests.doubles.practice import LMS_SETTINGS, World, manage, world
from tests.services import LIMIT_S

pytestmark = pytest.mark.processes
FIXTURE_LABS = Path(__file__).resolve().parents[2] / "labs" / "fixture_lab"
SLUG = "fixture-moving-bytes"
SEND = """
from courseserver.common import clock
from courseserver.courses.models import Assignment, Identity
from courseserver.lti import ags
assignment = Assignment.objects.get(lab="fixture-moving-bytes")
platform = assignment.course.platform
subject = Identity.objects.get(name="Amara Okafor").subject
score = ags.Score(subject=subject, given=86.0, maximum=100.0, timestamp=clock.now(),
                  comment="Well decided", submitted_at=clock.now())
ags.score_send(platform, assignment.line_item_url, score)
print("read back:", ags.result_read(platform, assignment.line_item_url, subject).score)
"""
ROSTER = """
from courseserver.courses.models import Course
from courseserver.courses.services import roster_read
print("roster:", sorted(line.member.name for line in roster_read(Course.objects.get())))
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with world(folder, installed, labs_path=str(FIXTURE_LABS)) as running:
        yield running


def open_frame(both: World, path: str) -> Browser:
    """Open a page of the LMS and whatever its frame shows in the end."""
    browser = Browser()
    page = browser.get(f"{both.lms}{path}")
    browser.get(page.frames[0])
    browser.settle()
    return browser


def test_a_lab_is_added_opened_graded_and_the_grade_is_in_the_gradebook(both: World) -> None:
    teacher = open_frame(both, "/as/dana/add/")
    picker = teacher.page.form(having="lab")
    teacher.submit(picker, lab=SLUG, action="add")
    teacher.settle()
    assert "Added 1 assignment" in teacher.page.text

    home = teacher.get(f"{both.lms}/as/amara/")
    student = open_frame(both, home.link("Moving bytes").removeprefix(both.lms))
    assert student.page.url.startswith(f"{both.tool}/labs/")

    said = both.manage("shell", "-v0", "-c", SEND)
    grades = requests.get(f"{both.lms}/as/dana/grades/", timeout=LIMIT_S).text
    row = grades.partition('data-student="amara"')[2].partition("</tr>")[0]
    assert "read back: 86.0" in said
    assert 'data-points="86.0"' in row
    assert "Well decided" in row

    review = grades.partition("/review/")[0].rpartition('href="')[2]
    staff = open_frame(both, f"{review}/review/")
    assert staff.page.url.startswith(f"{both.tool}/grading/")
    assert "/students/" in staff.page.url


def test_the_roster_is_read_over_http(both: World) -> None:
    open_frame(both, "/as/dana/add/")

    said = both.manage("shell", "-v0", "-c", ROSTER)

    assert "Amara Okafor" in said
    assert "Dana Whitfield" in said
    assert "Robin Vale" not in said


def test_a_stranger_does_not_get_in(both: World) -> None:
    with pytest.raises(StoryError, match="403"):
        Browser().get(f"{both.lms}/as/robin/")


def test_a_tool_registers_itself_and_launches_under_its_new_name(both: World) -> None:
    invitation = both.manage("lti_platform", "invite", "--name", "Practice").strip()
    teacher = Browser()
    page = teacher.get(f"{both.lms}/as/dana/tools/")
    page = teacher.submit(page.form(having="address"), address=invitation)
    page = teacher.get(page.frames[0])
    assert both.lms in page.text
    registered = teacher.submit(page.form(having="confirm"))

    student = open_frame(both, "/as/amara/links/1/")

    assert "This LMS is registered" in registered.text
    assert "practice-client" not in teacher.get(f"{both.lms}/as/dana/tools/").text
    assert student.page.url.startswith(f"{both.tool}/labs/")
    platforms = both.manage("lti_platform", "list").splitlines()
    assert len(platforms) == 2
    with pytest.raises(StoryError, match="400"):
        teacher.get(f"{invitation}?openid_configuration=x")


@pytest.mark.parametrize("path", ["/lti/openid-configuration/", "/lti/register/"])
def test_registration_needs_its_token(path: str, both: World) -> None:
    headers = {"Authorization": "Bearer made-up"}
    method = "GET" if "openid" in path else "POST"

    for sent in ({}, headers):
        reply = requests.request(
            method, f"{both.lms}{path}", headers=sent, json={}, timeout=LIMIT_S
        )
        assert reply.status_code == 401


def test_faults_cannot_be_ordered_unless_the_environment_says_so(both: World) -> None:
    fault = {"place": "scores", "kind": "drop", "times": 1}

    reply = requests.post(f"{both.lms}/control/faults/", json=fault, timeout=LIMIT_S)

    assert reply.status_code == 404


def test_setting_up_again_keeps_links_and_grades(tmp_path: Path) -> None:
    environment = {"COURSESERVER_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": LMS_SETTINGS}
    first = manage(
        environment, "practice_setup", "--tool", "http://127.0.0.1:1", "--lms", "http://127.0.0.1:2"
    )
    second = manage(
        environment, "practice_setup", "--tool", "http://127.0.0.1:3", "--lms", "http://127.0.0.1:2"
    )

    assert first == second
    assert first.startswith("python manage.py lti_platform add --issuer http://127.0.0.1:2 ")
