"""Course maps: what the course's own page says, and files that say what cannot be."""

from pathlib import Path

import pytest

from labs import loader
from labs.course_map import MAPS_DIR, TERMS, UnknownMap, all_maps, load_map, read_map
from labs.tables import ContentError

SOUND = """
slug = "small"
edition = "1"
title = "Small"
description = "One week."
source = { text = "Ours", url = "https://example.org" }
[[lab]]
slug = "v1-01-x"
number = 1
title = "X"
[[week]]
part = "I"
read = [{ title = "Introduction", url = "https://example.org/1" }]
labs = ["v1-01-x"]
"""


def test_both_semesters_and_two_shorter_syllabi_are_there() -> None:
    assert [(m.slug, len(m.weeks)) for m in all_maps()] == [
        ("foundations", 16),
        ("scale", 16),
        ("ten-weeks", 10),
        ("workshop", 2),
    ]


@pytest.mark.parametrize("path", sorted(MAPS_DIR.glob("*.toml")), ids=lambda path: path.stem)
def test_every_map_names_all_terms_of_the_iron_law_and_evidence(path: Path) -> None:
    made = read_map(path)

    assert tuple(term.term for term in made.iron_law) == TERMS
    assert len(made.evidence) >= 2
    assert all(week.read for week in made.weeks)


@pytest.mark.parametrize("path", sorted(MAPS_DIR.glob("*.toml")), ids=lambda path: path.stem)
def test_a_map_calls_installed_labs_by_their_own_title_and_number(path: Path) -> None:
    installed = {lab.slug: lab for lab in loader.all_labs()}
    named = {lab.slug: lab for lab in read_map(path).labs if lab.slug in installed}

    assert {slug: (lab.title, lab.number) for slug, lab in named.items()} == {
        slug: (installed[slug].title, installed[slug].number) for slug in named
    }


# The course's own page shortens two names.
SHORTER = {
    "HW Acceleration": "Hardware Acceleration",
    "Responsible Engr.": "Responsible Engineering",
}


@pytest.mark.parametrize("path", sorted(MAPS_DIR.glob("*.toml")), ids=lambda path: path.stem)
def test_a_chapter_has_one_address_in_maps_and_labs(path: Path) -> None:
    volume = {"scale": 2}.get(path.stem, 1)
    own = {lab.chapter: lab.reading for lab in loader.all_labs() if lab.volume == volume}
    read = {
        SHORTER.get(r.title, r.title): r.url for week in read_map(path).weeks for r in week.read
    }

    assert read.keys() & own.keys()
    assert {title: read[title] for title in read if title in own} == {
        title: own[title] for title in read if title in own
    }


def test_every_lab_of_a_semester_has_its_week() -> None:
    foundations, scale = load_map("foundations"), load_map("scale")

    assert [lab.number for week in foundations.weeks for lab in week.labs] == list(range(17))
    assert [lab.number for week in scale.weeks for lab in week.labs] == list(range(1, 17))


def test_the_first_semester_follows_the_courses_own_page() -> None:
    weeks = {week.number: week for week in load_map("foundations").weeks}

    assert [n for n, week in weeks.items() if week.deploy] == [4, 10, 11, 16]
    assert {n: week.due[0].title for n, week in weeks.items() if week.due and n < 12} == {
        2: "Tensor",
        4: "Activations",
        6: "Layers",
        7: "Losses",
        8: "DataLoader",
        9: "Autograd",
        10: "Optimizers",
        11: "Training",
    }
    assert weeks[12].labs[0].slug == "v1-11-hardware-roofline"
    assert weeks[12].note == "Catch-up"
    assert weeks[13].part == "IV"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('slug = "small"', 'slug = "tiny"', "must be the file's name, 'small'"),
        ('labs = ["v1-01-x"]', 'labs = ["v1-02-y"]', "'v1-02-y' is no [[lab]] of this map"),
        ('labs = ["v1-01-x"]', "labs = []", "'v1-01-x' stands in no week"),
        ("https://example.org/1", "http://example.org/1", "must begin with https://"),
        ('part = "I"', 'part = "I"\nlab = ["v1-01-x"]', "did you mean 'labs'"),
        ("number = 1", 'number = "1"', "must be a whole number"),
        ("[[week]]", '[[week]]\npart = "I"\nlabs = ["v1-01-x"]\n[[week]]', "an earlier week"),
        ("[[lab]]", '[[lab]]\nslug = "v1-01-x"\nnumber = 1\ntitle = "X"\n[[lab]]', "twice"),
    ],
)
def test_a_map_with_a_fault_says_which_key_and_what_to_do(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SOUND)
    assert read_map(path).weeks[0].labs[0].title == "X"
    path.write_text(SOUND.replace(old, new, 1))

    with pytest.raises(ContentError, match=r"courses/maps/small\.toml") as refusal:
        read_map(path)

    assert told in str(refusal.value)


def test_an_unknown_map_is_refused_with_what_there_is() -> None:
    with pytest.raises(UnknownMap, match="foundations"):
        load_map("semester-3")


def test_what_a_syllabus_counts_adds_up_to_the_whole() -> None:
    weights = {m.slug: [w.percent for w in m.weights] for m in all_maps() if m.weights}

    assert weights == {"foundations": [35, 25, 20, 20], "scale": [40, 30, 30]}
