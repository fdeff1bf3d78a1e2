"""What every double of a real LMS holds: people, columns, grades, tokens, and a journal."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import jwt

from tests.doubles.lti_platform import Answer, Asked, LtiPlatform

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINE_ITEM, SCORE, RESULT = f"{AGS}lineitem", f"{AGS}score", f"{AGS}result.readonly"
LINE_ITEM_READ = f"{AGS}lineitem.readonly"
ROSTER = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
SCOPES = frozenset({LINE_ITEM, LINE_ITEM_READ, SCORE, RESULT, ROSTER})
LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Person:
    """Somebody in the course. `is_student`: the gradebook has a row for them."""

    subject: str
    name: str = ""
    email: str = ""
    roles: tuple[str, ...] = ("Learner",)
    is_student: bool = True
    is_suspended: bool = False
    status: str = ""
    login: str = ""
    sis_id: str = ""
    sections: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Column:
    id: int
    label: str = "Lab"
    maximum: float = 100.0
    resource_id: str = ""
    tag: str = ""
    link_id: str = ""
    due_at: datetime | None = None
    # Canvas: belongs to an assignment, so that tools cannot delete it.
    is_coupled: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Grade:
    """One cell. `shown` is what people see; `raw` is the tool's score under an override."""

    raw: float | None = None
    shown: float | None = None
    stamp: datetime | None = None
    comment: str = ""
    by_teacher: bool = False
    submitted_at: datetime | None = None
    attempts: int = 0
    progress: str = ""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """One score that the gradebook took, for proofs about order."""

    column: int
    subject: str
    stamp: datetime
    points: float | None


class Refused(Exception):
    """The dialect's no, as the answer that carries it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass
class Lms(LtiPlatform):
    """A platform with a gradebook; dialects say what they answer."""

    people: dict[str, Person] = field(default_factory=dict)
    columns: dict[int, Column] = field(default_factory=dict)
    grades: dict[tuple[int, str], Grade] = field(default_factory=dict)
    journal: list[Applied] = field(default_factory=list)
    tokens: dict[str, frozenset[str]] = field(default_factory=dict)
    now: Callable[[], datetime] = _utc_now
    # Called before each request is answered; an answer of it replaces ours.
    trouble: Callable[[Asked], Answer | None] | None = None
    keeps_requests: bool = True
    numbers: Any = field(default_factory=lambda: count(1))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, subject: str, **fields: Any) -> Person:
        self.people[subject] = Person(subject=subject, **fields)
        return self.people[subject]

    def add_column(self, **fields: Any) -> Column:
        column = Column(id=next(self.numbers), **fields)
        self.columns[column.id] = column
        return column

    def grade(self, column: Column, subject: str) -> Grade:
        return self.grades.setdefault((column.id, subject), Grade())

    def set_by_teacher(self, column: Column, subject: str, points: float | None) -> None:
        """Let a teacher type a grade in the LMS."""
        grade = self.grade(column, subject)
        grade.shown, grade.by_teacher, grade.stamp = points, True, self.now()

    def shown(self, column: Column, subject: str) -> float | None:
        grade = self.grades.get((column.id, subject))
        return grade.shown if grade else None

    def handle(self, asked: Asked) -> Answer:
        replaced = self.trouble(asked) if self.trouble else None
        if replaced is not None:
            return replaced
        with self.lock:
            if self.keeps_requests and asked.path not in self.scripts:
                self.asked.append(asked)
            if asked.path in self.scripts or asked.path == "/jwks":
                return super().handle(asked)
            try:
                return self.respond(asked)
            except Refused as refused:
                return refused.answer

    def respond(self, asked: Asked) -> Answer:
        raise NotImplementedError

    # --- what dialects share -----------------------------------------------------------------
    def bearer(self, asked: Asked, *wanted: str) -> str:
        """Return the request's token if it holds one of the scopes."""
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise Refused(Answer(status=401, body={"errors": "Invalid access token"}))
        if not self.tokens[token] & set(wanted):
            raise Refused(Answer(status=403, body={"errors": "Insufficient permissions"}))
        return token

    def token_for(self, asked: Asked) -> tuple[str, dict[str, Any]]:
        """Return a new token and the assertion's claims (whose key is tested elsewhere)."""
        claims = jwt.decode(asked.form["client_assertion"], options={"verify_signature": False})
        if claims["iss"] != self.client_id or claims["sub"] != self.client_id:
            raise Refused(Answer(status=401, body={"error": "invalid_client"}))
        token = f"token-{next(self.numbers)}"
        self.tokens[token] = frozenset(asked.form.get("scope", "").split())
        return token, claims

    def took(self, column: Column, subject: str, stamp: datetime, points: float | None) -> None:
        self.journal.append(Applied(column=column.id, subject=subject, stamp=stamp, points=points))


def moment(text: Any) -> datetime | None:
    """Return an ISO 8601 moment with a zone, None for anything else."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


def header(asked: Asked, name: str) -> str:
    return {key.lower(): value for key, value in asked.headers.items()}.get(name.lower(), "")


def without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in ("", None)}
