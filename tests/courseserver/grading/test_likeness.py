"""Logs that resemble one another: words, and numbers that only another's instruments showed."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courseserver.courses.models import Role
from courseserver.grading.evidence import Evidence, SeenNumber
from courseserver.grading.likeness import alike, runs
from courseserver.grading.models import Submission
from tests.courseserver.grading.classroom import Classroom

OWN = (
    "I kept the smaller machine because bandwidth binds first at this intensity, and a wider tile "
    "would need more memory on the chip than there is. My prediction was too high by a factor."
)
OTHER = (
    "The larger model pays only when requests come in batches; alone it waits for its weights, so "
    "latency follows bytes and not arithmetic, and the reveal corrected my guess downwards a lot."
)


def saw(*values: float) -> dict[str, Any]:
    numbers = tuple(SeenNumber(value=v, format="g3", label="x", part="a") for v in values)
    return Evidence(numbers=numbers).to_json()


def submitted(room: Classroom, person: Any, text: str, *values: float) -> Submission:
    return room.submit(person, log_text=text, evidence=saw(*values))


def found(room: Classroom, submission: Submission) -> list[tuple[str, int, tuple[str, ...]]]:
    others = Submission.objects.filter(assignment=room.assignment)
    return [(a.person_id, round(100 * a.share), a.numbers) for a in alike(submission, others)]


def test_two_logs_of_ones_own_are_not_alike(room: Classroom) -> None:
    mine = submitted(room, room.bob, OWN)
    submitted(room, room.bea, OTHER)

    assert found(room, mine) == []


def test_a_copied_log_is_found_from_both_sides_whatever_its_punctuation(room: Classroom) -> None:
    mine = submitted(room, room.bob, OWN)
    theirs = submitted(room, room.bea, OWN.upper().replace(",", " ;"))

    assert found(room, mine) == [(room.bea.pk, 100, ())]
    assert found(room, theirs) == [(room.bob.pk, 100, ())]


def test_half_a_log_in_anothers_words_is_found_and_a_phrase_is_not(room: Classroom) -> None:
    submitted(room, room.bob, OWN)
    half = submitted(room, room.bea, OWN[: len(OWN) // 2] + " " + OTHER[: len(OTHER) // 2])
    assert 33 <= found(room, half)[0][1] <= 60

    phrase = submitted(room, room.tom, OTHER + " bandwidth binds first at this intensity")
    assert room.bob.pk not in {person for person, _, _ in found(room, phrase)}


def test_a_number_only_anothers_instruments_showed_is_named(room: Classroom) -> None:
    submitted(room, room.bea, f"{OTHER} It came to 3.47 in the end.", 3.47)
    mine = submitted(room, room.bob, f"{OWN} I found 3.47 and 2.81 there.", 2.81)

    assert found(room, mine) == [(room.bea.pk, 0, ("3.47",))]


@pytest.mark.parametrize("number", ["3.5", "40", "7"])
def test_short_numbers_say_nothing(room: Classroom, number: str) -> None:
    submitted(room, room.bea, f"{OTHER} It came to {number} in the end.", float(number))
    mine = submitted(room, room.bob, f"{OWN} I found {number} there.", 1.0)

    assert found(room, mine) == []


def test_a_number_on_both_screens_is_nobodys(room: Classroom) -> None:
    submitted(room, room.bea, f"{OTHER} It came to 3.47 in the end.", 3.47)
    mine = submitted(room, room.bob, f"{OWN} I found 3.47 there.", 3.47)

    assert found(room, mine) == []


def test_ones_own_earlier_attempt_is_not_another(room: Classroom) -> None:
    submitted(room, room.bob, OWN)
    again = submitted(room, room.bob, OWN)

    assert found(room, again) == []


def test_a_log_too_short_for_a_run_resembles_nothing() -> None:
    assert runs("four words at most") == frozenset()


def test_the_marker_is_shown_whose_log_it_resembles(room: Classroom) -> None:
    mine = submitted(room, room.bob, OWN)
    submitted(room, room.bea, OWN)
    url = reverse("log-mark", args=[mine.pk])

    text = room.client(room.tom).get(url).content.decode()

    assert "Much like another log" in text
    assert "Bea Wei" in text
    assert "100% of this log" in text


def test_a_log_like_no_other_shows_no_such_notice(room: Classroom) -> None:
    mine = submitted(room, room.bob, OWN)
    submitted(room, room.bea, OTHER)

    text = room.client(room.tom).get(reverse("log-mark", args=[mine.pk])).content.decode()

    assert "Much like another log" not in text


def test_a_large_class_costs_one_look_at_what_its_instruments_showed(room: Classroom) -> None:
    mine = submitted(room, room.bob, f"{OWN} I read 173.5 there.")
    for number in range(4):
        submitted(room, room.person(f"Student {number}", Role.LEARNER), "It was 173.5.", 173.5)

    others = list(Submission.objects.filter(assignment=room.assignment).defer("evidence"))
    with CaptureQueriesContext(connection) as asked:
        assert len(alike(mine, others)) == 4

    assert len(asked) == 1
