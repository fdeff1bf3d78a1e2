"""Where a launch leads, whom it enrols, and what it leaves behind."""

from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from courseserver.audit.models import AuditEntry
from courseserver.courses.due import due_dates
from courseserver.courses.models import Assignment, Course, Enrolment, Identity, Person
from courseserver.courses.services import roster_read
from courseserver.grading.settings_change import settings_change
from courseserver.lti.faults import PlatformFault
from courseserver.lti.models import Platform
from tests.courseserver.entry.conftest import Visitor
from tests.courseserver.lti.launching import DROP, Launcher, target
from tests.doubles.lti_platform import CONTEXT_ROLE, LTI, Answer, LtiPlatform

INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
TEACHING_ASSISTANT = (
    "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"
)
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
NO_LAB = {f"{LTI}custom": DROP}


def test_a_student_lands_in_the_lab_and_it_opens(bob: Visitor) -> None:
    response = bob.open()

    assignment = Assignment.objects.get()
    assert response.status_code == 303
    assert response["Location"] == f"/labs/assignments/{assignment.pk}/"
    assert bob.client.get(response["Location"], follow=True).status_code == 200


def test_a_teacher_lands_on_the_assignments_staff_page(alice: Visitor) -> None:
    response = alice.open()

    assert response["Location"] == f"/grading/assignments/{Assignment.objects.get().pk}/"
    assert alice.client.get(response["Location"]).status_code == 200


@pytest.mark.parametrize("role", ["Instructor", "Learner"])
def test_a_link_without_a_lab_leads_to_the_course(role: str, bob: Visitor) -> None:
    bob.role = role

    response = bob.open(**NO_LAB)

    assert response["Location"] == f"/grading/courses/{Course.objects.get().pk}/"
    assert bob.client.get(response["Location"]).status_code == 200
    assert not Assignment.objects.exists()


def test_a_student_is_refused_what_the_teacher_sees(alice: Visitor, bob: Visitor) -> None:
    page = alice.open()["Location"]
    bob.open()

    assert alice.client.get(page).status_code == 200
    assert bob.client.get(page).status_code == 403


def test_a_stranger_does_not_learn_that_the_lab_exists(bob: Visitor, charlie: Visitor) -> None:
    page = bob.open()["Location"]
    charlie.open()

    assert bob.client.get(page, follow=True).status_code == 200
    assert charlie.client.get(page).status_code == 404
    assert Client().get(page).status_code == 403


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([f"{CONTEXT_ROLE}Instructor"], "instructor"),
        (["Instructor"], "instructor"),
        ([TEACHING_ASSISTANT], "ta"),
        ([f"{CONTEXT_ROLE}Instructor", TEACHING_ASSISTANT], "ta"),
        ([f"{CONTEXT_ROLE}Learner"], "learner"),
        ([f"{INSTITUTION}Instructor"], "learner"),
        ([f"{INSTITUTION}Faculty", f"{CONTEXT_ROLE}Learner"], "learner"),
        ([f"{INSTITUTION}Administrator", f"{SYSTEM}Administrator"], "learner"),
        ([f"{CONTEXT_ROLE}Administrator"], "learner"),
        ([f"{CONTEXT_ROLE}ContentDeveloper"], "learner"),
        (["urn:lti:role:ims/lis/Instructor"], "learner"),
        ([f"{CONTEXT_ROLE}instructor"], "learner"),
        ([], "learner"),
    ],
)
def test_only_roles_of_the_context_give_rights(
    roles: list[str], expected: str, bob: Visitor
) -> None:
    bob.open(**{f"{LTI}roles": roles})

    assert Enrolment.objects.get().role == expected


def test_a_lost_role_is_lost_at_the_next_launch(alice: Visitor) -> None:
    page = alice.open()["Location"]
    alice.role = "Learner"
    alice.open()

    assert Enrolment.objects.get().role == "learner"
    assert alice.client.get(page).status_code == 403
    changed = AuditEntry.objects.get(action="role changed")
    assert (changed.detail["former"], changed.detail["role"]) == ("instructor", "learner")


def test_an_observer_is_told_that_labs_are_for_others(bob: Visitor) -> None:
    bob.role = "Mentor"

    response = bob.open()

    assert response.status_code == 403
    assert not Enrolment.objects.exists()


def test_the_platforms_trial_student_is_marked(bob: Visitor) -> None:
    bob.open(**{f"{LTI}roles": [f"{CONTEXT_ROLE}Learner", TEST_USER]})

    assert Enrolment.objects.get().is_test_student


