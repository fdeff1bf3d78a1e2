"""A browser without a screen: follows forms and redirects as a person's browser would.

It knows cookies, forms, frames, data blocks and the page's CSRF token; no JavaScript. Pages that
submit themselves by script (the LTI hand-overs) are submitted by `settle`.
"""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

_TIMEOUT_S = 120.0


class StoryError(Exception):
    """The story cannot go on: which step, what came back."""


@dataclass(slots=True)
class Form:
    """One form of a page: where it goes, how, and what it holds."""

    action: str
    method: str
    id: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def questions(self) -> list[str]:
        """Return the names of what the person fills in, hidden fields left out."""
        return [name for name in {**self.fields, **self.choices} if name not in self.hidden]


@dataclass(slots=True)
class Page:
    """One answer, parsed as far as a story needs it."""

    url: str
    status: int
    text: str
    forms: list[Form] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)
    row_links: list[tuple[str, str]] = field(default_factory=list)

    def row(self, having: str) -> list[str]:
        """Return the cells of the first table row with `having` in one of them, or nothing."""
        return next((row for row in self.rows if any(having in cell for cell in row)), [])

    def link_in_row(self, having: str, fragment: str) -> str:
        """Return the first address with `fragment` in a table row that begins with `having`.

        Raises
        ------
        StoryError
            If no such row has one.
        """
        for first, url in self.row_links:
            if first.startswith(having) and fragment in url:
                return url
        raise StoryError(f"{self.url} ({self.status}) has no link {fragment!r} beside {having}")

    def form(self, *, action: str = "", id: str = "", having: str = "") -> Form:  # noqa: A002
        """Return the one form whose action contains `action`, with that id or field.

        Raises
        ------
        StoryError
            If the page has no such form.
        """
        for form in self.forms:
            fits = action in form.action and (not id or form.id == id)
            if fits and (not having or having in form.fields or having in form.choices):
                return form
        raise StoryError(f"{self.url} ({self.status}) has no form {action or id or having!r}")

    def link(self, fragment: str) -> str:
        """Return the address of the first link whose text or address contains `fragment`."""
        for url, text in self.links:
            if fragment.lower() in text.lower() or fragment in url:
                return url
        raise StoryError(f"{self.url} ({self.status}) has no link {fragment!r}")


class Browser:
    """One person's browser: a cookie jar and the page it stands on."""

    # How often a person opens the link in the LMS before giving up.
    launches = 1

    def __init__(self) -> None:
        self._session = requests.Session()
        self.page = Page(url="", status=0, text="")

    def get(self, url: str) -> Page:
        return self._arrive(self._send("GET", self._absolute(url)))

    def submit(self, form: Form, **values: str) -> Page:
        """Send a form with its own fields, changed by `values`."""
        body = {**form.fields, **values}
        if form.method == "get":
            return self._arrive(self._send("GET", form.action, params=body))
        headers = {"Referer": self.page.url}
        return self._arrive(self._send("POST", form.action, data=body, headers=headers))

    def settle(self, *, hops: int = 8) -> Page:
        """Submit pages that are nothing but one self-submitting form, until a real page."""
        for _ in range(hops):
            hand_over = [f for f in self.page.forms if _is_hand_over(f)]
            if not hand_over:
                return self.page
            self.submit(hand_over[0])
        raise StoryError(f"{self.page.url} keeps handing over after {hops} hops")

    def api(self, method: str, url: str, body: Any = None) -> Any:
        """Call the JSON API as the page's own script would.

        Raises
        ------
        StoryError
            If the answer is not a success, with the problem's words.
        """
        headers = {
            "Accept": "application/json",
            "X-CSRFToken": self.page.meta.get("csrf", ""),
            "Referer": self.page.url,
        }
        target = self._absolute(url)
        reply = self._send(method, target, json=body, headers=headers)
        if reply.status_code >= 400:
            raise StoryError(f"{method} {target} answered {reply.status_code}: {reply.text[:400]}")
        return reply.json() if reply.content else None

    def _send(self, method: str, url: str, **arguments: Any) -> requests.Response:
        try:
            return self._session.request(method, url, timeout=_TIMEOUT_S, **arguments)
        except requests.RequestException as error:
            raise StoryError(f"{method} {url} got no answer: {error}") from error

    def _absolute(self, url: str) -> str:
        return urljoin(self.page.url, url)

    def _arrive(self, reply: requests.Response) -> Page:
        page = Page(url=reply.url, status=reply.status_code, text=reply.text)
        if "html" in reply.headers.get("Content-Type", ""):
            _Reader(page).feed(reply.text)
        self.page = page
        if reply.status_code >= 400:
            raise StoryError(f"{reply.url} answered {reply.status_code}: {_words(reply.text)}")
        return page


