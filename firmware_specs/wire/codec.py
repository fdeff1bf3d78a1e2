"""Messages to JSON and back.

A payload is one JSON object with `v` (version of these rules) and `type`. Unknown fields are
ignored, so that a newer sender may say more; an unknown version or type is refused; every known
field is checked against its annotation. Nothing here raises anything but `WireError`.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from firmware_specs.wire.messages import Message

M = TypeVar("M", bound=Message)

VERSION = 1
# A result with its environment is about 1 kB; a command of 64 runs about 8 kB.
MAX_BYTES = 64 * 1024
MAX_TEXT = 4096
MAX_ITEMS = 512
MAX_INT = 2**63 - 1


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class WireError(ValueError):
    """A payload that is not a message of ours: says which field and why."""


def encode(message: Message, *, most: int = MAX_BYTES) -> bytes:
    """Return the payload of a message.

    Raises
    ------
    WireError
        If the message holds what its own annotations forbid, or is larger than `most` bytes.
    """
    body = {"v": VERSION, "type": type(message).__name__.lower(), **_plain_fields(message)}
    try:
        payload = json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise WireError(f"{type(message).__name__} cannot be written: {error}") from error
    if len(payload) > most:
        raise WireError(f"payload is {len(payload)} bytes, the limit is {most}")
    return payload


def decode(payload: bytes, kind: type[M], *, most: int = MAX_BYTES) -> M:
    """Return the message of type `kind` that a payload holds.

    Raises
    ------
    WireError
        If the payload is too large, no JSON object, of another version or type, or a field is
        missing, of the wrong type, too long or not finite.
    """
    body = _object_of(payload, most)
    version = body.get("v")
    if type(version) is not int or version != VERSION:
        raise WireError(f"version {_short(version)} is not {VERSION}: update the older side")
    expected = kind.__name__.lower()
    if body.get("type") != expected:
        raise WireError(f"type {_short(body.get('type'))} is not {expected!r}")
    return _build(kind, body, expected)


def _plain_fields(value: Message) -> dict[str, Any]:
    return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _plain_fields(value)  # type: ignore[arg-type]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _object_of(payload: bytes, most: int) -> dict[str, Any]:
    if len(payload) > most:
        raise WireError(f"payload is {len(payload)} bytes, the limit is {most}")
    try:
        body = json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {_short(str(error))}") from error
    if not isinstance(body, dict):
        raise WireError(f"a message is a JSON object, not {type(body).__name__}")
    return body


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number we accept")


@cache
def _shape(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    """Return the fields of a message: name, annotation, and whether it must be there."""
    hints = get_type_hints(kind)
    return tuple(
        (f.name, hints[f.name], f.default is MISSING and f.default_factory is MISSING)
        for f in fields(kind)
    )


def _build(kind: type[M], body: Mapping[str, Any], where: str) -> M:
    values: dict[str, Any] = {}
    for name, hint, is_needed in _shape(cast(Any, kind)):
        if name not in body:
            if is_needed:
                raise WireError(f"{where}.{name} is missing")
        elif hint is str and _is_plain_text(body[name]):
            # By far the most fields; the rules for the others cost more to ask.
            values[name] = body[name]
        else:
            values[name] = _check(body[name], hint, f"{where}.{name}")
    return kind(**values)


def _is_plain_text(value: Any) -> bool:
    return type(value) is str and len(value) <= MAX_TEXT and value.isascii() and "\0" not in value


def _check(value: Any, hint: Any, where: str) -> Any:
    """Return `value` as the annotation `hint` wants it, or refuse it."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _check_union(value, get_args(hint), where)
    if origin is tuple:
        return _check_tuple(value, get_args(hint)[0], where)
    if origin is dict:
        return _check_dict(value, get_args(hint)[1], where)
    if is_dataclass(hint):
        if not isinstance(value, dict):
            raise WireError(f"{where} is {_kind(value)}, not an object")
        return _build(cast(type[Message], hint), value, where)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _check_choice(value, hint, where)
    return _check_scalar(value, hint, where)


def _check_union(value: Any, options: tuple[Any, ...], where: str) -> Any:
    if value is None and NoneType in options:
        return None
    candidates = [option for option in options if option is not NoneType]
    # Exact types first: an int stays an int where both int and float are allowed.
    for option in candidates:
        if type(value) is option:
            return _check(value, option, where)
    if len(candidates) == 1:
        return _check(value, candidates[0], where)
    raise WireError(f"{where} is {_kind(value)}, not one of {_names(candidates)}")


def _check_tuple(value: Any, item: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise WireError(f"{where} is {_kind(value)}, not a list")
    if len(value) > MAX_ITEMS:
        raise WireError(f"{where} has {len(value)} items, the limit is {MAX_ITEMS}")
    return tuple(_check(entry, item, f"{where}[{i}]") for i, entry in enumerate(value))


def _check_dict(value: Any, item: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WireError(f"{where} is {_kind(value)}, not an object")
    if len(value) > MAX_ITEMS:
        raise WireError(f"{where} has {len(value)} entries, the limit is {MAX_ITEMS}")
    return {
        _check_scalar(k, str, where): _check(v, item, f"{where}.{_short(k)}")
        for k, v in value.items()
    }


def _check_choice(value: Any, hint: type[StrEnum], where: str) -> StrEnum:
    if isinstance(value, str) and value in [member.value for member in hint]:
        return hint(value)
    raise WireError(f"{where} is {_short(value)}, not one of {[m.value for m in hint]}")


def _check_scalar(value: Any, hint: Any, where: str) -> Any:
    if hint is float and type(value) is int:
        value = _to_float(value, where)
    if type(value) is not hint:
        raise WireError(f"{where} is {_kind(value)}, not {hint.__name__}")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise WireError(f"{where} has {len(value)} characters, the limit is {MAX_TEXT}")
    if isinstance(value, str) and not _is_clean(value):
        raise WireError(f"{where} holds a character that cannot be stored")
    if isinstance(value, float) and not math.isfinite(value):
        raise WireError(f"{where} is not finite")
    if type(value) is int and abs(value) > MAX_INT:
        raise WireError(f"{where} does not fit 64 bits")
    return value


def _to_float(value: int, where: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise WireError(f"{where} does not fit a double") from error


def _is_clean(text: str) -> bool:
    """Refuse NUL (PostgreSQL cannot store it) and lone surrogates (UTF-8 cannot write them)."""
    return _UNSTORABLE.search(text) is None


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _names(options: list[Any]) -> list[str]:
    return [getattr(option, "__name__", str(option)) for option in options]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
