"""Before the lock closes, nothing tells the key from the other options.

Which option is right is permuted under the student's eyes: every response, of every part still
locked, must stay the same bytes. And no numeral outside the options may come near the answer.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from courseserver.labruntime import instances
from courseserver.labruntime.state import state_of
from labs import loader
from labs.contract import Choice, Numeric, Option, Part, Question

from .conftest import School, Student

pytestmark = pytest.mark.usefixtures("stopped_clock")
_NONCES = [
    re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"'),
    re.compile(rb'<meta name="csrf" content="[^"]+"'),
    re.compile(rb'"reference":\s*"[^"]*"'),
    re.compile(rb"ref_[0-9a-z]{20}"),
]


def still(response: Any) -> tuple[int, bytes, str]:
    """Return a response without its nonces."""
    body = response.content
    for nonce in _NONCES:
        body = nonce.sub(b"", body)
    return response.status_code, body, response.headers.get("Cache-Control", "")


def permuted(question: Question, shift: int) -> Question:
    """Return the question with another key: ids move on, or the number changes."""
    if isinstance(question, Numeric):
        return Numeric(id=question.id, key=question.key * 1.7**shift)
    ids = [option.id for option in question.options]
    moved = ids[shift % len(ids) :] + ids[: shift % len(ids)]
    options = zip(moved, question.options, strict=True)
    return Choice(
        id=question.id,
        options=tuple(Option(id=name, value=option.value) for name, option in options),
    )


@pytest.fixture
def shift_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[type[Part], int], None]]:
    """Return a way to make other options right, as a different physics would."""
    originals: dict[type[Part], Any] = {}

    def shift(part: type[Part], by: int) -> None:
        original = originals.setdefault(part, part.questions)
        monkeypatch.setattr(
            part, "questions", lambda self, p: tuple(permuted(q, by) for q in original(self, p))
        )
        instances.part_instance.cache_clear()

    yield shift
    instances.part_instance.cache_clear()


def every_response(student: Student, part: str, question: str) -> list[Any]:
    """Return all that a student can get out of the server about a part not committed yet."""
    attempt, client = student.attempt, student.client
    root = f"/labs/attempts/{attempt.pk}"
    body = "application/json"
    draft = f"/api/attempts/{attempt.pk}/drafts/{part}.{question}"
    return [
        client.get(student.home),
        client.get(f"{root}/parts/{part}/"),
        client.post(f"{root}/parts/{part}/", {}),
        client.post(f"{root}/parts/{part}/", {f"q-{question}": "nonsense"}),
        client.get(f"{root}/synthesis/"),
        client.post(f"{root}/synthesis/", {"log": "word " * 20, "action": "submit"}),
        client.post(f"{root}/synthesis/", {"log": "word " * 20, "action": "hand-in"}),
        client.get(f"{root}/report/"),
        client.get(f"{root}/report.md"),
        client.get(f"{root}/ledger/"),
        client.get(f"{root}/ledger.md"),
        client.get(f"{root}/ledger.json"),
        client.get(f"/api/attempts/{attempt.pk}"),
        client.put(draft, {"value": "nonsense"}, content_type=body),
        client.get(student.api(part, "instrument")),
        client.post(student.api(part, "instrument"), {"at": {}}, content_type=body),
        client.post(student.api(part, "challenge"), {"at": {}}, content_type=body),
        client.post(student.api(part, "job"), {"at": {}}, content_type=body),
        client.get(student.api(part, "reality")),
        client.post(student.api(part, "reality"), {"mode": "simulation"}, content_type=body),
        client.post(
            student.api(part, "commits"), {"question": question, "value": "right"},
            content_type=body,
        ),
    ]  # fmt: skip


def model_class(part_id: str) -> type[Part]:
    part = loader.load_lab("fixture-moving-bytes").part(part_id)
    assert part is not None
    return type(part.model)


def test_every_response_is_the_same_whichever_option_is_right(
    bob: Student, shift_keys: Callable[[type[Part], int], None]
) -> None:
    seen = []
    for by in range(4):
        shift_keys(model_class("a"), by)
        seen.append([still(response) for response in every_response(bob, "a", "time")])

    for number, answers in enumerate(zip(*seen, strict=True)):
        assert len(set(answers)) == 1, f"response {number} tells which option is right"


def test_earlier_parts_stay_silent_about_a_later_key(
    bob: Student, shift_keys: Callable[[type[Part], int], None]
) -> None:
    bob.commit_a()
    every_response(bob, "b", "duration")  # leaves a draft, which later pages show
    seen = []
    for by in range(3):
        shift_keys(model_class("b"), by)
        answers = every_response(bob, "b", "duration")
        answers += [bob.page("a"), bob.client.get(bob.api("a", "instrument"))]
        seen.append([still(response) for response in answers])

    for number, same in enumerate(zip(*seen, strict=True)):
        assert len(set(same)) == 1, f"response {number} tells the later key"


def test_the_first_of_two_commits_does_not_tell_whether_it_was_right(
    bob: Student, shift_keys: Callable[[type[Part], int], None]
) -> None:
    bob.commit_a()
    token = bob.first_token("b", "saver")
    first = bob.commit("b", "saver", token)
    assert first.json()["is_revealed"] is False
    seen = []
    for by in range(3):
        # What is stored is an option's id, so the student's choice moves along with the key.
        shift_keys(model_class("b"), by)
        pages = [bob.page("b"), bob.client.get(f"/labs/attempts/{bob.attempt.pk}/ledger.json")]
        seen.append([still(response) for response in pages[1:]])
        assert b"misconception" not in pages[0].content

    assert len({tuple(answers) for answers in seen}) == 1


def test_the_order_of_options_differs_between_students_and_not_between_visits(
    bob: Student, school: School, as_person: Callable[[Any], Client]
) -> None:
    def order(student: Student) -> list[str]:
        return [option.text for option in student.shown("a").questions[0].options]

    assert order(bob) == order(bob)
    orders = set()
    for person in (school.dora, school.alice, school.bob):
        student = Student(as_person(person), person, school.assignment)
        student.open()
        orders.add((tuple(order(student)), student.first_token("a", "time")))
    assert len(orders) == 3


def test_no_token_repeats_between_students_parts_or_questions(
    bob: Student, school: School, as_person: Callable[[Any], Client]
) -> None:
    dora = Student(as_person(school.dora), school.dora, school.assignment)
    dora.open()
    tokens = [
        option.token
        for student in (bob, dora)
        for question in student.shown("a").questions
        for option in question.options
    ]

    assert len(tokens) == len(set(tokens))


def numerals(text: str) -> Iterator[float]:
    for found in re.findall(r"\d[\d,]*(?:\.\d+)?", text):
        yield float(found.replace(",", ""))


def test_no_numeral_outside_the_options_comes_near_the_answer(bob: Student) -> None:
    shown = bob.shown("a")
    words = " ".join([shown.story.text_html, shown.title, shown.promise, shown.eyebrow])
    words += " ".join(question.prompt_html for question in shown.questions)
    bob.commit_a()
    key = bob.shown("a").reveals[0].actual
    answer = next(numerals(key))

    near = [n for n in numerals(words) if abs(n - answer) <= 0.02 * answer]

    assert not near


def test_refusals_carry_no_hint_of_the_key(bob: Student) -> None:
    key = instances_key(bob)
    for response in every_response(bob, "a", "time"):
        if response.status_code >= 400 and "html" not in response["Content-Type"]:
            assert key.encode() not in response.content


def instances_key(student: Student) -> str:
    return state_of(student.attempt).instance("a").questions[0].key_text


def test_every_lab_response_is_private_and_never_stored(bob: Student) -> None:
    bob.commit_a()
    for part in "ab":
        for response in every_response(bob, part, "time"):
            assert response["Cache-Control"] == "private, no-store", response.request["PATH_INFO"]


def test_which_options_are_offered_does_not_depend_on_which_is_right() -> None:
    lab = loader.load_lab("fixture-moving-bytes")
    draw = instances.Draw(seed="s", shuffle="t", track="cloud", reads=(("habit", "none"),))
    part = lab.parts[0]
    params = part.model.combinations("cloud")[0]
    question = part.model.questions(params)[0]
    assert isinstance(question, Choice)
    orders = set()
    for ids in itertools.permutations([option.id for option in question.options]):
        moved = Choice(
            id=question.id,
            options=tuple(
                Option(id=name, value=option.value)
                for name, option in zip(ids, question.options, strict=True)
            ),
        )
        options = instances.shuffled(part.questions[0], moved, params, draw, "a")
        orders.add(tuple((option.token, option.text) for option in options))

    assert len(orders) == 1
