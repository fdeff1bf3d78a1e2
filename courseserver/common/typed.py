"""What arrives as text and shall be a number."""

_DIGITS_MOST = 9


def whole(text: str) -> int | None:
    """Return a whole number written in up to nine digits; None for anything else.

    `str.isdigit` alone takes “²”, too, which `int` does not.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS_MOST
    return int(text) if is_number else None
