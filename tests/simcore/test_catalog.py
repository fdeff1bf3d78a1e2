"""Walks every item of the catalogue, and breaks each rule of its files once."""

import subprocess
import sys
from pathlib import Path

import pytest

from simcore import catalog
from simcore.catalog.facts import Kind
from simcore.catalog.items import item_from_file
from simcore.errors import CatalogueError, NotInCatalogue

ITEMS = [(c, i) for c in catalog.categories() for i in catalog.names(c)]
GOOD = """
name = "A machine"
bandwidth = {value = "1 GB/s", source = "sheet"}
[sources.sheet]
kind = "datasheet"
text = "Sheet"
url = "https://example.org"
read = 2026-11-20
"""


@pytest.mark.parametrize(("category", "id_"), ITEMS)
def test_every_item_loads_and_every_number_has_its_source(category, id_):
    found = catalog.item(category, id_)

    assert found.name
    assert len(found) > 0
    for fact in found.values():
        assert fact.source.text
        if fact.source.kind in (Kind.DATASHEET, Kind.PAPER, Kind.MEASURED):
            assert fact.source.url.startswith("https://")


@pytest.mark.parametrize("id_", catalog.names("hardware"))
def test_every_machine_has_peaks_memory_and_a_ridge(id_):
    machine = catalog.hardware(id_)

    assert machine.peaks
    for precision in machine.peaks:
        assert 0.004 < machine.ridge(precision) < 4000
    assert machine.capacity > 0


def test_the_h100_carries_the_published_figures():
    machine = catalog.hardware("h100-sxm")

    assert (machine.peak("fp16"), machine.bandwidth, machine.capacity, machine.power) == (
        989e12, 3.35e12, 80e9, 700.0)  # fmt: skip
    assert machine.ridge("fp16") == pytest.approx(295.2, abs=0.05)
    assert machine.item["peak.fp16"].source.kind == Kind.DATASHEET


def test_an_item_says_which_numbers_it_holds():
    found = catalog.item("hardware", "phone-npu")

    assert "bandwidth" in found
    assert "l2.bandwidth" not in found
    assert found.get("l2.bandwidth") is None


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(NotInCatalogue, match="did you mean 'h100-sxm'"):
        catalog.hardware("H100")
    with pytest.raises(NotInCatalogue, match="did you mean 'hardware'"):
        catalog.names("hardwear")
    with pytest.raises(NotInCatalogue, match="did you mean 'fp16'"):
        catalog.hardware("h100-sxm").peak("fp17")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "sheet"', 'source = "shet"', "did you mean 'sheet'"),
        ('{value = "1 GB/s", source = "sheet"}', "5", "has no source"),
        ('"1 GB/s"', '"1 GB"', "must be in byte/s"),
        ('"1 GB/s"', '"1 GBs"', "write GB/s"),
        ('url = "https://example.org"', "", "needs url and read"),
        ('kind = "datasheet"', 'kind = "rumour"', "rumour"),
        ('name = "A machine"', "", "name is missing"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_by_name(tmp_path: Path, old, new, message):
    path = tmp_path / "machine.toml"
    path.write_text(GOOD)
    assert item_from_file(path)["bandwidth"].value == 1e9

    path.write_text(GOOD.replace(old, new))

    with pytest.raises(CatalogueError, match=message) as caught:
        item_from_file(path)
    assert "machine.toml" in str(caught.value)


def test_importing_the_catalogue_reads_no_file_and_loads_numpy_only():
    code = (
        "import sys, numpy; before = set(sys.modules)\n"
        "import simcore.catalog, simcore.equations.roofline\n"
        "heavy = {'tomllib', 'json', 'asyncio', 'django'} & (set(sys.modules) - before)\n"
        "assert not heavy, heavy"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_title_is_the_items_name_and_an_unknown_one_is_refused():
    for category in ("hardware", "models"):
        for id_ in catalog.names(category):
            assert catalog.title(category, id_) == catalog.item(category, id_).name
    with pytest.raises(NotInCatalogue, match="did you mean 'h100-sxm'"):
        catalog.title("hardware", "h100sxm")
