"""Numbers as people type them, and how far a prediction was from what came out. Pure."""

import math
import re
from dataclasses import dataclass

from courseserver.common.errors import Unprocessable
from courseserver.labruntime.instances import QuestionInstance
from labs.content import QuestionText
from labs.contract import RIGHT
from labs.text import quantity, significant

_NUMBER = re.compile(
    r"^\s*(?P<number>[+\-−]?[\d.,'’ \u00a0\u202f_]*\d\.?)"
    r"(?:\s*(?:[eE]|[x×*·]\s*10\s*\^?\s*)(?P<power>[+\-−]?\d{1,2}|⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))?"
    r"\s*(?P<unit>[^\d\s].*?)?\s*$"
)
_POWER = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")
_GROUPED = re.compile(r"^\d{1,3}(?:([,'’ \u00a0\u202f_])\d{3})(?:\1\d{3})*(?:\.\d+)?$")
_ALIASES = {
    "second": "s", "seconds": "s", "sec": "s", "secs": "s", "minute": "min", "minutes": "min",
    "mins": "min", "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "day": "d", "days": "d",
    "millisecond": "ms", "milliseconds": "ms", "msec": "ms", "us": "µs", "μs": "µs",
    "microseconds": "µs", "percent": "%", "per cent": "%", "joule": "J", "joules": "J",
    "watt": "W", "watts": "W", "bytes": "B", "byte": "B", "times": "×", "x": "×",
}  # fmt: skip
RIGHT_WITHIN = 1.02
TYPED_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A typed number as the server reads it: `value` in the question's unit, `text` to echo."""

    value: float
    text: str


def reading_of(typed: str, question: QuestionText) -> Reading:
    """Return how a typed answer is read.

    Raises
    ------
    Unprocessable
        If it holds no number, an unknown unit, or a value the question cannot take.
    """
    # Its length first: a page of spaces would keep the pattern busy for minutes.
    found = _NUMBER.match(typed) if len(typed) <= TYPED_MAX else None
    if found is None:
        raise Unprocessable(
            f"{typed[:TYPED_MAX]!r} does not read as a number.", remedy=_example(question)
        )
    number = _plain_number(found["number"], typed)
    if found["power"]:
        number *= 10.0 ** int(found["power"].translate(_POWER))
    unit = _unit(found["unit"], question)
    value = number * question.accept[unit]
    if not math.isfinite(value):
        raise Unprocessable("That number is too large to use.", remedy=_example(question))
    if question.error == "log10" and value <= 0:
        raise Unprocessable(f"{typed!r} is not above zero.", remedy="Enter a number above zero.")
    return Reading(value=value, text=_echo(number, unit, value, question))


def _plain_number(text: str, typed: str) -> float:
    plain = text.replace("−", "-").replace("+", "").strip()
    sign, plain = (-1.0, plain[1:].strip()) if plain.startswith("-") else (1.0, plain)
    if _GROUPED.match(plain):
        plain = re.sub(r"[,'’ \u00a0\u202f_]", "", plain)
    elif re.fullmatch(r"\d+,\d+", plain):
        plain = plain.replace(",", ".")
    try:
        return sign * float(plain)
    except ValueError:
        raise Unprocessable(
            f"{typed!r} does not read as one number.", remedy="Write it as 1,100 or 1100 or 1.1e3."
        ) from None


def _unit(typed: str | None, question: QuestionText) -> str:
    units = question.accept
    if not typed:
        return question.unit
    wanted = [typed, _ALIASES.get(typed.lower(), typed)]
    for name in wanted:
        if name in units:
            return name
    folded = [unit for unit in units if unit.lower() == wanted[1].lower()]
    if len(folded) == 1:
        return folded[0]
    raise Unprocessable(f"The unit {typed!r} is not known here.", remedy=_example(question))


def _example(question: QuestionText) -> str:
    units = [unit for unit in question.accept if unit]
    return f"Type a number and a unit: {', '.join(units)}." if units else "Type a number."


def _echo(number: float, unit: str, value: float, question: QuestionText) -> str:
    joint = "" if unit in ("", "%", "×") else " "
    as_typed = f"{_digits(number)}{joint}{unit}"
    as_shown = quantity(value, question.value_format)
    same = as_typed.replace(",", "") == as_shown.replace(",", "") or _is_same(as_typed, as_shown)
    return as_typed if same else f"{as_typed} = {as_shown}"


def _digits(number: float) -> str:
    if number != 0 and not 1e-4 <= abs(number) < 1e15:
        return significant(number, 3)
    text = f"{number:,.10f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")


def _is_same(as_typed: str, as_shown: str) -> bool:
    """Whether two texts differ only in zeros after the decimal point."""
    return re.sub(r"\.0+(?=\D|$)|(\.\d*?[1-9])0+(?=\D|$)", r"\1", as_shown) == as_typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a committed prediction compares with the key; `log10_error` is signed, high is plus."""

    pick: str
    key: str
    gap: str
    is_right: bool
    misconception: str
    pick_value: float | None
    key_value: float | None
    log10_error: float | None
    error_points: float | None


def outcome_of(
    question: QuestionInstance, *, option_id: str, number: float | None, text: str
) -> Outcome:
    """Return the outcome of one commit; call it only after the lock closed."""
    pick_value = _number(number) if number is not None else None
    if option_id:
        option = question.option_by_id(option_id)
        pick_value = _number(option.value) if option else None
    key_value = _number(question.key)
    errors = _errors(pick_value, key_value)
    is_right = option_id == RIGHT if option_id else _is_close(pick_value, key_value)
    return Outcome(
        pick=text,
        key=question.key_text,
        gap=_gap(question.text, errors, is_right=is_right),
        is_right=is_right,
        misconception=_misconception(question.text, option_id),
        pick_value=pick_value,
        key_value=key_value,
        log10_error=errors[0],
        error_points=errors[1],
    )


def _number(value: float | str) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None


def _errors(pick: float | None, key: float | None) -> tuple[float | None, float | None]:
    if pick is None or key is None:
        return None, None
    log10 = math.log10(pick / key) if pick > 0 and key > 0 else None
    return log10, 100 * (pick - key)


def _is_close(pick: float | None, key: float | None) -> bool:
    if pick is None or key is None:
        return False
    return abs(pick - key) <= (RIGHT_WITHIN - 1) * abs(key)


def _gap(text: QuestionText, errors: tuple[float | None, float | None], *, is_right: bool) -> str:
    log10, points = errors
    if is_right:
        return "as you said" if text.kind == "choice" else "within 2%"
    if text.error == "points" and points is not None:
        return f"{significant(abs(points), 3)} points {'too high' if points > 0 else 'too low'}"
    if log10 is None:
        return "not that"
    ratio = 10 ** abs(log10)
    amount = f"{significant(ratio, 2)} times" if ratio >= 1.1 else f"{100 * (ratio - 1):.0f}%"
    return f"{amount} {'too high' if log10 > 0 else 'too low'}"


def _misconception(text: QuestionText, option_id: str) -> str:
    return "" if option_id in ("", RIGHT) else text.misconceptions.get(option_id, "")
