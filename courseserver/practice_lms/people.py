"""The course and its people, read from `course.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: str
    subject: str
    given: str
    family: str
    part: str
    roles: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def email(self) -> str:
        return f"{self.id}@practice.example"

    @property
    def is_member(self) -> bool:
        return bool(self.roles)

    @property
    def is_staff(self) -> bool:
        return INSTRUCTOR in self.roles

    @property
    def is_student(self) -> bool:
        return LEARNER in self.roles


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLink:
    """A link that the course starts with."""

    title: str
    text: str
    lab: str
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    id: str
    label: str
    title: str
    people: tuple[Person, ...]
    links: tuple[FirstLink, ...]

    def person(self, person_id: str) -> Person | None:
        return next((person for person in self.people if person.id == person_id), None)

    def subject(self, subject: str) -> Person | None:
        return next((person for person in self.people if person.subject == subject), None)

    @property
    def members(self) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.is_member)

    @property
    def students(self) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.is_student)


@cache
def course() -> Course:
    content = tomllib.loads((Path(__file__).parent / "course.toml").read_text())
    people = [{**row, "roles": tuple(row["roles"])} for row in content["person"]]
    return Course(
        id=content["id"],
        label=content["label"],
        title=content["title"],
        people=tuple(Person(**row) for row in people),
        links=tuple(FirstLink(**row) for row in content["link"]),
    )
