"""Every part of the installed labs, locked and revealed: accessible, and as wide as the page."""

import itertools
from typing import Any

import pytest

from labs import loader
from tests.browser.axe import LOOKS, Look, faults_in
from tests.browser.conftest import School
from tests.browser.lab_steps import attempt_of, commit, part_path

SLUGS = [lab.slug for lab in loader.all_labs()]
# All labs share templates and styles: one goes through every look, each page of the others
# through two that differ in both width and scheme, in turn.
IN_EVERY_LOOK = "v1-11-hardware-roofline"


def looks_of(slug: str, turn: int) -> list[Look]:
    if slug == IN_EVERY_LOOK:
        return LOOKS
    return [LOOKS[turn % 6], LOOKS[(turn + 3) % 6]]


@pytest.fixture(autouse=True)
def installed_labs(fixture_lab: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABS_PATH")
    loader.forget()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("slug", SLUGS)
def test_every_part_is_accessible_and_fits(open_page: Any, school: School, slug: str) -> None:
    attempt = attempt_of(school.assignment(slug), school.bob)
    faults = []
    turn = itertools.count()

    for part in loader.load_lab(slug).parts:
        for state in ("locked", "revealed"):
            if state == "revealed":
                commit(attempt, part.id)
            page = open_page(part_path(attempt, part.id), school.bob, reduced=True)
            page.wait_for_load_state("networkidle")
            for look in looks_of(slug, next(turn)):
                faults += faults_in(page, look, f"{slug} {part.id} {state}")
            page.context.close()

    assert not faults, "\n".join(faults)
