"""What one does on a board: a folder in `labs/deploy` with `activity.toml` and `model.py`.

The TOML holds the words; `model.py` defines one `Model`: what may be chosen, what a kit is asked,
what simcore predicts for a board, and what others have published for it. An activity stands in
the weeks of those course maps whose `deploy` names its title; nothing else lists it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path

from labs.contract import BenchTask, Estimate, Knob, Measured, Scalar
from labs.tables import Table
from labs.words import markdown

FOLDER = Path(__file__).parent / "deploy"
Design = Mapping[str, Scalar]
TRACKS = ("accuracy", "latency", "energy", "memory")


class UnknownActivity(LookupError):
    """There is no activity of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One predicted number of a design on a board, in SI, with the Iron-Law terms of a time [s]."""

    id: str
    predicted: Estimate
    bound: str = ""
    terms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What somebody else measured on the same board, and where it stands."""

    figure: str
    value: float
    what: str
    source: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One outcome of a kit: the task's own value, its energy, arguments and facts beside them."""

    measured: Measured
    energy_j: float | None = None
    energy_spread_j: float = 0.0
    facts: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An earlier measurement on the same kit: what was measured, and its time. [s]"""

    design: Design
    time_s: float


class ActivityModel(ABC):
    """The physics of one activity. Pure: nothing reads a clock, a file or the network."""

    @abstractmethod
    def design(self) -> tuple[Knob, ...]:
        """Return what the student chooses; every combination must be predictable."""

    @abstractmethod
    def boards(self) -> tuple[str, ...]:
        """Return the catalogue's boards that this can be predicted for, the usual one first."""

    @abstractmethod
    def tasks(self, design: Design, board: str) -> tuple[BenchTask, ...]:
        """Return what a kit is asked; nothing if no kit can."""

    @abstractmethod
    def predict(self, design: Design, board: str, past: Sequence[Past] = ()) -> tuple[Figure, ...]:
        """Return what simcore expects, calibrated on earlier measurements where there are some."""

    @abstractmethod
    def read(self, told: Mapping[str, Told]) -> dict[str, Measured]:
        """Return the measured figures by id, from a kit's outcomes by task id."""

    def published(self, design: Design, board: str) -> tuple[Published, ...]:
        """Return what others measured for the same work on the same board."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How a choice or figure is called, how it prints, and what its values are called."""

    label: str
    format: str
    help: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    slug: str
    title: str
    device: str
    question: str
    about_html: str
    look_for_html: str
    is_ranked: bool
    choices: Mapping[str, Words]
    figures: Mapping[str, Words]
    model: ActivityModel


@cache
def all_activities() -> tuple[Activity, ...]:
    """Return every activity, by slug."""
    return tuple(_load(path.parent) for path in sorted(FOLDER.glob("*/activity.toml")))


def load_activity(slug: str) -> Activity:
    """Return one activity.

    Raises
    ------
    UnknownActivity
        If there is none of that name.
    """
    for activity in all_activities():
        if activity.slug == slug:
            return activity
    raise UnknownActivity(f"no activity is called {slug[:60]!r}")


def activity_titled(title: str) -> Activity | None:
    """Return the activity that a course map names by its title."""
    return next((activity for activity in all_activities() if activity.title == title), None)


def _load(folder: Path) -> Activity:
    table = Table.of_file(folder / "activity.toml", f"deploy/{folder.name}/activity.toml")
    model = import_module(f"labs.deploy.{folder.name}.model").Model()
    made = Activity(
        slug=folder.name.replace("_", "-"),
        title=table.text("title"),
        device=table.text("device"),
        question=table.text("question"),
        about_html=markdown(table.text("about")),
        look_for_html=markdown(table.text("look_for")),
        is_ranked=table.flag("ranked", False),
        choices={entry.word("id"): _words(entry) for entry in table.tables("design")},
        figures={entry.word("id"): _words(entry) for entry in table.tables("figure")},
        model=model,
    )
    table.close()
    knobs = {knob.id for knob in model.design()}
    if knobs != set(made.choices):
        table.refuse("design", f"must name what the model lets one choose, {sorted(knobs)}")
    return made


def _words(table: Table) -> Words:
    table.text("id")
    words = Words(
        label=table.text("label"),
        format=table.text("format", "g3"),
        help=table.text("help", ""),
        texts=table.text_map("texts"),
    )
    table.close()
    return words
