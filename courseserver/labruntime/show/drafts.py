"""What the browser hears when a draft was kept."""

from courseserver.labruntime.models import Draft
from courseserver.labruntime.pages import Json
from courseserver.labruntime.show import frame
from courseserver.labruntime.show.part import reading_text
from courseserver.labruntime.state import AttemptState


def draft_json(state: AttemptState, draft: Draft) -> Json:
    part_id, _, question_id = draft.name.partition(".")
    question = state.instance(part_id).question(question_id) if question_id else None
    is_number = question is not None and question.text.kind == "numeric" and draft.text.strip()
    return {
        "reading": reading_text(question, draft.text) if question and is_number else "",
        "words": len(draft.text.split()),
        "saved_at": frame.clock_time(draft.at),
    }
