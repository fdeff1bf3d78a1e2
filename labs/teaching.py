"""Teaching notes of a lab: what an instructor reads before assigning and discussing it.

They lie in `teaching.toml` of the lab's folder. Prompt, rubric and discussion questions are the
lab's own and stay in `lab.toml`; the notes say what to make of them.
"""

from dataclasses import dataclass
from html import escape

from labs.class_figures import class_figures
from labs.content import Lab
from labs.tables import Table
from labs.words import markdown

FILE = "teaching.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misconception:
    """What students believe before a part, and what an instructor can do about it."""

    part: str
    belief: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discussion:
    question: str
    listen_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a full answer to one criterion of the rubric holds."""

    criterion: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachingNotes:
    """Fields ending in `_html` are rendered Markdown.

    `why_html` adds what a class finds, computed where somebody reads it.
    """

    lab: Lab
    reasons_html: str
    before_html: str
    after_html: str
    announce: str
    misconceptions: tuple[Misconception, ...]
    discussion: tuple[Discussion, ...]
    evidence: tuple[Expected, ...]

    @property
    def why_html(self) -> str:
        found = "".join(
            f"<li><strong>{part.id.upper()}</strong> {escape(class_figures(self.lab, part))}</li>"
            for part in self.lab.parts
        )
        return f"{self.reasons_html}<h3>What a class finds</h3><ul>{found}</ul>"


def teaching_notes(lab: Lab) -> TeachingNotes | None:
    """Return a lab's teaching notes; None for a lab that brings none.

    Raises
    ------
    ContentError
        If the file has a fault, or names a part or criterion that the lab does not have.
    """
    path = lab.folder / FILE
    if not path.is_file():
        return None
    table = Table.of_file(path, f"{lab.folder.name}/{FILE}")
    notes = TeachingNotes(
        lab=lab,
        reasons_html=markdown(table.text("why")),
        before_html=markdown(table.text("before")),
        after_html=markdown(table.text("after")),
        announce=table.text("announce"),
        misconceptions=_misconceptions(table, lab),
        discussion=_discussion(table, lab),
        evidence=_evidence(table, lab),
    )
    table.close()
    return notes


def _misconceptions(table: Table, lab: Lab) -> tuple[Misconception, ...]:
    parts = [part.id for part in lab.parts]
    found = []
    for entry in table.tables("misconception"):
        part = entry.choice("part", parts)
        found.append(
            Misconception(part=part, belief=entry.text("belief"), answer=entry.text("answer"))
        )
        entry.close()
    missing = [part for part in parts if part not in {item.part for item in found}]
    if missing:
        table.refuse("misconception", f"write one for part {missing[0]!r} too")
    return tuple(found)


def _discussion(table: Table, lab: Lab) -> tuple[Discussion, ...]:
    answers, questions = table.texts("listen_for"), lab.synthesis.discussion
    if len(answers) != len(questions):
        table.refuse(
            "listen_for",
            f"has {len(answers)} of {len(questions)} texts; write one for each discussion question "
            "that lab.toml asks, in their order",
        )
    return tuple(
        Discussion(question=question, listen_for=answer)
        for question, answer in zip(questions, answers, strict=True)
    )


def _evidence(table: Table, lab: Lab) -> tuple[Expected, ...]:
    criteria = [criterion.id for criterion in lab.synthesis.criteria]
    found = []
    for entry in table.tables("evidence"):
        found.append(
            Expected(criterion=entry.choice("criterion", criteria), text=entry.text("expect"))
        )
        entry.close()
    missing = [name for name in criteria if name not in {item.criterion for item in found}]
    if missing:
        table.refuse("evidence", f"write one for the criterion {missing[0]!r} too")
    return tuple(found)
