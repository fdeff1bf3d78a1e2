"""Finding labs by folder and loading their words and physics, once per process.

A lab is any folder with a `lab.toml` below `labs/explore`, or below a folder that the environment
variable `LABS_PATH` names (a course's private labs). `labs/README.md` describes the files.
"""

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType

from labs.content import (
    CriterionText,
    Lab,
    LabPart,
    LedgerRead,
    Synthesis,
    TrackText,
)
from labs.contract import TRACKS, Part, Scalar
from labs.part_text import part_text
from labs.tables import ContentError, Table
from labs.words import markdown

LABS = Path(__file__).resolve().parent


class UnknownLab(LookupError):
    """No folder holds a lab of that slug."""


def roots() -> tuple[Path, ...]:
    more = os.environ.get("LABS_PATH", "")
    return (LABS / "explore", *(Path(path).resolve() for path in more.split(os.pathsep) if path))


def lab_folders() -> list[Path]:
    """Return every lab's folder; `template` is the pattern of `newlab`, not a lab."""
    found = (file.parent for root in roots() for file in sorted(root.rglob("lab.toml")))
    return [folder for folder in found if folder.name != "template"]


def slug_of(folder: Path) -> str:
    return Table.of_file(folder / "lab.toml", _name(folder, "lab.toml")).text("slug")


@cache
def _folder_by_slug() -> dict[str, Path]:
    """Return every folder whose slug can be read; `warm` reports the others."""
    found = {}
    for folder in lab_folders():
        with suppress(ContentError):
            found[slug_of(folder)] = folder
    return found


def slugs() -> tuple[str, ...]:
    return tuple(_folder_by_slug())


@cache
def load_lab(slug: str) -> Lab:
    """Return the lab of that slug.

    Raises
    ------
    UnknownLab
        If there is none.
    ContentError
        If one of its files has a fault.
    """
    folder = _folder_by_slug().get(slug)
    if folder is None:
        raise UnknownLab(f"no lab has the slug {slug!r}; there are {sorted(_folder_by_slug())}")
    return load_folder(folder)


def all_labs() -> tuple[Lab, ...]:
    """Return every lab that loads, by volume and number; `warm` reports the others."""
    labs = []
    for slug in slugs():
        with suppress(ContentError):
            labs.append(load_lab(slug))
    return tuple(sorted(labs, key=lambda lab: (lab.volume, lab.number)))


def warm() -> dict[str, str]:
    """Load every lab, so that no student waits for it; return what is wrong with which folder."""
    faults = {}
    for folder in lab_folders():
        try:
            load_lab(slug_of(folder))
        except ContentError as error:
            faults[folder.name] = str(error)
    return faults


def forget() -> None:
    """Drop what was loaded, so that the next call reads the files again."""
    _folder_by_slug.cache_clear()
    load_lab.cache_clear()


def load_folder(folder: Path) -> Lab:
    """Return the lab in a folder, read anew."""
    table = Table.of_file(folder / "lab.toml", _name(folder, "lab.toml"))
    tracks = _tracks(table)
    lab = Lab(
        slug=table.text("slug"),
        version=table.text("version"),
        volume=table.integer("volume"),
        number=table.integer("number"),
        title=table.text("title"),
        chapter=table.text("chapter"),
        reading=table.text("reading", ""),
        core_question=table.text("core_question"),
        objectives=table.texts("objectives"),
        prerequisites=table.texts("prerequisites", ()),
        tracks=tracks,
        parts=_parts(folder, table, tuple(track.id for track in tracks)),
        synthesis=_synthesis(table.table("synthesis")),
        reads=(reads := _reads(table)),
        ledgers=_ledgers(table, reads),
        has_portfolio=table.flag("portfolio", False),
        folder=folder,
    )
    table.close()
    return lab


def _name(folder: Path, file: str) -> str:
    return f"{folder.name}/{file}"


