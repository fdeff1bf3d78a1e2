"""The public peer's registry, name by name: all of it is in the catalogue, its errors are not."""

import tomllib
from pathlib import Path

import pytest

from simcore import catalog

PEER = tomllib.loads((Path(__file__).parent / "data" / "peer_registry.toml").read_text())
WRONG = PEER.pop("wrong")
NAMES = [(group, theirs, ours) for group, names in PEER.items() for theirs, ours in names.items()]


@pytest.mark.parametrize(("group", "theirs", "ours"), NAMES)
def test_everything_the_peer_lists_is_here(group: str, theirs: str, ours: str) -> None:
    found = catalog.item(*ours.split("/"))

    assert len(found) > 0, f"{group} {theirs} has no numbers"


def test_the_list_is_the_peers_whole_list() -> None:
    least = {"hardware": 52, "models": 38, "grids": 12, "data_centres": 7, "cooling": 6, "nodes": 8,
             "fabrics": 14, "clusters": 20, "storage": 19, "tech": 18}  # fmt: skip

    assert {group: len(PEER[group]) for group in least} == least
    for group in ("hardware", "models", "grids", "nodes", "fabrics", "clusters", "storage"):
        assert len(set(PEER[group].values())) == len(PEER[group]), f"two of {group} are one item"


@pytest.mark.parametrize("entry", WRONG, ids=lambda e: f"{e['ours']}:{e['fact']}")
def test_what_the_peer_has_wrong_is_right_here(entry: dict[str, str | float]) -> None:
    ours = catalog.item(*str(entry["ours"]).split("/")).value(str(entry["fact"]))

    assert ours != pytest.approx(entry["theirs"], rel=0.02), entry["why"]
