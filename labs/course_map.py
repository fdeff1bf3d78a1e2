"""Course maps: what a class reads, builds, explores and deploys, week by week.

A map is one file in `labs/courses/maps`; adding one touches nothing else. Labs are named by slug,
which never changes; the number of a lab belongs to the map's edition. A map may name labs that
are not installed: they are shown as such.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labs.tables import Table

MAPS_DIR = Path(__file__).parent / "courses" / "maps"
TERMS = ("D_vol", "BW", "O", "R_peak", "eta", "L_lat")


class UnknownMap(LookupError):
    """There is no map of that slug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module of the framework that students write themselves."""

    slug: str
    number: int
    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MapLab:
    """A lab as the edition numbers and names it."""

    slug: str
    number: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What one can do on a board in this week."""

    activity: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something besides labs that is due at the end of a week."""

    what: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    number: int
    part: str
    read: tuple[Reading, ...]
    build: Module | None
    note: str
    labs: tuple[MapLab, ...]
    deploy: Activity | None
    due: tuple[Due, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How one kind of work shows mastery: the assessment and practice layer."""

    moment: str
    mastery: str
    artifact: str
    practice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What one kind of work counts in the whole [%]."""

    what: str
    percent: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IronLawTerm:
    """Where the course meets one term of T = D_vol / BW + O / (R_peak eta) + L_lat."""

    term: str
    meaning: str
    examples: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseMap:
    slug: str
    edition: str
    title: str
    description: str
    period: str
    is_graded: bool
    source: Reading
    labs: tuple[MapLab, ...]
    weeks: tuple[Week, ...]
    evidence: tuple[Evidence, ...]
    iron_law: tuple[IronLawTerm, ...]
    # How the whole is graded, where the syllabus says so; together 100.
    weights: tuple[Weight, ...]


def all_maps() -> tuple[CourseMap, ...]:
    """Return every map, the longest first."""
    maps = (load_map(path.stem) for path in MAPS_DIR.glob("*.toml"))
    return tuple(sorted(maps, key=lambda m: (-len(m.weeks), m.slug)))


@cache
def load_map(slug: str) -> CourseMap:
    """Return the map of that slug.

    Raises
    ------
    UnknownMap
        If there is none.
    ContentError
        If its file has a fault, naming key, value and remedy.
    """
    known = sorted(path.stem for path in MAPS_DIR.glob("*.toml"))
    if slug not in known:
        raise UnknownMap(f"no course map is called {slug!r}; there are {known}")
    return read_map(MAPS_DIR / f"{slug}.toml")


def read_map(path: Path) -> CourseMap:
    """Return the map in a file, read anew.

    Raises
    ------
    ContentError
        If the file has a fault, naming key, value and remedy.
    """
    table = Table.of_file(path, f"courses/maps/{path.name}")
    labs = tuple(_lab(entry) for entry in table.tables("lab"))
    by_slug = {lab.slug: lab for lab in labs}
    if len(by_slug) < len(labs):
        table.refuse("lab", "names one lab twice; a slug is one lab")
    source = table.table("source")
    made = CourseMap(
        slug=table.text("slug"),
        edition=table.text("edition"),
        title=table.text("title"),
        description=table.text("description"),
        period=table.choice("period", ("week", "day"), "week"),
        is_graded=table.flag("graded", True),
        source=_reading(source, "text"),
        labs=labs,
        weeks=tuple(_weeks(table, by_slug)),
        evidence=tuple(_evidence(entry) for entry in table.tables("evidence")),
        iron_law=tuple(_term(entry) for entry in table.tables("iron_law")),
        weights=tuple(_weight(entry) for entry in table.tables("weight")),
    )
    table.close()
    if made.slug != path.stem:
        table.refuse("slug", f"must be the file's name, {path.stem!r}")
    whole = sum(weight.percent for weight in made.weights)
    if made.weights and whole != 100:
        table.refuse("weight", f"adds up to {whole} percent, not to 100")
    if not made.weeks:
        table.refuse("week", "is missing; write one [[week]] for each week")
    return made


def _weeks(table: Table, labs: dict[str, MapLab]) -> Iterator[Week]:
    placed: set[str] = set()
    for number, entry in enumerate(table.tables("week"), start=1):
        week = _week(entry, number, labs)
        twice = placed.intersection(lab.slug for lab in week.labs)
        if twice:
            entry.refuse("labs", f"{min(twice)!r} stands in an earlier week; a lab has one week")
        placed.update(lab.slug for lab in week.labs)
        yield week
    idle = sorted(set(labs) - placed)
    if idle:
        table.refuse("lab", f"{idle[0]!r} stands in no week; place it or remove it")


def _week(table: Table, number: int, labs: dict[str, MapLab]) -> Week:
    slugs = table.texts("labs", ())
    for slug in slugs:
        if slug not in labs:
            table.refuse("labs", f"{slug!r} is no [[lab]] of this map; there are {sorted(labs)}")
    build, deploy = table.maybe("build"), table.maybe("deploy")
    week = Week(
        number=number,
        part=table.text("part"),
        read=tuple(_reading(entry, "title") for entry in table.tables("read")),
        build=_module(build) if build else None,
        note=table.text("note", ""),
        labs=tuple(labs[slug] for slug in slugs),
        deploy=_activity(deploy) if deploy else None,
        due=tuple(_due(entry) for entry in table.tables("due")),
    )
    table.close()
    return week


def _lab(table: Table) -> MapLab:
    lab = MapLab(slug=table.text("slug"), number=table.integer("number"), title=table.text("title"))
    table.close()
    return lab


def _reading(table: Table, title_key: str) -> Reading:
    reading = Reading(title=table.text(title_key), url=table.text("url"))
    if not reading.url.startswith("https://"):
        table.refuse("url", "must begin with https://")
    table.close()
    return reading


def _module(table: Table) -> Module:
    module = Module(
        slug=table.text("module"),
        number=table.integer("number"),
        title=table.text("title"),
        url=table.text("url"),
    )
    table.close()
    return module


def _activity(table: Table) -> Activity:
    activity = Activity(activity=table.text("activity"), device=table.text("device"))
    table.close()
    return activity


def _due(table: Table) -> Due:
    due = Due(what=table.text("what"), title=table.text("title"))
    table.close()
    return due


def _weight(table: Table) -> Weight:
    weight = Weight(
        what=table.text("what"), percent=table.integer("percent"), detail=table.text("detail", "")
    )
    table.close()
    return weight


def _evidence(table: Table) -> Evidence:
    evidence = Evidence(
        moment=table.text("moment"),
        mastery=table.text("mastery"),
        artifact=table.text("artifact"),
        practice=table.text("practice"),
    )
    table.close()
    return evidence


def _term(table: Table) -> IronLawTerm:
    term = IronLawTerm(
        term=table.choice("term", TERMS),
        meaning=table.text("meaning"),
        examples=table.text("examples"),
    )
    table.close()
    return term
