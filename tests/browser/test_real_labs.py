"""Every part of the installed labs, locked and revealed: accessible, and as wide as the page."""

import itertools
from typing import Any

import pytest

from labs import loader
from tests.browser.axe import violations
from tests.browser.conftest import FRAME, PHONE, WIDE, School
from tests.browser.lab_steps import attempt_of, commit, part_path

SLUGS = [lab.slug for lab in loader.all_labs()]
LOOKS = [(size, scheme) for size in (WIDE, FRAME, PHONE) for scheme in ("light", "dark")]
# All labs share templates and styles: one goes through every look, each page of the others
# through two that differ in both width and scheme, in turn.
IN_EVERY_LOOK = "v1-11-hardware-roofline"


def looks_of(slug: str, turn: int) -> list[tuple[tuple[int, int], str]]:
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
            for size, scheme in looks_of(slug, next(turn)):
                page.set_viewport_size({"width": size[0], "height": size[1]})
                page.emulate_media(color_scheme=scheme)
                page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
                where = f"{slug} {part.id} {state} {size[0]} {scheme}"
                faults += [f"{where}: {fault}" for fault in violations(page)]
                over = page.evaluate("document.documentElement.scrollWidth") - size[0]
                if over > 0:
                    faults.append(f"{where}: {over} px too wide")
            page.context.close()

    assert not faults, "\n".join(faults)
