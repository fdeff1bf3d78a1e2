"""Reads the catalogue's TOML: one file per item, one folder per category.

    name = "NVIDIA H100 SXM5 80 GB"
    year = 2022                                            # optional
    tags = ["accelerator", "cloud"]                        # optional
    bandwidth = {value = "3.35 TB/s", source = "datasheet"}
    peak.fp16 = {value = "989 TFLOP/s", source = "datasheet", note = "dense"}

    [uses]                                                 # optional: items this one is made of
    memory = "memories/hbm3"

    [sources.datasheet]
    kind = "datasheet"
    text = "NVIDIA H100 Tensor Core GPU datasheet"
    url = "https://..."
    read = 2026-11-20

Every number names one of the file's sources; a bare number in a file is refused. Nested tables
become dotted names (`peak.fp16`). `peak` is dense; what a vendor prints with sparsity is `sparse`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from simcore.catalog.facts import Fact, Kind, Source
from simcore.errors import CatalogueError, NotInCatalogue, UnitError, unknown
from simcore.units import parse

ROOT = Path(__file__).parent
_TITLE = re.compile(r'name = "([^"\\\\]+)"\s*\Z')  # one without escapes
_RESERVED = {"name", "year", "tags", "note", "uses", "sources"}
_RATES = ("peak.", "sparse.", "sustained.", "gpu.")  # always FLOP/s

# What these last parts of a dotted name must be measured in, wherever they stand.
DIMENSIONS = MappingProxyType({
    "bandwidth": "byte/s", "capacity": "byte", "power": "W", "latency": "s", "overhead": "s",
    "clock": "1/s", "price": "USD", "idle_power": "W",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Mapping[str, Fact]):
    """One catalogue entry: a mapping of dotted names to facts, with a title.

    Names reach through what it uses: `cluster["node.accelerator.power"]`.
    """

    category: str
    id: str
    name: str
    facts: Mapping[str, Fact]
    year: int | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    uses: Mapping[str, str] = field(default_factory=dict)
    """Items this one is made of, by role: {"accelerator": "hardware/h100-sxm"}."""

    def __getitem__(self, name: str) -> Fact:
        last, rest = self._reached(name)
        found = last.facts.get(rest)
        if found is None:
            raise NotInCatalogue(unknown(f"number of {last.category}/{last.id} named", rest, last))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def get(self, name: str, default: Any = None) -> Any:
        """Return a fact, or the default without a search for the nearest name."""
        last, rest = self._reached(name)
        return last.facts.get(rest, default)

    def _reached(self, name: str) -> tuple["Item", str]:
        """Return the item a name leads to through what is used, and what is left of the name."""
        role, _, rest = name.partition(".")
        if name not in self.facts and rest and role in self.uses:
            return self.used(role)._reached(rest)
        return self, name

    def value(self, name: str) -> float:
        """Return one number in SI."""
        return self[name].value

    def used(self, role: str) -> "Item":
        """Return the item this one uses in a role, such as a node's "accelerator".

        Raises
        ------
        NotInCatalogue
            If it uses none in that role, or the one named does not exist.
        """
        if role not in self.uses:
            raise NotInCatalogue(unknown(f"role of {self.category}/{self.id}", role, self.uses))
        return item(*self.uses[role].split("/"))

    def under(self, prefix: str) -> dict[str, float]:
        """Return the numbers below a prefix: `under("peak")` gives {"fp16": 9.89e14, ...}."""
        start = f"{prefix}."
        return {n.removeprefix(start): f.value for n, f in self.items() if n.startswith(start)}


@cache
def categories() -> tuple[str, ...]:
    """Return the folders of the catalogue."""
    return tuple(sorted(p.name for p in ROOT.iterdir() if p.is_dir() and any(p.glob("*.toml"))))


@cache
def names(category: str) -> tuple[str, ...]:
    """Return the ids of a category's items.

    Raises
    ------
    NotInCatalogue
        If there is no such category, naming the nearest.
    """
    if category not in categories():
        raise NotInCatalogue(unknown("category", category, categories()))
    return tuple(sorted(path.stem for path in (ROOT / category).glob("*.toml")))


def title(category: str, id: str) -> str:  # noqa: A002
    """Return an item's name, which the first line of its file says, without reading the rest.

    Raises
    ------
    NotInCatalogue, CatalogueError
        As `item`.
    """
    if id in names(category):
        with (ROOT / category / f"{id}.toml").open(encoding="utf-8") as file:
            if found := _TITLE.match(file.readline()):
                return found[1]
    return item(category, id).name


@cache
def item(category: str, id: str) -> Item:  # noqa: A002
    """Return one item, read at the first call.

    Raises
    ------
    NotInCatalogue
        If there is no such item, naming the nearest.
    CatalogueError
        If its file breaks a rule, naming file and key.
    """
    if id not in names(category):
        raise NotInCatalogue(unknown(f"{category} item", id, names(category)))
    return item_from_file(ROOT / category / f"{id}.toml")


def item_from_file(path: Path) -> Item:
    """Return the item a TOML file describes; its folder is the category, its stem the id."""
    import tomllib  # here, so that importing simcore stays fast

    table = tomllib.loads(path.read_text(encoding="utf-8"))
    where = f"{path.parent.name}/{path.name}"
    sources = {key: _source(value, where, key) for key, value in table.get("sources", {}).items()}
    facts = dict(_facts({k: v for k, v in table.items() if k not in _RESERVED}, sources, where))
    if "name" not in table:
        raise CatalogueError(f"{where}: name is missing")
    return Item(
        category=path.parent.name,
        id=path.stem,
        name=table["name"],
        facts=MappingProxyType(facts),
        year=table.get("year"),
        tags=tuple(table.get("tags", ())),
        note=table.get("note", ""),
        uses=MappingProxyType(_uses(table.get("uses", {}), where)),
    )


def _uses(table: dict[str, Any], where: str) -> dict[str, str]:
    for role, used in table.items():
        if not isinstance(used, str) or used.count("/") != 1:
            raise CatalogueError(f"{where}: uses.{role} is {used!r}; write 'category/id'")
    return table


def _source(table: dict[str, Any], where: str, key: str) -> Source:
    try:
        return Source(**{**table, "kind": Kind(table.get("kind", ""))})
    except (ValueError, TypeError, CatalogueError) as error:
        raise CatalogueError(f"{where}: sources.{key}: {error}") from error


def _facts(
    table: dict[str, Any], sources: Mapping[str, Source], where: str, prefix: str = ""
) -> Iterator[tuple[str, Fact]]:
    for key, entry in table.items():
        name = f"{prefix}{key}"
        if not isinstance(entry, dict):
            raise CatalogueError(
                f"{where}: {name} has no source; write {{value = ..., source = ...}}"
            )
        if "value" in entry:
            yield name, _fact(name, entry, sources, where)
        else:
            yield from _facts(entry, sources, where, f"{name}.")


def _fact(name: str, entry: dict[str, Any], sources: Mapping[str, Source], where: str) -> Fact:
    if entry.get("source") not in sources:
        raise CatalogueError(
            f"{where}: {unknown(f'source of {name}', str(entry.get('source')), sources)}"
        )
    try:
        quantity = parse(str(entry["value"]))
    except UnitError as error:
        raise CatalogueError(f"{where}: {name}: {error}") from error
    needed = "FLOP/s" if name.startswith(_RATES) else DIMENSIONS.get(name.rsplit(".", 1)[-1])
    if needed and quantity.unit != needed:
        raise CatalogueError(f"{where}: {name} is in {quantity.unit}, must be in {needed}")
    source = sources[entry["source"]]
    return Fact(value=quantity.value, unit=quantity.unit, source=source, note=entry.get("note", ""))
