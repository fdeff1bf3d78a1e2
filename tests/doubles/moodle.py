"""Moodle 4.5.6 as it was measured: scores that erase, seconds that collide, broken page links."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.doubles.lms import (
    LINE_ITEM,
    LINE_ITEM_READ,
    LINE_ITEM_TYPE,
    LINE_ITEMS_TYPE,
    RESULT,
    RESULTS_TYPE,
    ROSTER,
    SCOPES,
    SCORE,
    SCORE_TYPE,
    Column,
    Lms,
    Person,
    Refused,
    header,
    moment,
    without_empty,
)
from tests.doubles.lti_platform import Answer, Asked

SERVICES = "/mod/lti/services.php"
ITEMS = f"{SERVICES}/2/lineitems"
MEMBERS = f"{SERVICES}/CourseSection/2/bindings/1/memberships"


@dataclass
class Moodle(Lms):
    """One course of a Moodle; its people's ids are numbers, good in this course's tool only."""

    issuer: str = "https://moodle.test"
    client_id: str = "AbCdEf"
    deployment_id: str = "1"
    is_hidden: bool = False

    @property
    def token_url(self) -> str:
        return f"{self.url}/mod/lti/token.php"

    @property
    def line_items_url(self) -> str:
        return f"{self.url}{ITEMS}?type_id=1"

    @property
    def memberships_url(self) -> str:
        return f"{self.url}{MEMBERS}"

    def column_url(self, column: Column) -> str:
        return f"{self.url}{ITEMS}/{column.id}/lineitem?type_id=1"

    def ags_claim(self, link_id: str) -> dict[str, Any]:
        """Return a launch's AGS claim: `lineitem` only where the link has exactly one column."""
        mine = [column for column in self.columns.values() if column.link_id == link_id]
        claim: dict[str, Any] = {
            "scope": sorted({LINE_ITEM, SCORE, RESULT}),
            "lineitems": self.line_items_url,
        }
        return {**claim, "lineitem": self.column_url(mine[0])} if len(mine) == 1 else claim

    def respond(self, asked: Asked) -> Answer:
        if asked.path == "/mod/lti/token.php":
            return self._token(asked)
        if asked.path == MEMBERS:
            return self._members(asked)
        if asked.path == ITEMS:
            make = asked.method == "POST"
            return self._make_column(asked) if make else self._list_columns(asked)
        found = re.fullmatch(rf"{ITEMS}/(\d+)/lineitem(/scores|/results)?", asked.path)
        # A path put behind the query ends up in `type_id`, and no handler answers.
        if not found or not asked.query.get("type_id", "").isdigit():
            raise _no(400, "No handler found for the request", "")
        column = self.columns.get(int(found[1]))
        if column is None:
            raise _no(404, "Not Found", "[]")
        if found[2] == "/scores":
            return self._score(asked, column)
        if found[2] == "/results":
            return self._results(asked, column)
        self.bearer(asked, LINE_ITEM)
        if asked.method == "DELETE":
            del self.columns[column.id]
            return Answer(status=204)
        return Answer(body=self._column_json(column), headers={"Content-Type": LINE_ITEM_TYPE})

    def _token(self, asked: Asked) -> Answer:
        token, _ = self.token_for(asked)
        if not self.tokens[token] <= SCOPES:
            raise _no(400, "Bad Request", {"error": "invalid_scope"})
        body = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        return Answer(body=body, headers={"Content-Type": "text/html; charset=utf-8"})

    # --- columns -----------------------------------------------------------------------------
    def _column_json(self, column: Column) -> dict[str, Any]:
        return without_empty(
            {
                "id": self.column_url(column),
                "label": column.label,
                "scoreMaximum": column.maximum,
                "resourceId": column.resource_id,
                "tag": column.tag,
                "resourceLinkId": column.link_id,
                "ltiLinkId": column.link_id,
            }
        )

    def _list_columns(self, asked: Asked) -> Answer:
        self.bearer(asked, LINE_ITEM, LINE_ITEM_READ)
        if header(asked, "Accept") != LINE_ITEMS_TYPE:
            raise _no(400, "Bad Request", "")
        wanted = {"resource_id": "resource_id", "tag": "tag", "resource_link_id": "link_id"}
        rows = [
            self._column_json(column)
            for column in self.columns.values()
            if all(
                getattr(column, name) == asked.query[key]
                for key, name in wanted.items()
                if key in asked.query
            )
        ]
        headers = {"Content-Type": LINE_ITEMS_TYPE}
        if "limit" in asked.query:
            size, at = int(asked.query["limit"]), int(asked.query.get("from", 0))
            if at + size < len(rows):
                # As measured: escaped for HTML, with curly quotes. No parser sees a next page.
                url = f"{self.url}{ITEMS}?type_id=1&amp;limit={size}&amp;from={at + size}"
                headers["Link"] = f"<{url}>; rel=“next”".encode().decode("latin-1")
            rows = rows[at : at + size]
        return Answer(body=rows, headers=headers)

    def _make_column(self, asked: Asked) -> Answer:
        self.bearer(asked, LINE_ITEM)
        body = asked.json
        column = self.add_column(
            label=body["label"],
            maximum=float(body["scoreMaximum"]),
            resource_id=body.get("resourceId", ""),
            tag=body.get("tag", ""),
            link_id=body.get("resourceLinkId", ""),
        )
        return Answer(
            status=201, body=self._column_json(column), headers={"Content-Type": LINE_ITEM_TYPE}
        )

    # --- scores ------------------------------------------------------------------------------
    def _score(self, asked: Asked, column: Column) -> Answer:
        self.bearer(asked, SCORE)
        if header(asked, "Content-Type").partition(";")[0].strip() != SCORE_TYPE:
            raise _no(400, "Bad Request", "")
        body = asked.json
        subject, stamp = str(body.get("userId")), moment(body.get("timestamp"))
        person = self.people.get(subject)
        if stamp is None or person is None or not person.is_student:
            raise _no(400, "Incorrect score received", f"Incorrect score received{body}")
        grade = self.grade(column, subject)
        if grade.stamp is not None and int(stamp.timestamp()) <= int(grade.stamp.timestamp()):
            raise _no(409, f"Refusing score with an earlier timestamp for item {column.id}", "[]")
        grade.comment = str(body.get("comment", ""))
        if body.get("gradingProgress") != "FullyGraded":
            self._erase(column, subject, stamp)
            return Answer()
        grade.stamp = stamp
        grade.raw = _scaled(body, column.maximum)
        if not grade.by_teacher:
            grade.shown = grade.raw
        self.took(column, subject, stamp, grade.shown)
        return Answer()

    def _erase(self, column: Column, subject: str, stamp: datetime) -> None:
        """Anything but FullyGraded takes the grade away, at the server's own time."""
        grade = self.grade(column, subject)
        if grade.shown is None:
            del self.grades[column.id, subject]
            return
        grade.raw, grade.stamp = None, self.now()
        if not grade.by_teacher:
            grade.shown = None
        self.took(column, subject, stamp, grade.shown)

    def _results(self, asked: Asked, column: Column) -> Answer:
        self.bearer(asked, RESULT)
        if header(asked, "Accept") != RESULTS_TYPE:
            raise _no(400, "Bad Request", "")
        user = asked.query.get("user_id")
        rows = [
            {
                "id": f"{self.url}{ITEMS}/{column.id}/lineitem/results?type_id=1&user_id={subject}",
                "userId": subject,
                "resultScore": grade.shown,
                "resultMaximum": column.maximum,
                "comment": grade.comment,
                "scoreOf": self.column_url(column),
                "timestamp": grade.stamp.isoformat() if grade.stamp else None,
            }
            for (item, subject), grade in self.grades.items()
            if item == column.id and user in (None, subject) and grade.shown is not None
        ]
        return Answer(body=rows, headers={"Content-Type": RESULTS_TYPE})

    # --- the roster --------------------------------------------------------------------------
    def _members(self, asked: Asked) -> Answer:
        self.bearer(asked, ROSTER)
        rows = [
            self._member(person, asked)
            for person in self.people.values()
            if not person.is_suspended
        ]
        headers = {}
        size, at = int(asked.query.get("limit", len(rows) or 1)), int(asked.query.get("from", 0))
        if at + size < len(rows):
            url = f"{self.memberships_url}?limit={size}&from={at + size}"
            headers["Link"] = f'<{url}>; rel="next"'
        body = {"id": self.memberships_url, "context": {"id": "2"}, "members": rows[at : at + size]}
        return Answer(body=body, headers=headers)

    def _member(self, person: Person, asked: Asked) -> dict[str, Any]:
        member = without_empty(
            {
                "user_id": person.subject,
                # A non-editing teacher is a student here, whatever their launch says.
                "roles": ["Instructor" if "Instructor" in person.roles else "Learner"],
                "status": "Active",
                "name": person.name,
                "email": person.email,
                "ext_user_username": person.login,
                "lis_person_sourcedid": person.sis_id,
            }
        )
        return {**member, "message": [{"message_type": "x"}]} if "rlid" in asked.query else member


def _scaled(body: dict[str, Any], maximum: float) -> float | None:
    """Return the score in the column's points, held between 0 and its maximum."""
    if body.get("scoreGiven") is None:
        return None
    points = round(body["scoreGiven"] / body["scoreMaximum"] * maximum, 5)
    return min(maximum, max(0.0, points))


def _no(status: int, phrase: str, body: Any) -> Refused:
    return Refused(Answer(status=status, body=body, reason=phrase))