def test_one_person_twice_is_one_person(bob: Visitor) -> None:
    bob.open()
    bob.open(name="Robert", email="robert@lms.test")

    identity = Identity.objects.get()
    assert (identity.name, identity.email) == ("Robert", "robert@lms.test")
    assert Person.objects.count() == Enrolment.objects.count() == 1


def test_a_name_that_one_link_withholds_is_not_forgotten(bob: Visitor) -> None:
    bob.open()
    bob.open(name=DROP, email=DROP)

    assert Identity.objects.get().name == "Bob"


def test_the_same_email_is_not_the_same_person(bob: Visitor, charlie: Visitor) -> None:
    bob.open(email="shared@lms.test")
    charlie.open(email="shared@lms.test")

    assert Person.objects.count() == 2


def test_one_subject_on_two_platforms_is_two_people(bob: Visitor, lms: LtiPlatform) -> None:
    bob.open()
    elsewhere = Launcher(lms)
    elsewhere.register(issuer="https://two.test")
    login = elsewhere.login(iss="https://two.test")
    claims = elsewhere.claims(login, iss="https://two.test")
    elsewhere.post(login, lms.sign(claims))

    assert Person.objects.count() == 2
    assert Course.objects.count() == 2


def test_two_deployments_of_one_client_share_their_people(bob: Visitor) -> None:
    bob.open()
    bob.launcher.register(deployment_id="deployment-2")
    login = bob.launcher.login(lti_deployment_id="deployment-2")
    claims = bob.launcher.claims(login, **{f"{LTI}deployment_id": "deployment-2"})
    bob.launcher.post(login, bob.launcher.lms.sign(claims))

    assert Person.objects.count() == 1
    assert Course.objects.count() == 2


def test_two_courses_keep_their_assignments_apart(bob: Visitor, charlie: Visitor) -> None:
    first, second = bob.open()["Location"], charlie.open()["Location"]

    assert first != second
    assert Assignment.objects.count() == 2


def test_an_assignment_keeps_its_column_when_a_launch_comes_without_it(bob: Visitor) -> None:
    services = {"scope": ["s"], "lineitems": "https://lms.test/items"}
    bob.open(**{AGS: {**services, "lineitem": "https://lms.test/items/1"}})
    bob.open(**{AGS: services})

    assignment = Assignment.objects.get()
    assert assignment.line_item_url == "https://lms.test/items/1"
    assert assignment.line_items_url == "https://lms.test/items"
    assert assignment.ags_scopes == ["s"]


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ("2026-12-01T23:59:00Z", "2026-12-01 23:59:00+00:00"),
        ("2026-12-01T23:59:00+02:00", "2026-12-01 21:59:00+00:00"),
        ("", "None"),
        ("soon", "None"),
    ],
)
def test_the_due_date_follows_the_lms(due: str, expected: str, bob: Visitor) -> None:
    bob.open(**{f"{LTI}custom": {"lab": "fixture-moving-bytes", "due": due}})

    assert str(Assignment.objects.get().due_at) == expected


def test_what_a_student_is_told_is_their_own_due_date_and_staff_hear_the_general_one(
    bob: Visitor, alice: Visitor
) -> None:
    general, later = "2026-12-01T12:00:00Z", "2026-12-08T12:00:00Z"

    def told(due: str) -> dict[str, Any]:
        return {f"{LTI}custom": {"lab": "fixture-moving-bytes", "due": due}}

    def dues() -> tuple[str, str]:
        assignment = Assignment.objects.get()
        person = Identity.objects.get(subject="bob").person_id
        return f"{assignment.due_at:%d}", f"{due_dates(assignment).of(person):%d}"

    alice.open(**told(general))
    bob.open(**told(later))
    assert dues() == ("01", "08")
    bob.open(**told(general))
    assert dues() == ("01", "01")

    bob.open(**told(later))
    alice.open(**told(later))
    assert dues() == ("08", "08")


def test_an_extension_given_here_is_not_taken_back_by_the_lms(bob: Visitor, alice: Visitor) -> None:
    custom = {"lab": "fixture-moving-bytes", "due": "2026-12-01T12:00:00Z"}
    alice.open(**{f"{LTI}custom": custom})
    bob.open(**{f"{LTI}custom": custom})
    person = Identity.objects.get(subject="bob").person
    given = datetime(2026, 12, 24, tzinfo=UTC)
    teacher = Identity.objects.get(subject="alice").person
    assignment = Assignment.objects.get()
    assignment.extensions.create(person=person, due_at=given, given_by=teacher)

    bob.open(**{f"{LTI}custom": custom})

    assert due_dates(assignment).of(person.pk) == given


