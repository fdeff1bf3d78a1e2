"""One lab's report: a student's own predictions, discoveries and decision, to print or to keep."""

import re
from collections.abc import Iterator
from html import unescape

from django.urls import reverse
from django.utils.timezone import localtime

from courseserver.common import moments
from courseserver.labruntime import challenges
from courseserver.labruntime.pages import Header, ReportPage, ReportPart, Step
from courseserver.labruntime.show import frame
from courseserver.labruntime.show.challenge import try_views
from courseserver.labruntime.show.part import found_failures
from courseserver.labruntime.show.reveal import reveal_views
from courseserver.labruntime.state import AttemptState
from labs.content import LabPart
from labs.text import fill

_TAG = re.compile(r"<[^>]+>")


def report_page(state: AttemptState) -> ReportPage:
    """Return the report; of a part still locked it says so and nothing else."""
    attempt = state.attempt
    return ReportPage(
        header=frame.header(state),
        day=moments.date_text(localtime(attempt.submitted_at or attempt.started_at)),
        is_submitted=attempt.submitted_at is not None,
        parts=tuple(_part(state, part) for part in state.lab.parts),
        decision_log=attempt.decision_log,
        markdown_url=reverse("lab-report-export", args=[attempt.pk]),
        back=Step(label="Back to the lab", url=frame.home_url(attempt)),
    )


def _part(state: AttemptState, part: LabPart) -> ReportPart:
    heading = f"{part.id.upper()} {part.title}"
    if not state.is_committed(part.id):
        return ReportPart(heading=heading, is_locked=True, reveals=(), failures=(), tries=())
    instance = state.instance(part.id)
    found = found_failures(state, part.id)
    tries = challenges.tries_of(state.attempt, part.id) if part.challenge else []
    return ReportPart(
        heading=fill(heading, instance.params),
        is_locked=False,
        reveals=reveal_views(state, instance),
        failures=tuple(failure.title for failure in part.failures if failure.id in found),
        tries=try_views(state, instance, tries) if tries else (),
    )


def report_markdown(page: ReportPage) -> str:
    """Return the same as plain text in Markdown."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: ReportPage) -> Iterator[str]:
    yield from (f"# {page.header.title}", "", _about(page.header), "")
    for part in page.parts:
        yield from (f"## {part.heading}", "")
        if part.is_locked:
            yield from ("Not predicted yet.", "")
        for reveal in part.reveals:
            yield from (f"> {_plain(reveal.prompt_html)}", "")
            gap = f" ({reveal.gap})" if reveal.line else ""
            yield f"- Predicted: {reveal.predicted}"
            yield f"- Came out: {reveal.actual}{gap}"
            if reveal.misconception:
                yield f"- The thinking behind it: {_plain(reveal.misconception)}"
            yield ""
        for title in part.failures:
            yield f"- Limit found: {title}"
        for one in part.tries:
            state = "feasible" if one.is_feasible else "not feasible"
            yield f"- Design {one.number}: {one.design}: {one.objective}, {state}"
        if part.failures or part.tries:
            yield ""
    yield from ("## Decision Log", "", page.decision_log or "Not written yet.")


def _about(header: Header) -> str:
    return f"{header.eyebrow} · track {header.track} · version {header.version}"


def _plain(html: str) -> str:
    """Return the words of rendered Markdown on one line."""
    return " ".join(unescape(_TAG.sub(" ", html)).split())
