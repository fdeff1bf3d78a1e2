"""Reading TOML strictly: every refusal names the file, the key, the value and the remedy."""

import difflib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

_MISSING = object()
# Keys of the top of a file that TOML puts into the table above when written too late.
_TOP = ("explanation", "promise", "minutes", "parts", "tracks")


class ContentError(ValueError):
    """A fault in a lab's files, in one sentence an author can act on."""

    def __init__(self, file: str, key: str, value: object, remedy: str) -> None:
        shown = "" if value is _MISSING else f" = {_short(value)}"
        super().__init__(f"{file}: {key}{shown}: {remedy}")
        self.file = file
        self.key = key


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


class Table:
    """One TOML table being read; `close` refuses whatever was not asked for."""

    def __init__(self, data: dict[str, Any], file: str, path: str = "") -> None:
        self.data = data
        self.file = file
        self.path = path
        self._asked: set[str] = set()

    @classmethod
    def of_file(cls, path: Path, name: str) -> "Table":
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ContentError(name, "file", _MISSING, "is missing; write it") from None
        except tomllib.TOMLDecodeError as error:
            raise ContentError(name, "TOML", _MISSING, f"cannot be read: {error}") from error
        return cls(data, name)

    def refuse(self, key: str, remedy: str) -> NoReturn:
        raise ContentError(self.file, self._name(key), self.data.get(key, _MISSING), remedy)

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self.data

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default)
        if not isinstance(value, str):
            self.refuse(key, "must be text in quotes")
        return value.strip()

    def word(self, key: str, default: str | None = None) -> str:
        """Return an identifier: a name that Python, JSON and placeholders can carry."""
        value = self.text(key, default)
        if value and not re.fullmatch(r"[a-z][a-z0-9_]*", value):
            self.refuse(key, "must be a name of lower-case letters, digits and _")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            self.refuse(key, f"must be one of {', '.join(allowed)}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(key, "must be a number")
        return float(value)

    def integer(self, key: str, default: int | None = None) -> int:
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(key, "must be a whole number")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._get(key, default)
        if not isinstance(value, bool):
            self.refuse(key, "must be true or false")
        return value

    def scalar(self, key: str) -> float | int | str | bool:
        value = self._get(key, None)
        if not isinstance(value, bool | int | float | str):
            self.refuse(key, "must be a number, text, true or false")
        return value

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        value = self._get(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(x, str) for x in value):
            self.refuse(key, "must be a list of texts")
        return tuple(x.strip() for x in value)

    def text_map(self, key: str) -> dict[str, str]:
        value = self._get(key, {})
        if not isinstance(value, dict) or not all(isinstance(x, str) for x in value.values()):
            self.refuse(key, "must be a table of texts")
        return {str(name): text.strip() for name, text in value.items()}

    def number_map(self, key: str) -> dict[str, float]:
        value = self._get(key, {})
        numbers = isinstance(value, dict) and all(
            isinstance(x, int | float) and not isinstance(x, bool) for x in value.values()
        )
        if not numbers:
            self.refuse(key, "must be a table of numbers")
        return {str(name): float(x) for name, x in value.items()}

    def scalar_map(self, key: str) -> dict[str, float | int | str | bool]:
        value = self._get(key, {})
        if not isinstance(value, dict):
            self.refuse(key, "must be a table")
        return dict(value)

    def table(self, key: str) -> "Table":
        value = self._get(key, None)
        if not isinstance(value, dict):
            self.refuse(key, "must be a table")
        return Table(value, self.file, self._name(key))

    def maybe(self, key: str) -> "Table | None":
        return self.table(key) if self.has(key) else None

    def tables(self, key: str) -> list["Table"]:
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(x, dict) for x in value):
            self.refuse(key, f"must be written as [[{self._name(key)}]]")
        return [
            Table(x, self.file, f"{self._name(key)}[{x.get('id', i)}]") for i, x in enumerate(value)
        ]

    def each(self, key: str) -> list[tuple[str, "Table"]]:
        """Return the sub-tables of a table by name."""
        outer = self.table(key)
        return [(name, outer.table(name)) for name in outer.data]

    def close(self) -> None:
        for key in self.data:
            if key not in self._asked:
                if self.path and key in _TOP:
                    self.refuse(key, "belongs above the first [table] of the file; move it up")
                near = difflib.get_close_matches(key, self._asked, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {sorted(self._asked)}"
                self.refuse(key, f"is not a key here; {hint}")

    def _get(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        if key in self.data:
            return self.data[key]
        if default is None:
            where = " above the first [table] of the file" if key in _TOP and not self.path else ""
            self.refuse(key, f"is missing; write it{where}")
        return default

    def _name(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key