def test_an_lms_without_a_date_takes_none_away_that_was_set_here(alice: Visitor) -> None:
    def told(due: str) -> Assignment:
        alice.open(**{f"{LTI}custom": {"lab": "fixture-moving-bytes", "due": due}})
        return Assignment.objects.get()

    teacher = told("") and Identity.objects.get(subject="alice").person
    settings_change(
        assignment=told(""), actor=teacher, due_at=datetime(2026, 12, 1, tzinfo=UTC), reason="Plan"
    )
    assert told("").due_at == datetime(2026, 12, 1, tzinfo=UTC)

    # What the LMS told it may take back, and the log says that it was the LMS.
    assert told("2026-12-08T12:00:00Z").due_at == datetime(2026, 12, 8, 12, tzinfo=UTC)
    assert told("").due_at is None
    entries = AuditEntry.objects.filter(action="assignment.settings_changed", actor="system")
    assert [e.detail["reason"] for e in entries] == ["The LMS says so"] * 2


def test_a_due_date_that_the_lms_did_not_fill_in_changes_nothing(bob: Visitor) -> None:
    custom = {"lab": "fixture-moving-bytes", "due": "2026-12-01T23:59:00Z"}
    bob.open(**{f"{LTI}custom": custom})
    bob.open(**{f"{LTI}custom": {**custom, "due": "$ResourceLink.submission.endDateTime"}})

    assert Assignment.objects.get().due_at is not None


def test_a_link_to_an_activity_opens_it_and_makes_no_assignment(bob: Visitor) -> None:
    response = bob.open(**{f"{LTI}custom": {"activity": "olympics"}})

    course = Course.objects.get()
    assert response["Location"] == f"/deploy/{course.pk}/olympics/"
    assert bob.client.get(response["Location"]).status_code == 200
    assert course.assignments.count() == 0


def test_a_link_to_an_activity_that_is_not_here_says_so(bob: Visitor) -> None:
    response = bob.open(**{f"{LTI}custom": {"activity": "../admin"}})

    assert bob.client.get(response["Location"]).status_code == 404


def test_an_unknown_lab_is_named(bob: Visitor) -> None:
    response = bob.open(**{f"{LTI}custom": {"lab": "v9-99-nowhere"}})

    assert response.status_code == 404
    assert b"v9-99-nowhere" in response.content
    assert not Enrolment.objects.exists()


def test_an_activity_may_stand_in_the_target_address(bob: Visitor, lms: LtiPlatform) -> None:
    address = target("/lti/launch/?activity=olympics")
    login = bob.launcher.login(target_link_uri=address)
    claims = bob.launcher.claims(login, **{**NO_LAB, f"{LTI}target_link_uri": address})

    response = bob.launcher.post(login, lms.sign(claims))

    assert response["Location"] == f"/deploy/{Course.objects.get().pk}/olympics/"


def test_the_lab_may_stand_in_the_target_address(bob: Visitor, lms: LtiPlatform) -> None:
    address = target("/lti/launch/?lab=fixture-moving-bytes")
    login = bob.launcher.login(target_link_uri=address)
    claims = bob.launcher.claims(login, **{**NO_LAB, f"{LTI}target_link_uri": address})

    response = bob.launcher.post(login, lms.sign(claims))

    assert response["Location"] == f"/labs/assignments/{Assignment.objects.get().pk}/"


# --- the session ----------------------------------------------------------------------------------


def test_a_launch_begins_a_fresh_session(bob: Visitor) -> None:
    bob.open()
    before = bob.client.session
    before["note"] = "of an earlier launch"
    before.save()

    bob.open()

    after = bob.client.session
    assert after.session_key != before.session_key
    assert "note" not in after
    assert not before.exists(before.session_key)


def test_a_session_planted_before_the_launch_is_worthless(bob: Visitor) -> None:
    planted = Client()
    session = planted.session
    session.save()
    bob.client.cookies["courseserver"] = session.session_key

    bob.open()

    assert bob.client.session.session_key != session.session_key
    assert "person" not in planted.session


def test_the_session_cookie_is_hidden_from_scripts(bob: Visitor) -> None:
    cookie = bob.open().cookies["courseserver"]

    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_the_login_cookie_is_taken_back_after_the_launch(bob: Visitor) -> None:
    response = bob.open()

    (login,) = [m for name, m in response.cookies.items() if name.startswith("lti-login-")]
    assert (login.value, login["max-age"], login["path"]) == ("", 0, "/lti/")


