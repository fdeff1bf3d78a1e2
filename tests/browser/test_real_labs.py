"""Every part of the installed labs, locked and revealed: accessible, and as wide as the page."""

import itertools
from typing import Any

import pytest

from labs import loader
from tests.browser.axe import LOOKS, faults_in
from tests.browser.conftest import School
from tests.browser.lab_steps import attempt_of, commit, part_path

SLUGS = [lab.slug for lab in loader.all_labs()]


@pytest.fixture(autouse=True)
def installed_labs(fixture_lab: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABS_PATH")
    loader.forget()


@pytest.mark.parametrize("slug", SLUGS)
def test_every_part_is_accessible_and_fits(open_page: Any, school: School, slug: str) -> None:
    attempt = attempt_of(school.assignment(slug), school.bob)
    faults = []
    number, parts = loader.load_lab(slug).number, loader.load_lab(slug).parts
    turn = itertools.count(number)
    # Locked, parts of a lab are story and question in the same frame: one of them has its turn.
    looked_at_locked = parts[number % len(parts)]
    page = open_page("/", school.bob, reduced=True)

    for part in parts:
        for state in ("locked", "revealed") if part is looked_at_locked else ("revealed",):
            if state == "revealed":
                commit(attempt, part.id)
            page.goto(part_path(attempt, part.id), wait_until="networkidle")
            # All labs share the fixture lab's templates and styles, which are looked at in every
            # width and scheme; here each page has its turn.
            look = LOOKS[next(turn) % len(LOOKS)]
            faults += faults_in(page, look, f"{slug} {part.id} {state}")

    assert not faults, "\n".join(faults)
