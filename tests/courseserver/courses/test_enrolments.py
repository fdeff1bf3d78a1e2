from django.urls import reverse

from courseserver.courses import selectors
from courseserver.courses.models import Identity, Role
from courseserver.lti.models import Platform
from tests.courseserver.grading.classroom import Classroom


def test_staff_read_who_is_enrolled_and_nobody_else_does(room: Classroom) -> None:
    url = reverse("api-enrolments", args=[room.course.id])
    eve = room.person("Eve Other", Role.INSTRUCTOR, room.new_course("Another course"))

    answer = room.client(room.tom).get(url)

    assert answer.status_code == 200
    people = [(row["name"], row["role"]) for row in answer.json()["results"]]
    assert people == [
        ("Alice Adeyemi", "instructor"),
        ("Bea Wei", "learner"),
        ("Bob Costa", "learner"),
        ("Tom Tan", "ta"),
    ]
    assert "email" not in answer.content.decode()
    assert room.client(room.bob).get(url).status_code == 403
    assert room.client(room.charlie).get(url).status_code == 404
    assert room.client(eve).get(url).status_code == 404
    assert room.client(None).get(url).status_code in (401, 403)


def test_an_unknown_course_is_a_problem_in_json(room: Classroom) -> None:
    answer = room.client(room.tom).get(reverse("api-enrolments", args=["nothing"]))

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["remedy"]


def test_people_whose_names_stay_in_the_lms_come_last(room: Classroom) -> None:
    Identity.objects.filter(person=room.alice).update(name="")

    names = [member.name for member in selectors.members(room.course)]

    assert names[-1] == selectors.UNNAMED


def test_a_person_known_through_another_deployment_keeps_name_and_subject(room: Classroom) -> None:
    twin = Platform.objects.create(
        issuer=room.platform.issuer, client_id=room.platform.client_id, deployment_id="2"
    )
    Identity.objects.filter(person=room.bob).update(platform=twin)

    found = selectors.member(room.course, room.bob.id)

    assert found is not None
    assert found.name == "Bob Costa"
    assert selectors.subject_of(room.bob.id, room.platform) == room.subject(room.bob)


def test_another_clients_subject_is_never_mistaken_for_ours(room: Classroom) -> None:
    other = Platform.objects.create(
        issuer=room.platform.issuer, client_id="another tool", deployment_id="1"
    )
    Identity.objects.filter(person=room.bob).update(platform=other)

    assert selectors.subject_of(room.bob.id, room.platform) == ""
