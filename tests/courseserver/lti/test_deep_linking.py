"""Handing labs to a platform: what staff choose, what is signed, who may not."""

import time
from datetime import date
from typing import Any

import jwt
import pytest
from django.test import Client
from django.urls import reverse

from courseserver.audit.models import AuditEntry
from courseserver.common import clock
from courseserver.courses.models import Course, Person
from courseserver.courses.plans import lab_place, plan_make
from courseserver.lti import ags, keys
from courseserver.lti.variables import DUE, VARIABLES
from tests.courseserver.lti.launching import DROP, Launcher
from tests.doubles.lti_platform import CONTEXT_ROLE, LTI

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
RETURN = "https://lms.test/deep-link/return"
SLUG = "fixture-moving-bytes"


def wanted(**changes: Any) -> dict[str, Any]:
    settings = {
        "deep_link_return_url": RETURN,
        "accept_types": ["link", "ltiResourceLink"],
        "accept_presentation_document_targets": ["iframe"],
        "accept_multiple": True,
        "accept_lineitem": True,
        "data": "opaque <data>",
        **changes,
    }
    return {name: value for name, value in settings.items() if value is not DROP}


def open_picker(launcher: Launcher, role: str = "Instructor", **changes: Any) -> Any:
    return launcher.launch(
        **{
            f"{LTI}message_type": "LtiDeepLinkingRequest",
            f"{LTI}resource_link": DROP,
            f"{LTI}roles": [f"{CONTEXT_ROLE}{role}"],
            f"{DL}deep_linking_settings": wanted(**changes),
        }
    )


def picker(launcher: Launcher, **changes: Any) -> str:
    response = open_picker(launcher, **changes)
    assert response.status_code == 303, response.content
    assert response["Location"].startswith("/lti/pick/")
    return str(response["Location"])


def answer_of(response: Any) -> dict[str, Any]:
    token = response.content.decode().partition('name="JWT" value="')[2].partition('"')[0]
    key = jwt.PyJWKSet.from_dict(keys.key_set(clock.now()))[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], audience="https://lms.test", issuer="client-1"
    )
    return claims


def test_a_teacher_chooses_a_lab_and_the_platform_gets_it_signed(launcher: Launcher) -> None:
    address = picker(launcher)
    page = launcher.client.get(address)

    response = launcher.client.post(
        address, {"action": "add", "lab": [SLUG], "points": "40", "due": "2026-12-01T23:59"}
    )

    claims = answer_of(response)
    assert b"Moving bytes" in page.content
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    assert claims[f"{LTI}version"] == "1.3.0"
    assert claims[f"{LTI}deployment_id"] == "deployment-1"
    assert claims[f"{DL}data"] == "opaque <data>"
    assert claims["exp"] > time.time() >= claims["iat"] - 1
    assert len(claims["nonce"]) >= 22
    (item,) = claims[f"{DL}content_items"]
    assert item["type"] == "ltiResourceLink"
    assert item["url"].endswith(f"/lti/launch/?lab={SLUG}")
    assert item["custom"]["lab"] == SLUG
    assert item["lineItem"] == {
        "label": "Moving bytes", "scoreMaximum": 40.0, "resourceId": SLUG,
        "submissionReview": {**ags.SUBMISSION_REVIEW, "url": item["url"]},
    }  # fmt: skip
    assert item["submission"] == {"endDateTime": "2026-12-01T23:59:00.000Z"}
    assert AuditEntry.objects.filter(action="labs handed to the platform").exists()


def test_an_activity_on_a_board_is_chosen_beside_a_lab_and_asks_for_no_column(
    launcher: Launcher,
) -> None:
    address = picker(launcher)
    page = launcher.client.post(address, {"action": "search", "q": "olympics"}).content.decode()

    chosen = {"action": "add", "lab": [SLUG, "activity:olympics"], "points": "40"}
    lab, activity = answer_of(launcher.client.post(address, chosen))[f"{DL}content_items"]

    assert 'value="activity:olympics"' in page
    assert "Moving bytes" not in page
    assert "lineItem" in lab
    assert "lineItem" not in activity
    assert activity["title"] == "AI Olympics"
    assert activity["custom"] == {"activity": "olympics"}
    assert activity["url"].endswith("/lti/launch/?activity=olympics")


def test_an_activity_that_is_not_here_is_refused(launcher: Launcher) -> None:
    chosen = {"action": "add", "lab": ["activity:../admin"], "points": "40"}

    response = launcher.client.post(picker(launcher), chosen)

    assert response.status_code == 404
    assert "Choose from the list again" in response.content.decode()


