"""Teaching notes: every lab brings them, whole, and a faulty file says what to mend."""

import shutil
from pathlib import Path

import pytest

from labs.loader import all_labs, load_folder, load_lab
from labs.proofs import prove
from labs.tables import ContentError
from labs.teaching import FILE, teaching_notes

FIXTURE = Path(__file__).parent / "fixture_lab"
SOUND = """
why = "Because."
before = "Read."
after = "Talk."
announce = "Do it."
listen_for = ["Who uses it."]
misconception = [
    { part = "a", belief = "X.", answer = "Y." },
    { part = "b", belief = "X.", answer = "Y." },
]
evidence = [
    { criterion = "numbers", expect = "Three." },
    { criterion = "cause", expect = "One." },
    { criterion = "constraint", expect = "One." },
]
"""


def test_every_lab_brings_notes_on_every_part_and_criterion() -> None:
    without = [lab.slug for lab in all_labs() if teaching_notes(lab) is None]

    assert without == []


def test_notes_say_what_a_class_finds_in_each_part_computed_by_its_model() -> None:
    lab = load_lab("v1-02-physics-of-deployment")
    notes = teaching_notes(lab)
    assert notes is not None
    part = next(part for part in lab.parts if part.id == "a")
    keys = [
        question.key
        for track in lab.tracks
        for p in part.model.combinations(track.id)
        for question in part.model.questions(p)
    ]

    page = notes.why_html

    assert f"from {min(keys):.1f} times to {max(keys):.0f} times" in page
    assert "One student (Cloud) reads: “The new machine" in page


def test_words_as_answers_are_counted_and_figures_in_them_left_out() -> None:
    lab = load_lab("v1-12-benchmarking-trap")
    notes = teaching_notes(lab)
    assert notes is not None

    page = notes.why_html

    assert "“… bits, batches of …” for 50%, “Full precision, one by one” for 50%" in page


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('part = "b"', 'part = "c"', "must be one of a, b"),
        ('    { part = "b", belief = "X.", answer = "Y." },\n', "", "part 'b' too"),
        ('criterion = "cause"', 'criterion = "numbers"', "criterion 'cause' too"),
        ('listen_for = ["Who uses it."]', "listen_for = []", "has 0 of 1 texts"),
        ("after =", "afterwards =", "is missing"),
        ("before =", 'later = "x"\nbefore =', "is not a key here"),
    ],
)
def test_a_faulty_file_is_named_with_its_remedy(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    lab = load_folder(Path(shutil.copytree(FIXTURE, tmp_path / "lab")))
    text = SOUND
    (lab.folder / FILE).write_text(text)
    assert teaching_notes(lab) is not None
    assert old in text

    (lab.folder / FILE).write_text(text.replace(old, new))

    with pytest.raises(ContentError, match=message):
        teaching_notes(lab)


def test_a_fault_in_the_notes_is_a_fault_of_the_lab(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FIXTURE, tmp_path / "lab"))
    (folder / FILE).write_text("")

    assert [fault.check for fault in prove(load_folder(folder)).faults] == ["teaching"]
