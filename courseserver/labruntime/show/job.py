"""The long simulation on its part's page: settings, progress, result."""

from typing import Any

from django.urls import reverse

from courseserver.labruntime import instrument
from courseserver.labruntime.instances import PartInstance
from courseserver.labruntime.models import PartJob
from courseserver.labruntime.pages import JobView, Json, ValueRow
from courseserver.labruntime.part_jobs import job_of, last_job
from courseserver.labruntime.state import AttemptState
from courseserver.simjobs.models import Job
from courseserver.simjobs.selectors import job_json, state_words
from labs.content import ValueText
from labs.contract import Knob
from labs.text import fill, quantity


def job_view(state: AttemptState, instance: PartInstance) -> JobView | None:
    if instance.part.job is None:
        return None
    text, model = job_of(instance)
    knobs = model.inputs(instance.params)
    use = last_job(state, instance.id)
    job = use.job if use else None
    return JobView(
        title=text.title,
        brief_html=fill(text.brief_html, instance.telling_words),
        state=job.state if job else "",
        words=state_words(job) if job else "",
        done=job.units_done if job else 0,
        total=job.units_total if job else 0,
        error=job.error if job else "",
        values=value_rows(text.values, job.result["values"]) if job and job.result else (),
        job_json={
            "url": reverse("api-part-job", args=[state.attempt.pk, instance.id]),
            "inputs": instrument.knobs_json(text.inputs, knobs),
            "at": _steps(knobs, use),
            "values": [{"id": v.id, "label": v.label, "format": v.format} for v in text.values],
            "plots": list(text.plots),
            "job": polled_json(job) if job else None,
        },
    )


def polled_json(job: Job) -> Json:
    """Return the job as polling answers it, with where to poll and cancel."""
    return {**job_json(job), "poll_url": reverse("api-job", args=[job.pk])}


def _steps(knobs: tuple[Knob, ...], use: PartJob | None) -> dict[str, int]:
    settings = use.settings if use else {}
    return {
        knob.id: knob.steps.index(settings[knob.id])
        if settings.get(knob.id) in knob.steps
        else knob.default
        for knob in knobs
    }


def value_rows(texts: tuple[ValueText, ...], values: dict[str, Any]) -> tuple[ValueRow, ...]:
    """Return the named estimates as table rows, in the order of their texts."""
    return tuple(value_row(text, values[text.id]) for text in texts if text.id in values)


def value_row(text: ValueText, estimate: Json) -> ValueRow:
    low, high = estimate["low"], estimate["high"]
    return ValueRow(
        label=text.label,
        text="none" if estimate["value"] is None else quantity(estimate["value"], text.format),
        interval=""
        if low is None or high is None
        else f"{quantity(low, text.format)} to {quantity(high, text.format)}",
        evidence=estimate["evidence"],
    )