def plain(html: str) -> str:
    """Return the words of a piece of HTML."""
    return _words(html)


def _is_hand_over(form: Form) -> bool:
    return form.method == "post" and bool({"id_token", "login_hint", "JWT"} & set(form.fields))


def _words(text: str) -> str:
    collector = _Text()
    collector.feed(text)
    return " ".join(" ".join(collector.parts).split())[:400]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


class _Reader(HTMLParser):
    """Fills a `Page` from its HTML."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self._form: Form | None = None
        self._script: str | None = None
        self._area: str | None = None
        self._select: str | None = None
        self._link: str | None = None
        self._row: list[str] | None = None
        self._cell = ""
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._text = "" if tag in {"a", "script", "textarea"} else self._text
        handler = getattr(self, f"_start_{tag}", None)
        if handler:
            handler(attributes)

    def handle_data(self, data: str) -> None:
        self._text += data
        self._cell += data

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self._row is not None:
            self._row.append(" ".join(self._cell.split()))
        elif tag == "tr" and self._row is not None:
            self.page.rows.append(self._row)
            self._row = None
        elif tag == "form":
            self._form = None
        elif tag == "a" and self._link is not None:
            self.page.links.append((self._link, " ".join(self._text.split())))
            if self._row is not None:
                first = self._row[0] if self._row else " ".join(self._text.split())
                self.page.row_links.append((first, self._link))
            self._link = None
        elif tag == "script" and self._script is not None:
            self.page.data[self._script] = json.loads(self._text)
            self._script = None
        elif tag == "textarea" and self._area is not None and self._form:
            self._form.fields[self._area] = self._text.strip()
            self._area = None
        elif tag == "select":
            self._select = None

    def _start_form(self, attributes: dict[str, str]) -> None:
        action = urljoin(self.page.url, attributes.get("action") or self.page.url)
        method = attributes.get("method", "get").lower()
        self._form = Form(action=action, method=method, id=attributes.get("id", ""))
        self.page.forms.append(self._form)

    def _start_input(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name")
        if not self._form or not name:
            return
        value, kind = attributes.get("value", ""), attributes.get("type", "text")
        if kind in {"radio", "checkbox"}:
            self._form.choices.setdefault(name, []).append(value or "on")
            if "checked" in attributes:
                self._form.fields[name] = value or "on"
        elif kind not in {"submit", "button"}:
            self._form.fields[name] = value
            if kind == "hidden":
                self._form.hidden.add(name)

    def _start_textarea(self, attributes: dict[str, str]) -> None:
        self._area = attributes.get("name")

    def _start_select(self, attributes: dict[str, str]) -> None:
        self._select = attributes.get("name")

    def _start_option(self, attributes: dict[str, str]) -> None:
        if not self._form or not self._select:
            return
        value = attributes.get("value", "")
        self._form.choices.setdefault(self._select, []).append(value)
        if "selected" in attributes or self._select not in self._form.fields:
            self._form.fields[self._select] = value

    def _start_a(self, attributes: dict[str, str]) -> None:
        if attributes.get("href"):
            self._link = urljoin(self.page.url, attributes["href"])

    def _start_iframe(self, attributes: dict[str, str]) -> None:
        if attributes.get("src"):
            self.page.frames.append(urljoin(self.page.url, attributes["src"]))

    def _start_tr(self, attributes: dict[str, str]) -> None:
        self._row = []

    def _start_td(self, attributes: dict[str, str]) -> None:
        self._cell = ""

    _start_th = _start_td

    def _start_meta(self, attributes: dict[str, str]) -> None:
        if attributes.get("name"):
            self.page.meta[attributes["name"]] = attributes.get("content", "")

    def _start_script(self, attributes: dict[str, str]) -> None:
        if attributes.get("type") == "application/json" and attributes.get("id"):
            self._script = attributes["id"]