def _tracks(table: Table) -> tuple[TrackText, ...]:
    wanted = table.texts("tracks")
    for track in wanted:
        if track not in TRACKS:
            table.refuse("tracks", f"{track!r} is no track; use {', '.join(TRACKS)}")
    if not wanted:
        table.refuse("tracks", "needs at least one track")
    found = {}
    for track, text in table.each("tracks_text"):
        found[track] = TrackText(id=track, label=text.text("label"), machine=text.text("machine"))
        text.close()
    missing = [track for track in wanted if track not in found]
    if missing:
        table.refuse("tracks_text", f"write [tracks_text.{missing[0]}] with label and machine")
    return tuple(found[track] for track in wanted)


def _parts(folder: Path, table: Table, tracks: tuple[str, ...]) -> tuple[LabPart, ...]:
    names = table.texts("parts")
    if not names:
        table.refuse("parts", 'needs at least one part, as in parts = ["a"]')
    module = _model_module(folder)
    return tuple(
        part_text(
            Table.of_file(folder / f"{name}.toml", _name(folder, f"{name}.toml")),
            name,
            tracks,
            _model(module, folder, name),
        )
        for name in names
    )


def _model(module: ModuleType, folder: Path, part: str) -> Part:
    wanted = getattr(module, part.upper(), None)
    if not (isinstance(wanted, type) and issubclass(wanted, Part)):
        raise ContentError(
            _name(folder, "model.py"), f"class {part.upper()}", wanted, "define it as class of Part"
        )
    return wanted()


def _model_module(folder: Path) -> ModuleType:
    if not (folder / "model.py").is_file():
        raise ContentError(_name(folder, "model.py"), "file", None, "is missing; write it")
    if LABS in folder.parents:
        package = ".".join(("labs", *folder.relative_to(LABS).parts))
        return importlib.import_module(f"{package}.model")
    return _outside_module(folder)


def _outside_module(folder: Path) -> ModuleType:
    """Import model.py of a folder outside this package, so that `from . import x` works in it."""
    package = f"_lab_{folder.name}_{abs(hash(folder))}"
    if package not in sys.modules:
        parent = ModuleType(package)
        parent.__path__ = [str(folder)]
        sys.modules[package] = parent
    return importlib.import_module(f"{package}.model")


def _synthesis(table: Table) -> Synthesis:
    log = table.table("decision_log")
    synthesis = Synthesis(
        minutes=table.integer("minutes", 5),
        takeaways_html=tuple(markdown(text) for text in table.texts("takeaways")),
        prompt_html=markdown(log.text("prompt")),
        words_min=log.integer("words_min", 60),
        words_max=log.integer("words_max", 200),
        criteria=tuple(_criterion(item) for item in log.tables("criteria")),
        discussion=table.texts("discussion", log.texts("discussion", ())),
    )
    if not 0 < synthesis.words_min < synthesis.words_max:
        log.refuse("words_min", f"must be below words_max = {synthesis.words_max}")
    if not synthesis.criteria:
        log.refuse("criteria", "needs at least one criterion")
    log.close()
    table.close()
    return synthesis


def _criterion(table: Table) -> CriterionText:
    criterion = CriterionText(
        id=table.word("id"),
        title=table.text("title"),
        full=table.text("full"),
        part=table.text("part"),
        none=table.text("none"),
    )
    table.close()
    return criterion


def _reads(table: Table) -> tuple[LedgerRead, ...]:
    ledger = table.maybe("ledger")
    if ledger is None:
        return ()
    reads = []
    for item in ledger.tables("reads"):
        reads.append(
            LedgerRead(name=item.word("name"), key=item.text("key"), default=item.scalar("default"))
        )
        item.close()
    ledger.has("examples")
    ledger.close()
    return tuple(reads)


def _ledgers(table: Table, reads: tuple[LedgerRead, ...]) -> tuple[Mapping[str, Scalar], ...]:
    """Return examples of ledgers, each with the defaults of what it leaves out."""
    ledger = table.maybe("ledger")
    defaults = {read.name: read.default for read in reads}
    found = []
    for item in ledger.tables("examples") if ledger else []:
        given = item.scalar_map("reads")
        item.close()
        for name, value in given.items():
            if name not in defaults:
                item.refuse("reads", f"{name!r} is nothing the lab reads")
            if type(value) is not type(defaults[name]):
                item.refuse("reads", f"{name!r} must be of the type of its default")
        found.append({**defaults, **given})
    return tuple(found)
