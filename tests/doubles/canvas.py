"""Canvas as its documentation and source describe it: codes, clocks, throttling, pages of 50."""

import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from tests.doubles.lms import (
    LINE_ITEM,
    LINE_ITEM_READ,
    LINE_ITEMS_TYPE,
    MEMBERS_TYPE,
    RESULT,
    ROSTER,
    SCOPES,
    SCORE,
    Column,
    Grade,
    Lms,
    Person,
    Refused,
    moment,
    without_empty,
)
from tests.doubles.lti_platform import CONTEXT_ROLE, Answer, Asked

SUBMISSION = "https://canvas.instructure.com/lti/submission"
SUBMISSION_TYPE = "https://canvas.instructure.com/lti/submission_type"
CUSTOM = "https://purl.imsglobal.org/spec/lti/claim/custom"
COURSE = "/api/lti/courses/1"
NO_STUDENT = "User not found in course or is not a student"
TAKES_SCORE = ("FullyGraded", "PendingManual")
PAGE_MAX = 50
# The leaky bucket: a request pays this before it runs and gets most of it back after.
PREFLIGHT, BUCKET, LEAK_PER_S = 50.0, 600.0, 10.0


@dataclass
class Canvas(Lms):
    """One course of a Canvas. Every hosted school has this issuer; the client tells them apart."""

    issuer: str = "https://canvas.instructure.com"
    client_id: str = "10000000000002"
    deployment_id: str = "5:d3a2504b"
    is_published: bool = True
    attempts_max: int | None = None
    # Canvas' own late policy: this share of the grade [%] for each day begun.
    late_percent_per_day: float = 0.0
    page_size: int = 10
    seen_jtis: set[str] = field(default_factory=set)
    # token -> (level, when), as the throttle keeps it
    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)
    cost_per_request: float = 0.4

    @property
    def token_url(self) -> str:
        return f"{self.url}/login/oauth2/token"

    @property
    def line_items_url(self) -> str:
        return f"{self.url}{COURSE}/line_items"

    @property
    def memberships_url(self) -> str:
        return f"{self.url}{COURSE}/names_and_roles"

    def column_url(self, column: Column) -> str:
        return f"{self.line_items_url}/{column.id}"

    def handle(self, asked: Asked) -> Answer:
        token = asked.headers.get("Authorization", "")
        if not token:
            return super().handle(asked)
        level = self._pay(token, PREFLIGHT)
        try:
            if level > BUCKET:
                return Answer(
                    status=403,
                    body="403 Forbidden (Rate Limit Exceeded)",
                    headers={"X-Rate-Limit-Remaining": "0.0"},
                )
            answer = super().handle(asked)
        finally:
            level = self._pay(token, self.cost_per_request - PREFLIGHT)
        cost = {
            "X-Request-Cost": f"{self.cost_per_request}",
            "X-Rate-Limit-Remaining": f"{max(0.0, BUCKET - level):.4f}",
        }
        return Answer(status=answer.status, body=answer.body, headers={**answer.headers, **cost})

    def _pay(self, token: str, cost: float) -> float:
        with self.lock:
            level, at = self.buckets.get(token, (0.0, time.monotonic()))
            now = time.monotonic()
            level = max(0.0, level - LEAK_PER_S * (now - at)) + cost
            self.buckets[token] = (level, now)
            return level

    def respond(self, asked: Asked) -> Answer:
        if asked.path == "/login/oauth2/token":
            return self._token(asked)
        if asked.path == f"{COURSE}/line_items":
            make = asked.method == "POST"
            return self._make_column(asked) if make else self._list_columns(asked)
        if asked.path == f"{COURSE}/names_and_roles":
            return self._members(asked)
        found = re.fullmatch(rf"{COURSE}/line_items/(\d+)(/scores|/results)?", asked.path)
        column = self.columns.get(int(found[1])) if found else None
        if not found or column is None:
            raise _no(404, "The specified resource does not exist.")
        if found[2] == "/scores":
            return self._score(asked, column)
        if found[2] == "/results":
            return self._results(asked, column)
        return self._one_column(asked, column)

    def _token(self, asked: Asked) -> Answer:
        token, claims = self.token_for(asked)
        if claims["jti"] in self.seen_jtis:
            raise _no(400, "JTI is invalid")
        self.seen_jtis.add(claims["jti"])
        if claims["aud"] != self.token_url:
            raise _no(400, "the 'aud' is invalid")
        if not self.tokens[token] <= SCOPES:
            raise _no(400, "invalid_scope")
        return Answer(
            body={
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": 3600,
                "scope": asked.form["scope"],
            }
        )

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
                **column.extra,
            }
        )

    def _list_columns(self, asked: Asked) -> Answer:
        self.bearer(asked, LINE_ITEM, LINE_ITEM_READ)
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
        return self._page(asked, rows, LINE_ITEMS_TYPE, self.page_size)

    def _make_column(self, asked: Asked) -> Answer:
        self.bearer(asked, LINE_ITEM)
        body = asked.json
        if "label" not in body or "scoreMaximum" not in body:
            raise _no(400, "param is missing or the value is empty")
        column = self.add_column(
            label=body["label"],
            maximum=float(body["scoreMaximum"]),
            resource_id=body.get("resourceId", ""),
            tag=body.get("tag", ""),
            link_id=body.get("resourceLinkId", ""),
            extra=without_empty({SUBMISSION_TYPE: body.get(SUBMISSION_TYPE)}),
        )
        return Answer(status=201, body=self._column_json(column))

    def _one_column(self, asked: Asked, column: Column) -> Answer:
        self.bearer(asked, LINE_ITEM)
        if asked.method == "DELETE":
            if column.is_coupled:
                raise _no(401, "You are not authorized to delete this line item")
            del self.columns[column.id]
        elif asked.method == "PUT":
            column.label = asked.json["label"]
            column.maximum = float(asked.json["scoreMaximum"])
        return Answer(body=self._column_json(column))

    # --- scores ------------------------------------------------------------------------------
    def _score(self, asked: Asked, column: Column) -> Answer:
        self.bearer(asked, SCORE)
        body = asked.json
        subject, stamp = str(body.get("userId")), moment(body.get("timestamp"))
        person = self.people.get(subject)
        if person is None or not person.is_student or not self.is_published:
            raise _no(422, NO_STUDENT)
        if stamp is None:
            raise _no(400, f"Provided timestamp of {body.get('timestamp')} not a valid timestamp")
        grade = self.grade(column, subject)
        # Equal is accepted; Canvas compares with the moment the result last changed.
        if grade.stamp is not None and grade.stamp > stamp:
            raise _no(400, f"Provided timestamp of {stamp} before last updated timestamp")
        takes_score = body.get("gradingProgress") in TAKES_SCORE
        if takes_score and "scoreMaximum" not in body:
            raise _no(422, "ScoreMaximum not supplied when ScoreGiven present.")
        extension = body.get(SUBMISSION, {})
        self._submit(extension, body, grade)
        self._take(column, grade, body, extension, takes_score=takes_score)
        grade.stamp, grade.progress = stamp, body.get("gradingProgress", "")
        grade.comment = body.get("comment", "")
        self.took(column, subject, stamp, grade.shown)
        return Answer(body={"resultUrl": f"{self.column_url(column)}/results/{subject}"})

    def _submit(self, extension: dict[str, Any], body: dict[str, Any], grade: Grade) -> None:
        """Count an attempt: by default every score is one, made now."""
        is_none = extension.get("submission_type") == "none"
        text = extension.get("submitted_at") or body.get("submission", {}).get("submittedAt")
        at = moment(text) if text else self.now()
        if at is None or at > self.now() + timedelta(minutes=1):
            raise _no(400, f"Provided submitted_at timestamp of {text} in the future")
        if extension.get("new_submission", not is_none):
            if self.attempts_max is not None and grade.attempts >= self.attempts_max:
                raise _no(422, "The maximum number of allowed attempts has been reached")
            grade.attempts += 1
            grade.submitted_at = at
        elif text:
            grade.submitted_at = at

    def _take(
        self,
        column: Column,
        grade: Grade,
        body: dict[str, Any],
        extension: dict[str, Any],
        *,
        takes_score: bool,
    ) -> None:
        if grade.by_teacher and extension.get("prioritize_non_tool_grade"):
            return
        if not takes_score:
            if not extension.get("preserve_score"):
                grade.raw = grade.shown = None
            return
        if "scoreGiven" not in body:
            return
        grade.by_teacher = False
        grade.raw = round(body["scoreGiven"] / body["scoreMaximum"] * column.maximum, 4)
        grade.shown = self._after_late_policy(column, grade)

    def _after_late_policy(self, column: Column, grade: Grade) -> float | None:
        if not self.late_percent_per_day or column.due_at is None or grade.raw is None:
            return grade.raw
        late = (grade.submitted_at or self.now()) - column.due_at
        if late <= timedelta(0):
            return grade.raw
        days = -(-late // timedelta(days=1))
        return grade.raw * max(0.0, 1.0 - self.late_percent_per_day / 100.0 * days)

    def _results(self, asked: Asked, column: Column) -> Answer:
        self.bearer(asked, RESULT)
        user = asked.query.get("user_id")
        rows = [
            {
                "id": f"{self.column_url(column)}/results/{subject}",
                "userId": subject,
                "resultScore": grade.shown,
                "resultMaximum": column.maximum,
                "comment": grade.comment,
                "scoreOf": self.column_url(column),
            }
            for (item, subject), grade in self.grades.items()
            if item == column.id and user in (None, subject)
        ]
        return self._page(asked, rows, "application/vnd.ims.lis.v2.resultcontainer+json", 10)

    # --- the roster --------------------------------------------------------------------------
    def _members(self, asked: Asked) -> Answer:
        self.bearer(asked, ROSTER)
        rows = [self._member(person, asked) for person in self.people.values()]
        answer = self._page(asked, rows, MEMBERS_TYPE, PAGE_MAX)
        context = {"id": "context-1", "label": "CS 249r", "title": "ML Systems"}
        body = {"id": self.memberships_url, "context": context, "members": answer.body}
        return Answer(body=body, headers=answer.headers)

    def _member(self, person: Person, asked: Asked) -> dict[str, Any]:
        full = [role if "://" in role else f"{CONTEXT_ROLE}{role}" for role in person.roles]
        member = without_empty(
            {
                "user_id": person.subject,
                "roles": full,
                "status": person.status or "Active",
                "name": person.name,
                "email": person.email,
                "lis_person_sourcedid": person.sis_id,
            }
        )
        if "rlid" in asked.query:
            names = str(list(person.sections)).replace("'", '"')
            custom = {"sections": names, "lms_user_id": person.subject, "lms_login": person.login}
            member["message"] = [{CUSTOM: custom}]
        return member

    def _page(self, asked: Asked, rows: list[Any], kind: str, size: int) -> Answer:
        """Return a page and the way to the next: a token in mixed case, compared exactly."""
        size = min(int(asked.query.get("limit", size)), PAGE_MAX)
        page = asked.query.get("page", "")
        starts = {_bookmark(at): at for at in range(size, max(len(rows), 1), size)}
        if page and page not in starts:
            raise _no(400, "invalid bookmark")
        at = starts.get(page, 0)
        links = [f'<{self._page_url(asked, page)}>; rel="current"']
        if at + size < len(rows):
            links.append(f'<{self._page_url(asked, _bookmark(at + size))}>; rel="next"')
        links.append(f'<{self._page_url(asked, "")}>; rel="first"')
        headers = {"Link": ",".join(links), "Content-Type": f"{kind}; charset=utf-8"}
        return Answer(body=rows[at : at + size], headers=headers)

    def _page_url(self, asked: Asked, page: str) -> str:
        query = {**asked.query, "page": page}
        text = "&".join(f"{k}={quote(v, safe=':')}" for k, v in query.items() if v)
        return f"{self.url}{asked.path}?{text}"


def _bookmark(at: int) -> str:
    return f"bookmark:WyJhQmMi{at}Xq"


def _no(status: int, message: str) -> Refused:
    return Refused(Answer(status=status, body={"errors": {"type": "error", "message": message}}))