def test_a_session_begun_in_another_sites_frame_stays_in_it(bob: Visitor) -> None:
    login = bob.launcher.login()
    body = {"state": login.state, "id_token": bob.launcher.lms.sign(bob.launcher.claims(login))}

    response = bob.client.post("/lti/launch/", body, HTTP_SEC_FETCH_SITE="cross-site")

    cookie = response.cookies["courseserver"]
    assert (cookie["samesite"], cookie["secure"]) == ("None", True)
    assert cookie["partitioned"]


def test_only_the_platform_of_the_session_may_frame_its_pages(bob: Visitor) -> None:
    presentation = {"return_url": "https://school.lms.test/courses/7"}
    page = bob.open(**{f"{LTI}launch_presentation": presentation})["Location"]

    policy = bob.client.get(page, follow=True)["Content-Security-Policy"]

    ancestors = next(part for part in policy.split("; ") if part.startswith("frame-ancestors"))
    assert ancestors == "frame-ancestors 'self' https://lms.test https://school.lms.test"


def test_a_refused_launch_can_be_read_in_the_frame_of_another_platform(bob: Visitor) -> None:
    bob.open()

    refused = bob.open(sub=DROP)
    stale = bob.client.get("/labs/assignments/asg_nothing/")

    assert "frame-ancestors 'self' *" in refused["Content-Security-Policy"].split("; ")
    assert "frame-ancestors 'self' https://lms.test" in stale["Content-Security-Policy"].split("; ")


def test_the_front_door_may_be_framed_by_nobody_else(client: Client, db: None) -> None:
    policy = client.get("/")["Content-Security-Policy"].split("; ")

    assert "frame-ancestors 'self'" in policy


def test_a_launch_is_written_to_the_log_without_a_name(bob: Visitor) -> None:
    bob.open()

    entries = list(AuditEntry.objects.values("action", "actor", "subject", "detail"))
    assert {"launched", "enrolled", "assignment added"} <= {row["action"] for row in entries}
    assert "Bob" not in str(entries)
    assert "bob" not in str(entries)


# --- submission review ----------------------------------------------------------------------------


def review(student: str) -> dict[str, Any]:
    return {
        f"{LTI}message_type": "LtiSubmissionReviewRequest",
        f"{LTI}for_user": {"user_id": student},
    }


def test_staff_reviewing_a_submission_see_that_students_work(alice: Visitor, bob: Visitor) -> None:
    bob.open()
    student = Identity.objects.get(subject="bob").person_id

    response = alice.open(**review("bob"))

    course = Course.objects.get()
    assert response["Location"] == f"/grading/courses/{course.pk}/students/{student}/"
    assert alice.client.get(response["Location"]).status_code == 200


def test_a_student_cannot_review_somebody_else(bob: Visitor) -> None:
    response = bob.open(**review("alice"))

    assert response["Location"] == f"/labs/assignments/{Assignment.objects.get().pk}/"


def test_a_review_of_somebody_who_never_came_says_so(alice: Visitor) -> None:
    response = alice.open(**review("nobody-yet"))

    assert response.status_code == 404
    assert b"has not opened the lab yet" in response.content


# --- roster ---------------------------------------------------------------------------------------


def test_the_roster_says_who_is_here_already(bob: Visitor, lms: LtiPlatform) -> None:
    rows = [{"user_id": "bob", "roles": ["Learner"]}, {"user_id": "zoe", "roles": ["Learner"]}]
    lms.answer("/members", Answer(body={"members": rows}))
    bob.open(**{NRPS: {"context_memberships_url": f"{lms.url}/members"}})

    lines = roster_read(Course.objects.get())

    bobs = Identity.objects.get(subject="bob").person
    assert [(line.member.subject, line.person) for line in lines] == [("bob", bobs), ("zoe", None)]


def test_a_course_without_a_roster_says_so(bob: Visitor) -> None:
    bob.open()

    with pytest.raises(PlatformFault, match="no roster"):
        roster_read(Course.objects.get())


def test_a_platform_that_was_never_registered_enrols_nobody(lms: LtiPlatform, db: None) -> None:
    response = Launcher(lms).client.get("/lti/login/", Launcher(lms).login_values())

    assert response.status_code == 400
    assert not Platform.objects.exists()


# --- what the LMS is told, and what it may ask ----------------------------------------------------

RETURN = "https://lms.test/back?course=1"
PRESENTATION = {f"{LTI}launch_presentation": {"return_url": RETURN}}


