"""The leaderboard of a ranked activity: institution kits and recomputed outputs alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from courseserver.benches.comparison import board_measured
from courseserver.benches.models import ActivityRun
from courseserver.benches.wording import design_text
from courseserver.courses import selectors as people
from courseserver.courses.access import may_see
from courseserver.courses.models import Course, Enrolment
from courseserver.courses.ranking import (
    BY_DEFAULT,
    SHOWN_MOST,
    name_shown,
    places,
    presences,
)
from courseserver.kits import power
from courseserver.kits.models import Measurement
from courseserver.kits.states import Verdict
from labs.activities import TRACKS, Activity, Design
from labs.text import quantity
from simcore import catalog
from simcore.errors import NotInCatalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one run reached, by track; energy only where a meter saw it."""

    person: str
    board: str
    design: Design
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankRow:
    place: int
    name: str
    is_mine: bool
    board: str
    design: str
    # Name, text and points of each track, in the order of TRACKS.
    tracks: tuple[tuple[str, str, str], ...]
    total: str


def points(entries: Sequence[Entry]) -> list[tuple[float, dict[str, float]]]:
    """Return total and points by track of each entry.

    The best of a track gets 100 and the others their share of it, by ratio: higher is better for
    accuracy, lower for the rest. A track without a value gives nothing. The total is the mean.
    """
    best = {}
    for track in TRACKS:
        values = [entry.values[track] for entry in entries if entry.values.get(track)]
        if values:
            best[track] = max(values) if track == "accuracy" else min(values)
    return [_points(entry, best) for entry in entries]


def _points(entry: Entry, best: Mapping[str, float]) -> tuple[float, dict[str, float]]:
    by_track = {}
    for track in TRACKS:
        value = entry.values.get(track)
        if not value:
            by_track[track] = 0.0
        elif track == "accuracy":
            by_track[track] = 100.0 * value / best[track]
        else:
            by_track[track] = 100.0 * best[track] / value
    return sum(by_track.values()) / len(TRACKS), by_track


def entries_of(course: Course, activity: Activity, *, evidence: str) -> list[Entry]:
    """Return each person's recomputed runs on kits of the institution, of one evidence."""
    runs = {
        run.kit_job: run
        for run in ActivityRun.objects.filter(course=course, activity=activity.slug).exclude(
            kit_job=""
        )
    }
    rows = Measurement.objects.filter(
        job__in=runs, job__institution_only=True, kit__owner__isnull=True, superseded=False,
        outcome="measured", verdict=Verdict.RECOMPUTED, evidence=evidence,
    ).select_related("kit")  # fmt: skip
    # A rehearsal lasts a tenth of the time, to try a bench out.
    return [_entry(runs[row.job_id], row) for row in rows if "rehearsal" not in row.flags]


def _entry(run: ActivityRun, row: Measurement) -> Entry:
    values = {
        "latency": row.value,
        "energy": row.energy_total_j if _is_energy_bounded(row) else None,
        "accuracy": row.environment.get("accuracy"),
        "memory": row.environment.get("model_bytes"),
    }
    return Entry(
        person=run.person_id,
        board=board_measured(row),
        design=run.design,
        values={track: float(value) for track, value in values.items() if value},
    )


def _is_energy_bounded(row: Measurement) -> bool:
    """Return whether a lie about its energy could show; emulators are ranked apart."""
    return row.evidence == "emulated" or power.limits(board_measured(row)) is not None


def board_of_entries(activity: Activity, reader: Enrolment, *, evidence: str) -> list[RankRow]:
    """Return the ranking: each person's best entry on each board, the best first.

    Staff see names, of the sections that they see; students see their own entries, and of others
    the names they made up.
    """
    course, viewer = reader.course, reader.person_id
    stand = presences(course)
    entries = [
        entry
        for entry in entries_of(course, activity, evidence=evidence)
        if stand.get(entry.person, BY_DEFAULT).is_listed
    ]
    names = {
        m.person_id: m.name
        for m in people.members(course)
        if reader.is_staff and may_see(reader, m.sections)
    }
    scored = sorted(zip(points(entries), entries, strict=True), key=lambda pair: -pair[0][0])
    best: dict[tuple[str, str], tuple[tuple[float, dict[str, float]], Entry]] = {}
    for score, entry in scored:
        best.setdefault((entry.person, entry.board), (score, entry))
    kept = list(best.values())[:SHOWN_MOST]
    # Totals that read the same share a place.
    ranked = zip(places([round(total) for (total, _), _ in kept]), kept, strict=True)
    return [
        RankRow(
            place=place,
            name=name_shown(entry.person, viewer, stand.get(entry.person, BY_DEFAULT), names),
            is_mine=entry.person == viewer,
            board=_board_name(entry.board),
            design=design_text(activity, entry.design),
            tracks=tuple(_track(activity, entry, track, by_track) for track in TRACKS),
            total=f"{total:.0f}",
        )
        for place, ((total, by_track), entry) in ranked
    ]


def _board_name(board: str) -> str:
    try:
        return catalog.item("hardware", board).name
    except NotInCatalogue:
        return board


def _track(
    activity: Activity, entry: Entry, track: str, by_track: Mapping[str, float]
) -> tuple[str, str, str]:
    value = entry.values.get(track)
    if value is None:
        return track, ("no meter" if track == "energy" else "–"), "0"
    text = quantity(value, activity.figures[track].format)
    return track, text, f"{by_track[track]:.0f}"