def test_a_whole_week_of_the_plan_is_chosen_with_its_due_date(launcher: Launcher) -> None:
    address = picker(launcher)
    assert b"A whole week" not in launcher.client.get(address).content
    course = Course.objects.get()
    alice = Person.objects.get()
    plan = plan_make(course=course, actor=alice, map_slug="workshop", starts_on=date(2027, 3, 1))
    lab_place(plan=plan, actor=alice, lab=SLUG, week=2, is_graded=False)

    page = launcher.client.post(address, {"action": "week", "week": "2"})
    text = page.content.decode()
    assert f'value="{SLUG}" checked' in text
    assert 'value="2027-03-02T23:59"' in text
    assert "2 of its labs are not installed" in text
    first = launcher.client.post(address, {"action": "week", "week": "1"}).content.decode()
    assert 'value="activity:profile-inference" checked' in first
    assert f'value="{SLUG}" checked' not in first
    data = {"action": "add", "lab": [SLUG], "points": "40", "due": "2027-03-02T23:59"}
    (item,) = answer_of(launcher.client.post(address, data))[f"{DL}content_items"]
    assert item["submission"] == {"endDateTime": "2027-03-02T23:59:00.000Z"}
    assert "lineItem" not in item


def test_the_answer_may_only_be_posted_to_the_platform(launcher: Launcher) -> None:
    response = launcher.client.post(picker(launcher), {"action": "add", "lab": [SLUG]})

    policy = response["Content-Security-Policy"]
    directive = next(d for d in policy.split("; ") if d.startswith("form-action"))
    assert directive == "form-action 'self' https://lms.test"
    assert f'action="{RETURN}"' in response.content.decode()


def test_a_return_address_cannot_break_out_of_the_page(launcher: Launcher) -> None:
    address = picker(launcher, deep_link_return_url='https://lms.test/"><script>alert(1)</script>')

    response = launcher.client.post(address, {"action": "add", "lab": [SLUG]})

    assert b"<script>alert" not in response.content


def test_cancelling_hands_back_nothing(launcher: Launcher) -> None:
    response = launcher.client.post(picker(launcher), {"action": "cancel", "lab": [SLUG]})

    assert answer_of(response)[f"{DL}content_items"] == []


def test_data_that_was_not_sent_is_not_returned(launcher: Launcher) -> None:
    response = launcher.client.post(picker(launcher, data=DROP), {"action": "add", "lab": [SLUG]})

    assert f"{DL}data" not in answer_of(response)


@pytest.mark.parametrize(("accepts", "has_column"), [(True, True), (DROP, True), (False, False)])
def test_a_column_is_asked_for_unless_the_platform_takes_none(
    accepts: Any, has_column: bool, launcher: Launcher
) -> None:
    address = picker(launcher, accept_lineitem=accepts)

    response = launcher.client.post(address, {"action": "add", "lab": [SLUG]})

    (item,) = answer_of(response)[f"{DL}content_items"]
    assert ("lineItem" in item) is has_column


def test_searching_keeps_what_was_chosen(launcher: Launcher) -> None:
    address = picker(launcher)

    nothing = launcher.client.post(address, {"action": "search", "q": "zebra"})
    kept = launcher.client.post(address, {"action": "search", "q": "zebra", "lab": [SLUG]})
    found = launcher.client.post(address, {"action": "search", "q": "moving lab 99"})

    assert SLUG not in nothing.content.decode()
    assert f'value="{SLUG}" checked' in kept.content.decode()
    assert SLUG in found.content.decode()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"lab": []}, "No lab is chosen"),
        ({"lab": [SLUG], "points": "0"}, "not a number of points"),
        ({"lab": [SLUG], "points": "many"}, "not a number of points"),
        ({"lab": [SLUG], "points": "nan"}, "not a number of points"),
        ({"lab": [SLUG], "due": "soon"}, "not a date"),
        ({"lab": [SLUG], "opens": "later"}, "not a date"),
        (
            {"lab": [SLUG], "opens": "2026-12-02T00:00", "due": "2026-12-01T00:00"},
            "open after they are due",
        ),
        (
            {"lab": [SLUG], "due": "2026-12-02T00:00", "closes": "2026-12-01T00:00"},
            "close too early",
        ),
    ],
)
def test_a_choice_that_cannot_be_is_explained_on_the_page(
    body: dict[str, Any], says: str, launcher: Launcher
) -> None:
    response = launcher.client.post(picker(launcher), {"action": "add", **body})

    assert response.status_code == 422
    assert says in response.content.decode()


def test_a_choice_is_handed_over_once(launcher: Launcher) -> None:
    address = picker(launcher)
    launcher.client.post(address, {"action": "add", "lab": [SLUG]})

    assert launcher.client.post(address, {"action": "add", "lab": [SLUG]}).status_code == 404


