"""A course's grades at a glance: students down, labs across."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from courseserver.courses.models import Assignment, Course
from courseserver.grading import selectors
from courseserver.grading.selectors import Board, BoardRow

FILTERS = {
    "all": "All",
    "needs": "Needs you",
    "failed": "Not sent",
    "differs": "Differs there",
    "missing": "Something not handed in",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    person_id: str
    name: str
    sections: tuple[str, ...]
    cells: tuple[BoardRow | None, ...]

    @property
    def rows(self) -> list[BoardRow]:
        return [cell for cell in self.cells if cell is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    title: str
    url: str
    count: int
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    assignments: tuple[Assignment, ...]
    boards: tuple[Board, ...]
    lines: tuple[Line, ...]
    filters: tuple[Choice, ...]
    sections: tuple[Choice, ...]
    statistics: "tuple[tuple[str, tuple[float | None, ...]], ...]" = ()

    @property
    def failed(self) -> int:
        return sum(board.retryable for board in self.boards)


def _passes(line: Line, show: str) -> bool:
    match show:
        case "needs":
            return any(row.shown.needs_you for row in line.rows)
        case "failed":
            return any(row.shown.tone == "fail" for row in line.rows)
        case "differs":
            return any(row.would_change for row in line.rows if row.score is not None)
        case "missing":
            return any(row.score is None for row in line.rows)
    return True


def matrix(course: Course, query: Mapping[str, str], seen: frozenset[str] | None = None) -> Matrix:
    """Return the course's grades as `show` and `section` of the address let them through.

    `seen`: only students of these sections (`access.sections_seen`).
    """
    boards = selectors.boards(course, seen)
    lines = _lines(boards)
    sections = sorted({name for line in lines for name in line.sections})
    section = query.get("section", "")
    section = section if section in sections else ""
    show = query.get("show", "all")
    show = show if show in FILTERS else "all"
    mine = [line for line in lines if not section or section in line.sections]
    return Matrix(
        assignments=tuple(board.assignment for board in boards),
        boards=tuple(boards),
        lines=tuple(line for line in mine if _passes(line, show)),
        filters=tuple(
            Choice(
                title=title,
                url="?" + urlencode({"show": key, "section": section}),
                count=sum(_passes(line, key) for line in mine),
                is_current=key == show,
            )
            for key, title in FILTERS.items()
        ),
        sections=section_choices(lines, section, show),
        statistics=_statistics(boards, mine),
    )


def _statistics(
    boards: list[Board], lines: Sequence[Line]
) -> tuple[tuple[str, tuple[float | None, ...]], ...]:
    """Return each lab's statistics over full scores, part scores left out: a title, then by lab."""
    by_lab = [
        [cell.points for line in lines if (cell := line.cells[i]) and _is_full(cell)]
        for i in range(len(boards))
    ]
    points = [[p for p in column if p is not None] for column in by_lab]
    kinds: tuple[tuple[str, Callable[[list[float]], float], int], ...] = (
        ("Scores", len, 0),
        ("Mean", statistics.fmean, 1),
        ("Median", statistics.median, 1),
        ("Standard deviation", statistics.stdev, 2),
        ("Least", min, 1),
        ("Most", max, 1),
    )
    return tuple(
        (title, tuple(of(column) if len(column) >= least else None for column in points))
        for title, of, least in kinds
    )


def _is_full(cell: BoardRow) -> bool:
    return cell.score is not None and cell.score.is_full


def section_choices(
    people: Sequence[Line | BoardRow], section: str, show: str
) -> tuple[Choice, ...]:
    """Return the choice of a section, where there are several."""
    names = sorted({name for person in people for name in person.sections})
    if len(names) < 2:
        return ()
    counts = {name: sum(name in person.sections for person in people) for name in names}
    every = Choice(
        title="All sections",
        url="?" + urlencode({"show": show}),
        count=len(people),
        is_current=not section,
    )
    return (
        every,
        *(
            Choice(
                title=name,
                url="?" + urlencode({"show": show, "section": name}),
                count=counts[name],
                is_current=name == section,
            )
            for name in names
        ),
    )


def _lines(boards: list[Board]) -> list[Line]:
    people: dict[str, BoardRow] = {}
    for board in boards:
        for row in board.rows:
            people.setdefault(row.person_id, row)
    by_board = [{row.person_id: row for row in board.rows} for board in boards]
    lines = [
        Line(
            person_id=person_id,
            name=row.name,
            sections=row.sections,
            cells=tuple(rows.get(person_id) for rows in by_board),
        )
        for person_id, row in people.items()
    ]
    return sorted(lines, key=lambda line: (line.name.casefold(), line.person_id))
