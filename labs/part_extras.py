"""What some parts have besides: a design challenge, a long run, a check on hardware."""

from labs.content import ChallengeText, ConstraintText, JobText, RealityText, ValueText
from labs.contract import Part
from labs.part_plots import format_spec, knob_text, output_text, plot_json
from labs.tables import Table
from labs.words import markdown


def challenge_text(table: Table | None, model: Part) -> ChallengeText | None:
    if table is None:
        return None
    objective = table.table("objective")
    challenge = ChallengeText(
        title=table.text("title"),
        brief_html=markdown(table.text("brief")),
        objective_label=objective.text("label"),
        objective_format=format_spec(objective, "g3"),
        better=objective.choice("better", ("lower", "higher")),
        variables=tuple(knob_text(item) for item in table.tables("variable")),
        outputs=tuple(output_text(item) for item in table.tables("output")),
        constraints=tuple(_constraint(item) for item in table.tables("constraints")),
    )
    if model.challenge is not None and model.challenge.better != challenge.better:
        objective.refuse("better", f"the model says {model.challenge.better!r}")
    objective.close()
    table.close()
    return challenge


def _constraint(table: Table) -> ConstraintText:
    constraint = ConstraintText(when=table.word("when"), text=table.text("text"))
    table.close()
    return constraint


def job_text(table: Table | None) -> JobText | None:
    if table is None:
        return None
    job = JobText(
        title=table.text("title"),
        brief_html=markdown(table.text("brief")),
        inputs=tuple(knob_text(item) for item in table.tables("input")),
        values=tuple(_value(item) for item in table.tables("value")),
        plots=tuple(plot_json(item) for item in table.tables("plot")),
    )
    table.close()
    return job


def reality_text(table: Table | None) -> RealityText | None:
    if table is None:
        return None
    reality = RealityText(
        title=table.text("title"),
        brief_html=markdown(table.text("brief")),
        notes_html=markdown(table.text("notes", "")),
        rows=tuple(_value(item, "time") for item in table.tables("row")),
        calibration=tuple(_value(item) for item in table.tables("calibration")),
    )
    table.close()
    return reality


def _value(table: Table, default: str = "g3") -> ValueText:
    value = ValueText(
        id=table.word("id"), label=table.text("label"), format=format_spec(table, default)
    )
    table.close()
    return value