def test_a_refused_launch_leads_back_to_the_course_and_says_why(bob: Visitor) -> None:
    custom = {f"{LTI}custom": {"lab": "no-such-lab"}}

    page = bob.open(**custom, **PRESENTATION)

    link = unescape(page.content.decode().partition('class="button" href="')[2].partition('"')[0])
    query = parse_qs(urlsplit(link).query)
    assert link.startswith(f"{RETURN}&lti_errormsg=")
    assert "no-such-lab" in query["lti_errormsg"][0]
    assert page["X-Reference"] in query["lti_errorlog"][0]


def test_a_refusal_without_a_way_back_offers_none(bob: Visitor) -> None:
    page = bob.open(**{f"{LTI}custom": {"lab": "no-such-lab"}})

    assert "Back to your course" not in page.content.decode()


def test_the_reference_on_the_page_is_in_the_log(
    bob: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        page = bob.open(**{f"{LTI}version": "9"})

    reference = page["X-Reference"]
    lines = [r.msg for r in caplog.records if isinstance(r.msg, dict)]
    refused = [m for m in lines if m.get("event") == "launch refused"]
    assert reference in page.content.decode()
    assert [(m["reference"], m["reason"]) for m in refused] == [(reference, "version is not 1.3.0")]


PRIVACY = {f"{LTI}resource_link": DROP, f"{LTI}context": DROP, f"{LTI}custom": DROP}
ADMIN = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"


def privacy(visitor: Visitor, kind: str = "LtiDataPrivacyLaunchRequest", **changes: Any) -> Any:
    return visitor.open(**{f"{LTI}message_type": kind, **PRIVACY, **changes})


@pytest.mark.parametrize("kind", ["LtiDataPrivacyLaunchRequest", "DataPrivacyLaunchRequest"])
def test_somebody_sees_what_we_keep_about_them(kind: str, bob: Visitor) -> None:
    bob.open()

    page = privacy(bob, kind)

    text = page.content.decode()
    assert page.status_code == 200
    assert "Bob" in text
    assert "Title of course-1" in text
    assert "no-store" in page["Cache-Control"]
    assert AuditEntry.objects.filter(action="privacy page shown").count() == 1


def test_nothing_is_kept_about_a_stranger_and_asking_adds_nothing(bob: Visitor) -> None:
    page = privacy(bob)

    assert "Nothing." in page.content.decode()
    assert not Enrolment.objects.exists()
    assert not Identity.objects.exists()


def test_those_who_run_the_lms_see_what_is_kept_about_anybody(
    bob: Visitor, charlie: Visitor
) -> None:
    bob.open()

    page = privacy(charlie, **{f"{LTI}roles": [ADMIN], f"{LTI}for_user": {"user_id": "bob"}})

    assert "Title of course-1" in page.content.decode()


@pytest.mark.parametrize("role", ["Instructor", "Learner", "Administrator"])
def test_nobody_else_sees_it(role: str, bob: Visitor, charlie: Visitor) -> None:
    bob.open()

    page = privacy(
        charlie,
        **{f"{LTI}roles": [f"{CONTEXT_ROLE}{role}"], f"{LTI}for_user": {"user_id": "bob"}},
    )

    assert page.status_code == 403
    assert "Title of course-1" not in page.content.decode()


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("de-DE", '<span lang="de">1. Dezember 2031, 23:59'),
        ("en-US", ">Dec. 1, 2031, 11:59 p.m."),
        ("klingon", ">1 Dec 2031, 23:59"),
    ],
)
def test_days_read_as_the_launch_says_the_person_reads_them(
    locale: str, shown: str, bob: Visitor
) -> None:
    custom = {"lab": "fixture-moving-bytes", "due": "2031-12-01T23:59:00Z"}
    presentation = {f"{LTI}launch_presentation": {"locale": locale}}
    bob.open(**{f"{LTI}custom": custom, **presentation})
    course = Enrolment.objects.get().course_id

    page = bob.client.get(reverse("course-home", args=[course])).content.decode()

    assert shown in page
    assert '<html lang="en">' in page


def test_canvas_is_told_which_of_its_frames_speaks(bob: Visitor) -> None:
    custom = {"lab": "fixture-moving-bytes", "post_message_token": 'to"ken'}
    response = bob.open(**{f"{LTI}custom": custom})

    page = bob.client.get(response["Location"], follow=True).content.decode()
    bob.open(**{f"{LTI}custom": {**custom, "post_message_token": "$com.instructure.X"}})
    without = bob.client.get(response["Location"], follow=True).content.decode()

    assert '<meta name="message-token" content="to&quot;ken">' in page
    assert "message-token" not in without
