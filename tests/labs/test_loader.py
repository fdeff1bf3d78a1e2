"""Labs found by folder, read strictly."""

import shutil
from pathlib import Path

import pytest

from labs import loader
from labs.content import Lab
from labs.loader import load_folder
from labs.part_plots import output_text
from labs.tables import ContentError, Table

FIXTURE = Path(__file__).parent / "fixture_lab"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURE, tmp_path / "copied_lab"))


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


def test_a_lab_holds_its_words_and_its_physics() -> None:
    lab: Lab = load_folder(FIXTURE)

    assert [part.id for part in lab.parts] == ["a", "b"]
    assert type(lab.parts[0].model).__name__ == "A"
    assert lab.parts[0].equations_html[0].startswith("<math")
    assert "<em>{rate:si bit/s}</em>" in lab.parts[0].stories["cloud"].html
    assert lab.minutes == 2 + 7 + 11 + 5


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("lab.toml", 'title = "Moving', 'titel = "Moving', "lab.toml: title: is missing"),
        ("lab.toml", '"cloud", "tiny"', '"cloud", "moon"', "'moon' is no track"),
        ("lab.toml", "words_min = 10", "words_min = 90", "must be below words_max = 60"),
        ("a.toml", "minutes = 7", 'minutes = "7"', "minutes = '7': must be a whole number"),
        ("a.toml", 'format = "si B"', 'format = "bytes"', "unknown number format 'bytes'"),
        ("a.toml", 'kind = "line"', 'kind = "pie"', "must be one of line, bar"),
        ("a.toml", "[story.tiny]", "[story.edge]", r"write \[story.tiny\]"),
        ("a.toml", 'help = "', 'halp = "', "did you mean 'help'"),
        ("a.toml", "\\\\frac{8 D}{R}", "\\\\frac{8 D}{", "write it in simpler LaTeX"),
        ("b.toml", "s = 1, ", "", "must hold the unit itself"),
        ("b.toml", 'better = "lower"', 'better = "higher"', "the model says 'lower'"),
        ("model.py", "class B(Part)", "class C(Part)", "class B.*define it"),
    ],
)
def test_a_fault_is_refused_with_file_key_value_and_remedy(
    copy: Path, file: str, old: str, new: str, message: str
) -> None:
    change(copy, file, old, new)

    with pytest.raises(ContentError, match=message):
        load_folder(copy)


def test_a_key_that_toml_swallowed_is_named_as_such(copy: Path) -> None:
    text = (copy / "b.toml").read_text()
    line = next(line for line in text.splitlines() if line.startswith("explanation"))
    (copy / "b.toml").write_text(text.replace(line, "") + f"\n{line}\n")

    with pytest.raises(ContentError, match="above the first"):
        load_folder(copy)


def test_how_a_number_is_known_may_be_a_parameter_of_the_student() -> None:
    table = Table({"id": "peak", "label": "peak", "evidence": "{peak_known}"}, "a.toml")
    assert output_text(table).evidence == "{peak_known}"

    for wrong in ("rumoured", "{peak known}", "peak_known"):
        with pytest.raises(ContentError, match=r"evidence.*must be one of"):
            output_text(Table({"id": "peak", "label": "peak", "evidence": wrong}, "a.toml"))


def test_a_broken_lab_does_not_close_the_others(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Path(shutil.copytree(FIXTURE, copy.parent / "broken_lab"))
    change(broken, "lab.toml", 'slug = "fixture-moving-bytes"', "slug = 5")
    monkeypatch.setenv("LABS_PATH", str(copy.parent))
    loader.forget()

    assert "fixture-moving-bytes" in {lab.slug for lab in loader.all_labs()}
    assert "must be text in quotes" in loader.warm()["broken_lab"]
    loader.forget()
