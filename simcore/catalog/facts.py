"""One number and where it comes from."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from simcore.errors import CatalogueError


class Kind(StrEnum):
    """How a number is known."""

    DATASHEET = "datasheet"
    PAPER = "paper"
    MEASURED = "measured"
    ESTIMATE = "estimate"
    CONVENTION = "convention"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a number was read. Datasheets, papers and measurements carry a link and the date.

    An estimate says in `text` how it was made.
    """

    kind: Kind
    text: str
    url: str = ""
    read: date | None = None

    def __post_init__(self) -> None:
        if self.kind in (Kind.DATASHEET, Kind.PAPER, Kind.MEASURED) and not (
            self.url and self.read
        ):
            raise CatalogueError(f"source {self.text!r}: a {self.kind} needs url and read (a date)")
        if not self.text:
            raise CatalogueError("a source needs a text")

    @property
    def evidence(self) -> str:
        """How a page labels a number from here: published, or assumed."""
        return "assumed" if self.kind is Kind.ESTIMATE else "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A number in SI, its SI unit, its source, and a note where it needs one."""

    value: float
    unit: str
    source: Source
    note: str = ""