def test_labs_may_open_at_a_date_of_their_own(launcher: Launcher) -> None:
    dates = {"opens": "2026-11-01T08:00", "due": "2026-12-01T23:59", "closes": "2026-12-24T12:00"}

    sent = launcher.client.post(picker(launcher), {"action": "add", "lab": [SLUG], **dates})

    (item,) = answer_of(sent)[f"{DL}content_items"]
    assert item["available"] == {
        "startDateTime": "2026-11-01T08:00:00.000Z",
        "endDateTime": "2026-12-24T12:00:00.000Z",
    }
    assert item["submission"] == {"endDateTime": "2026-12-01T23:59:00.000Z"}


def test_a_designer_may_add_labs_and_sees_nobodys_work(launcher: Launcher) -> None:
    address = open_picker(launcher, role="ContentDeveloper")["Location"]

    page = launcher.client.get(address)
    sent = launcher.client.post(address, {"action": "add", "lab": [SLUG], "points": "40"})
    course = address_of_course()

    assert page.status_code == 200
    assert len(answer_of(sent)[f"{DL}content_items"]) == 1
    assert launcher.client.get(course).status_code == 403


def address_of_course() -> str:
    """Return a page of the only course that shows its students."""
    return reverse("course-grades", args=[Course.objects.get().pk])


def test_a_student_may_not_add_labs(launcher: Launcher) -> None:
    response = open_picker(launcher, role="Learner")

    assert response.status_code == 403
    assert b"Only the teaching staff" in response.content


def test_another_persons_picker_is_not_there(launcher: Launcher) -> None:
    address = picker(launcher)
    stranger = Launcher(launcher.lms, Client())
    stranger.launch(sub="charlie", **{f"{LTI}roles": [f"{CONTEXT_ROLE}Instructor"]})

    assert stranger.client.get(address).status_code == 404
    assert Client().get(address).status_code == 403
    assert launcher.client.get(address).status_code == 200


def test_a_place_that_takes_no_links_hears_so_from_us_and_so_does_its_user(
    launcher: Launcher,
) -> None:
    address = picker(launcher, accept_types=["file"])

    page = launcher.client.get(address)
    sent = launcher.client.post(address, {"action": "add", "lab": [SLUG]})

    claims = answer_of(sent)
    assert page.status_code == 422
    assert b"does not take labs" in page.content
    assert claims[f"{DL}content_items"] == []
    assert claims[f"{DL}data"] == "opaque <data>"
    assert "does not take labs" in claims[f"{DL}errormsg"]
    assert sent["X-Reference"] in claims[f"{DL}errorlog"]


def test_the_platform_hears_what_was_chosen(launcher: Launcher) -> None:
    address = picker(launcher, auto_create="true")
    page = launcher.client.get(address)
    sent = launcher.client.post(address, {"action": "add", "lab": [SLUG]})

    claims = answer_of(sent)
    assert b"adds what you choose at once" in page.content
    assert claims[f"{DL}msg"] == "1 lab was chosen."
    assert sent["X-Reference"] in claims[f"{DL}log"]
    assert f"{DL}errormsg" not in claims


@pytest.mark.parametrize(
    ("typed", "title"), [("Week 3", "Week 3"), ("", "Moving bytes"), ("A\x00b", "Ab")]
)
def test_a_single_link_takes_another_title_where_one_is_typed(
    typed: str, title: str, launcher: Launcher
) -> None:
    address = picker(launcher, title="Week 3 <b>")
    page = launcher.client.get(address)
    sent = launcher.client.post(address, {"action": "add", "lab": [SLUG], "title": typed})

    (item,) = answer_of(sent)[f"{DL}content_items"]
    assert 'placeholder="Week 3 &lt;b&gt;"' in page.content.decode()
    assert item["title"] == title


@pytest.mark.parametrize(
    ("targets", "window"),
    [(["iframe", "window"], None), (["window"], {"targetName": "_blank"}), (["embed"], None)],
)
def test_a_link_opens_in_a_tab_where_the_platform_does_not_frame_it(
    targets: list[str], window: Any, launcher: Launcher
) -> None:
    address = picker(launcher, accept_presentation_document_targets=targets)
    sent = launcher.client.post(address, {"action": "add", "lab": [SLUG]})

    assert answer_of(sent)[f"{DL}content_items"][0].get("window") == window


def test_a_link_asks_the_platform_for_what_it_knows_of_each_person(launcher: Launcher) -> None:
    sent = launcher.client.post(picker(launcher), {"action": "add", "lab": [SLUG]})

    custom = answer_of(sent)[f"{DL}content_items"][0]["custom"]
    assert custom == {"lab": SLUG, **DUE, **VARIABLES}
