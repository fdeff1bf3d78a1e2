"""The docstrings of the equations, read as data: units for tests, and docs/physics.md.

`python -m simcore.docstrings` prints that page. A unit stands in brackets at the end of each
parameter's and result's description, sources under References.
"""

import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import FunctionType, ModuleType

from simcore import equations

GUARDS = frozenset({"arguments"})  # checks of arguments, not physics
NUMERIC = re.compile(r"\b(array_like|ndarray|float|int)\b")

_UNIT = re.compile(r"\[([^\[\]]+)\]\s*\Z")
_RULE = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)

HEADER = """\
# The physics

Every equation of `simcore.equations`, with its units and where it comes from. This page is
generated from the docstrings: change those, then run `python -m simcore.docstrings >
docs/physics.md`.

All quantities are SI; `[1]` means a pure number. Arrays go in and arrays come out, and a single
number is the array of one.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of Parameters or Returns: `unit` is "" where none is given."""

    name: str
    kind: str
    meaning: str
    unit: str

    @property
    def is_number(self) -> bool:
        return bool(NUMERIC.search(self.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """One public function: its sentence, its terms, its sources."""

    name: str
    module: str
    arguments: tuple[str, ...]
    summary: str
    notes: str
    parameters: tuple[Entry, ...]
    returns: tuple[Entry, ...]
    references: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One module of equations."""

    name: str
    summary: str
    notes: str
    equations: tuple[Equation, ...]


def topics() -> tuple[Topic, ...]:
    """Return every module of `simcore.equations` with its public functions, in order."""
    names = sorted(info.name for info in pkgutil.iter_modules(equations.__path__))
    modules = (importlib.import_module(f"simcore.equations.{name}") for name in names)
    found = (_topic(module) for module in modules)
    return tuple(topic for topic in found if topic.name not in GUARDS and topic.equations)


def read(function: FunctionType) -> Equation:
    """Return a function's docstring as data."""
    text = inspect.getdoc(function) or ""
    head, sections = _sections(text)
    summary, _, notes = head.partition("\n\n")
    return Equation(
        name=function.__name__,
        module=function.__module__,
        arguments=tuple(inspect.signature(function).parameters),
        summary=_joined(summary),
        notes=notes.strip(),
        parameters=tuple(_entries(sections.get("Parameters", ""))),
        returns=tuple(_entries(sections.get("Returns", ""))),
        references=_joined(sections.get("References", "")),
    )


def page() -> str:
    """Return docs/physics.md."""
    found = topics()
    contents = "\n".join(
        f"- [{_title(topic)}](#{_anchor(topic)}): {topic.summary}" for topic in found
    )
    return "\n".join([HEADER, contents, *(_topic_text(topic) for topic in found)])


def _topic(module: ModuleType) -> Topic:
    functions = [
        value
        for name, value in vars(module).items()
        if isinstance(value, FunctionType)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]
    summary, _, notes = (inspect.getdoc(module) or "").partition("\n\n")
    return Topic(
        name=module.__name__.rsplit(".", 1)[1],
        summary=_joined(summary),
        notes=notes.strip(),
        equations=tuple(read(function) for function in functions),
    )


def _sections(text: str) -> tuple[str, dict[str, str]]:
    """Return what stands above the first underlined heading, and the text under each."""
    parts = _RULE.split(text)
    titles, bodies = parts[1::2], parts[2::2]
    return parts[0].strip(), dict(zip(titles, (body.strip("\n") for body in bodies), strict=True))


def _entries(body: str) -> Iterator[Entry]:
    """Yield the entries of a section: a line at the margin, its description indented below."""
    for block in re.split(r"\n(?=\S)", body.strip()):
        head, _, below = block.partition("\n")
        if not head:
            continue
        name, separator, kind = head.partition(" : ")
        meaning = _joined(textwrap.dedent(below))
        unit = _UNIT.search(meaning)
        yield Entry(
            name=name.strip() if separator else "",
            kind=(kind if separator else head).strip(),
            meaning=_UNIT.sub("", meaning).strip(),
            unit=unit[1] if unit else "",
        )


def _joined(text: str) -> str:
    return " ".join(text.split())


def _title(topic: Topic) -> str:
    return topic.name.replace("_", " ").capitalize()


def _anchor(topic: Topic) -> str:
    return topic.name.replace("_", "-")


def _topic_text(topic: Topic) -> str:
    notes = f"\n{topic.notes}\n" if topic.notes else ""
    bodies = "\n".join(_equation_text(equation) for equation in topic.equations)
    return f"\n## {_title(topic)}\n\n{topic.summary}\n{notes}\n{bodies}"


def _equation_text(equation: Equation) -> str:
    rows = [f"| `{entry.name}` | {_row(entry)}" for entry in equation.parameters]
    rows += [f"| **returns** {_named(entry)}| {_row(entry)}" for entry in equation.returns]
    notes = f"\n{equation.notes}\n" if equation.notes else ""
    return (
        f"### `{equation.name}({', '.join(equation.arguments)})`\n\n{equation.summary}\n{notes}\n"
        "| | unit | meaning |\n|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\nSource: {equation.references}\n"
    )


def _row(entry: Entry) -> str:
    return f"{entry.unit} | {entry.meaning.replace('|', '&#124;')} |"


def _named(entry: Entry) -> str:
    return f"`{entry.name}` " if entry.name else ""


if __name__ == "__main__":
    print(page(), end="")
