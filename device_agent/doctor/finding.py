"""One thing that the doctor looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    GOOD = "ok"
    NOTE = "note"
    BAD = "FIX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is, and, where it is not as it should be, what to do about it."""

    subject: str
    grade: Grade
    text: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.grade is not Grade.GOOD and not self.remedy:
            raise ValueError(f"a finding that is not good says what to do: {self.text}")

    @classmethod
    def good(cls, subject: str, text: str) -> "Finding":
        return cls(subject=subject, grade=Grade.GOOD, text=text)

    @classmethod
    def note(cls, subject: str, text: str, remedy: str) -> "Finding":
        return cls(subject=subject, grade=Grade.NOTE, text=text, remedy=remedy)

    @classmethod
    def bad(cls, subject: str, text: str, remedy: str) -> "Finding":
        return cls(subject=subject, grade=Grade.BAD, text=text, remedy=remedy)
