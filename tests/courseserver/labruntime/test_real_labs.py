"""Every installed lab, walked through HTTP as a student: locked, silent, open, handed in."""

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
from .test_leaks import every_response, permuted, still

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
    question = part.questions[0].id
    every_response(student, part.id, question)
    state = state_of(student.attempt)
    drawn = {one.id: state.instance(one.id).params for one in state.lab.parts}
    with monkeypatch.context() as patch:
        # Draws keep clear of the key; with another key right, the numbers stay as they are.
        patch.setattr(instances, "draw_params", lambda lab, part, *_: drawn[part.id])
        original = type(part.model).questions
        seen = []
        for by in range(2):
            shift_all(patch, type(part.model), by, original)
            seen.append([still(r) for r in every_response(student, part.id, question)])
        for number, same in enumerate(zip(*seen, strict=True)):
            assert len(set(same)) == 1, f"part {part.id}, response {number} tells the key"
    instances.part_instance.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "track"), WALKS)
def test_every_locked_part_is_silent_and_every_open_one_whole(
    slug: str, track: str, student: Callable[[str, str], Student], monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = student(slug, track)
    for part in loader.load_lab(slug).parts:
        assert_same_bytes_whatever_is_right(bob, part, monkeypatch)
        assert_no_numeral_tells(bob, slug, part.id)
        commit_all(bob, part.id)
        page = bob.shown(part.id)
        assert not page.is_locked
        assert len(page.reveals) == len(part.questions)
        at = page.instrument_json["at"]
        released = bob.release(part.id, **at)
        assert released.status_code == 200
        assert len(released.content) < 150_000
    log = "word " * loader.load_lab(slug).synthesis.words_min
    url = f"/labs/attempts/{bob.attempt.pk}/synthesis/"
    assert bob.client.post(url, {"log": log, "action": "submit"}).status_code == 302
    assert bob.client.get(url).status_code == 200
    assert bob.client.get(f"/labs/attempts/{bob.attempt.pk}/ledger/").status_code == 200


def test_every_measurement_a_lab_asks_for_is_one_kits_know() -> None:
    for slug in SLUGS:
        for part in loader.load_lab(slug).parts:
            if part.model.reality is not None:
                tasks = [
                    TaskRequest(id=task.id, task=task.task, arguments=dict(task.arguments))
                    for task in part.model.reality.tasks()
                ]
                assert requests.checked(tasks)


def test_there_are_labs_to_walk() -> None:
    assert SLUGS
