"""Settings as people say them: for the log, and for a change that is shown before it is made."""

from datetime import datetime

from courseserver.common import moments
from courseserver.courses.models import SendAs, SendMode
from courseserver.courses.planning import DAYS
from labs.schemes import SchemeError, load_scheme

_NAMES = {
    "scheme": "What is graded",
    "due_at": "Due",
    "due_from_lms": "Due as the LMS says",
    "send_mode": "When grades go to the LMS",
    "send_as": "How a score is written there",
    "shows_leaders": "Table of designs",
    "shared_parameters": "Same numbers for everybody",
    "late_percent_per_day": "Percent lost per day begun",
    "late_grace_min": "Minutes forgiven",
    "late_cut_off_days": "Days until it counts nothing",
    "late_bank_hours": "Late hours for each student",
    "marks_anonymously": "Mark without names",
    "sections_apart": "Assistants see their own sections only",
    "keep_days": "Days to keep names and texts",
    "starts_on": "First day",
    "breaks": "Off",
    "due_day": "Work is due on",
    "due_time": "Work is due at",
}
_CHOICES = {"send_mode": SendMode, "send_as": SendAs}


def setting_name(name: str) -> str:
    """Return what a setting is called on its page."""
    words = name.replace("_", " ") if name.isidentifier() else name
    return _NAMES.get(name, f"{words[:1].upper()}{words[1:]}")


def setting_value(value: object, name: str = "") -> str:
    """Return a setting's value in words, whether as it is or as the log keeps it."""
    match value:
        case True | False:
            return "on" if value else "off"
        case None | "" | []:
            return "none"
        case list():
            return ", ".join(map(str, value))
        case int() if name == "due_day":
            return f"the {DAYS[value]} day"
        case float():
            return f"{value:g}"
        case datetime():
            return moments.moment_text(value)
        case str():
            return _in_words(value, name)
    return str(value)


def _in_words(text: str, name: str) -> str:
    try:
        if name in _CHOICES:
            return str(_CHOICES[name](text).label)
        if name == "scheme":
            return load_scheme(text).title
        if name.endswith("_at"):
            return moments.moment_text(datetime.fromisoformat(text))
    except (SchemeError, ValueError):
        # Something that there was once.
        pass
    return text
