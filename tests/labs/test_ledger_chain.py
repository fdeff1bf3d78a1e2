"""The Design Ledger's chain: what later labs read was written before, and the arrows stand."""

import pytest

from labs.content import Lab
from labs.loader import load_lab, slugs

ARROWS = [
    ("v1-01", "v1-05"), ("v1-05", "v1-08"), ("v1-08", "v1-10"), ("v1-10", "v1-13"),
    ("v1-13", "v1-16"), ("v1-03", "v1-04"), ("v1-03", "v1-16"), ("v1-06", "v1-10"),
    ("v1-06", "v1-11"), ("v1-07", "v1-13"), ("v1-02", "v1-12"), ("v1-12", "v1-13"),
    ("v1-12", "v1-16"), ("v1-14", "v1-16"), ("v1-15", "v1-16"),
]  # fmt: skip
VOLUME_ONE = [load_lab(slug) for slug in slugs() if slug.startswith("v1-")]


def written_by() -> dict[str, Lab]:
    """Return the first lab that writes each key."""
    found: dict[str, Lab] = {}
    for lab in sorted(VOLUME_ONE, key=lambda lab: lab.number):
        for part in lab.parts:
            for write in part.writes:
                found.setdefault(write.key, lab)
    return found


@pytest.mark.parametrize("lab", VOLUME_ONE, ids=lambda lab: lab.slug)
def test_what_is_read_was_written_by_an_earlier_lab(lab: Lab) -> None:
    writers = written_by()

    assert [read.key for read in lab.reads if writers[read.key].number >= lab.number] == []


@pytest.mark.parametrize(("earlier", "later"), ARROWS)
def test_the_chain_of_the_plan_is_whole(earlier: str, later: str) -> None:
    reader = next(lab for lab in VOLUME_ONE if lab.slug.startswith(later))

    assert any(written_by()[read.key].slug.startswith(earlier) for read in reader.reads)
