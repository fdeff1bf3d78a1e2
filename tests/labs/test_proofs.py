"""The proofs of content: a sound lab holds, and each broken one is refused with its message."""

import json
import shutil
import tomllib
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from labs import loader
from labs.proofs import ALL, prove_folder

HERE = Path(__file__).parent
FIXTURE = HERE / "fixture_lab"
BROKEN = sorted((HERE / "broken").glob("*.toml"))


def broken_lab(fault: Path, where: Path) -> Path:
    """Return the folder of a fixture lab with one fault."""
    folder = Path(shutil.copytree(FIXTURE, where / fault.stem))
    for change in tomllib.loads(fault.read_text())["change"]:
        file = folder / change["file"]
        text = file.read_text()
        assert change["old"] in text, change["old"]
        file.write_text(text.replace(change["old"], change["new"], 1))
    return folder


def test_a_sound_lab_holds_every_check() -> None:
    proof = prove_folder(FIXTURE)

    assert proof.faults == ()
    assert [part.id for part in proof.parts] == ["a", "b"]
    assert all(all(part.checks.values()) for part in proof.parts)
    assert set(proof.parts[0].checks) == {"loads", *ALL}
    assert proof.parts[0].margin == pytest.approx(8)


@pytest.mark.parametrize("fault", BROKEN, ids=lambda path: path.stem)
def test_a_broken_lab_is_refused_with_its_message(fault: Path, tmp_path: Path) -> None:
    expected = tomllib.loads(fault.read_text())

    faults = prove_folder(broken_lab(fault, tmp_path)).faults

    told = [found for found in faults if expected["message"] in found.message]
    assert told, [found.message for found in faults]
    assert told[0].check == expected["check"]
    assert fault.stem in told[0].message


def test_every_check_has_a_broken_lab() -> None:
    refused = {tomllib.loads(fault.read_text())["check"] for fault in BROKEN}

    # A RealityCheck that is wrong cannot be made by changing words; math fails while loading.
    assert set(ALL) - refused == {"reality", "math"}


def test_the_command_prints_json_and_fails_where_a_lab_fails(tmp_path: Path) -> None:
    folder = broken_lab(HERE / "broken" / "two_right.toml", tmp_path)
    output = StringIO()

    with pytest.raises(SystemExit):
        call_command("check_content", "--json", "--folder", str(folder), stdout=output)

    content = json.loads(output.getvalue())
    assert content["labs"][0]["parts"][0]["checks"]["one_right"] is False
    assert content["labs"][0]["parts"][0]["checks"]["words"] is True
    assert content["failures"][0]["part"] == "a"
    assert "2 options are right" in content["failures"][0]["message"]


def test_a_new_lab_from_the_template_proves_itself(tmp_path: Path) -> None:
    call_command(
        "newlab", "v1-14-drift", "--volume", "1", "--number", "14", "--root", str(tmp_path),
        stdout=StringIO(),
    )  # fmt: skip

    proof = prove_folder(tmp_path / "vol1" / "lab_14_drift")

    assert proof.faults == ()
    assert (proof.slug, proof.volume) == ("v1-14-drift", 1)


def test_a_slug_in_use_or_malformed_is_refused(tmp_path: Path) -> None:
    arguments = ["--volume", "1", "--number", "14", "--root", str(tmp_path)]
    call_command("newlab", "v1-14-drift", *arguments, stdout=StringIO())

    with pytest.raises(CommandError, match="is there already"):
        call_command("newlab", "v1-14-drift", *arguments)
    with pytest.raises(CommandError, match="is no slug"):
        call_command("newlab", "Drift", *arguments)


def test_the_template_is_no_lab_itself() -> None:
    assert "template" not in {folder.name for folder in loader.lab_folders()}


@pytest.mark.slow
@pytest.mark.parametrize("folder", loader.lab_folders(), ids=lambda folder: folder.name)
def test_every_lab_proves_itself(folder: Path) -> None:
    assert prove_folder(folder).faults == ()
