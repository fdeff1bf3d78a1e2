"""Why somebody did something, as the log keeps it."""

from courseserver.common.errors import Unprocessable

LENGTH_MAX = 500


def reason_given(text: str) -> str:
    """Return a reason as the log keeps it.

    Raises
    ------
    Unprocessable
        If none is given.
    """
    if not text.strip():
        raise Unprocessable("No reason is given.", remedy="Say why, for the log.")
    return note(text)


def note(text: str) -> str:
    """Return a note as the log keeps it; nobody has to leave one."""
    return text.strip()[:LENGTH_MAX]
