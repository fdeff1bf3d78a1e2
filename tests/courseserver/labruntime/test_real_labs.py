"""Every installed lab through HTTP: silent while a part is locked.

In `tests/browser` a student walks each of them to its grade.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from lxml import html

from courseserver.courses.models import Assignment
from courseserver.kits import requests
from courseserver.kits.requests import TaskRequest
from courseserver.labruntime import instances
from courseserver.labruntime.state import state_of
from courseserver.simjobs import tasks
from labs import draws, loader
from labs.content import LabPart
from labs.contract import Part

from .conftest import School, Student
from .test_leaks import permuted, still

pytestmark = pytest.mark.usefixtures("stopped_clock")
SLUGS = [loader.slug_of(folder) for folder in loader.lab_folders()]
TRACKS = {lab.slug: [track.id for track in lab.tracks] for lab in map(loader.load_lab, SLUGS)}
# `labs.proofs` proves every track; through HTTP each lab is walked on one, with shifted keys.
SHIFTED = {slug: tracks[len(slug) % len(tracks)] for slug, tracks in TRACKS.items()}
WALKS = list(SHIFTED.items())


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tasks.run, "delay", lambda job_id: None)
    yield
    instances.part_instance.cache_clear()


@pytest.fixture
def student(school: School, as_person: Callable[[Any], Client]) -> Callable[[str, str], Student]:
    def of(slug: str, track: str) -> Student:
        assignment = Assignment.objects.create(
            course=school.course, resource_link_id=slug, lab=slug, title=slug
        )
        bob = Student(as_person(school.bob), school.bob, assignment)
        assert bob.open().status_code == 200
        chosen = bob.client.post(f"/labs/attempts/{bob.attempt.pk}/track/", {"track": track})
        assert chosen.status_code == 302
        return bob

    return of


def shift_all(monkeypatch: pytest.MonkeyPatch, part: type[Part], by: int, original: Any) -> None:
    """Make other options right."""
    monkeypatch.setattr(
        part, "questions", lambda self, p: tuple(permuted(q, by) for q in original(self, p))
    )
    instances.part_instance.cache_clear()


def commit_all(student: Student, part: str) -> None:
    for question in student.shown(part).questions:
        value = question.options[0].token if question.options else "2"
        made = student.commit(part, question.id, value)
        assert made.status_code == 201, made.content


def own_words(student: Student, part: LabPart) -> list[Any]:
    """Return the responses that hold words and numbers of the lab's own.

    What refuses is the same code for every lab; `test_leaks` asks for all there is.
    """
    root = f"/labs/attempts/{student.attempt.pk}"
    typed = {f"q-{question.id}": "nonsense" for question in part.questions}
    return [
        student.open(),
        student.page(part.id),
        student.client.post(f"{root}/parts/{part.id}/", typed),
        student.client.get(f"{root}/synthesis/"),
        student.client.get(f"{root}/report/"),
        student.client.get(f"/api/attempts/{student.attempt.pk}"),
    ]


def assert_no_numeral_tells(student: Student, slug: str, part_id: str) -> None:
    """The page shows no number but those that draws know of, and none of them is near a key."""
    attempt = student.attempt
    part, lab = state_of(attempt).instance(part_id), loader.load_lab(slug)
    known = draws.numerals_before_lock(lab, part.part, attempt.track, part.params)
    page = html.fromstring(student.page(part_id).content)
    for hidden in page.xpath("//script|//style|//head|//*[contains(@class, 'options')]"):
        hidden.drop_tree()
    shown = set(draws.numerals(re.sub(r"\d\d:\d\d", " ", page.text_content())))

    assert shown <= known
    assert not draws.telling_numerals(lab, part.part, attempt.track, part.params)


def assert_same_bytes_whatever_is_right(
    student: Student, part: LabPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_of(student.attempt)
    drawn = {one.id: state.instance(one.id).params for one in state.lab.parts}
    with monkeypatch.context() as patch:
        # Draws keep clear of the key; with another key right, the numbers stay as they are.
        patch.setattr(instances, "draw_params", lambda lab, part, *_: drawn[part.id])
        original = type(part.model).questions
        seen = []
        for by in range(2):
            shift_all(patch, type(part.model), by, original)
            seen.append([still(response) for response in own_words(student, part)])
        for number, same in enumerate(zip(*seen, strict=True)):
            assert len(set(same)) == 1, f"part {part.id}, response {number} tells the key"
    instances.part_instance.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "track"), WALKS)
def test_every_locked_part_is_silent(
    slug: str, track: str, student: Callable[[str, str], Student], monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = student(slug, track)
    for part in loader.load_lab(slug).parts:
        assert_same_bytes_whatever_is_right(bob, part, monkeypatch)
        assert_no_numeral_tells(bob, slug, part.id)
        commit_all(bob, part.id)


def test_every_measurement_a_lab_asks_for_is_one_kits_know() -> None:
    for slug in SLUGS:
        for part in loader.load_lab(slug).parts:
            if part.model.reality is not None:
                tasks = [
                    TaskRequest(id=task.id, task=task.task, arguments=dict(task.arguments))
                    for task in part.model.reality.tasks()
                ]
                assert requests.checked(tasks)


def test_a_ratio_is_asked_for_in_words_and_a_size_with_its_units(
    student: Callable[[str, str], Student],
) -> None:
    asked = {
        slug: student(slug, "cloud").page("a").content.decode()
        for slug in ("v1-16-architects-audit", "v1-03-constraint-tax")
    }

    assert "How many times, as a number." in asked["v1-16-architects-audit"]
    assert "Type a number and a unit: MB, kB" in asked["v1-03-constraint-tax"]


def test_there_are_labs_to_walk() -> None:
    assert SLUGS
