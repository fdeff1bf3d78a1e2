"""The Link header (RFC 8288): how services say where the next page is.

Addresses are kept letter by letter: Canvas' page tokens are case-sensitive.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from courseserver.lti.addresses import origin_of

_SPACE = " \t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    url: str
    relations: frozenset[str]


def parse_links(header: str, base_url: str) -> list[Link]:
    """Return the header's links, relative addresses resolved; what cannot be read is left out."""
    return [
        Link(url=_absolute(base_url, target), relations=_relations(parameters))
        for target, parameters in _raw_links(header)
    ]


def next_page(header: str, base_url: str) -> str:
    """Return the address of the next page, or an empty string.

    Only the origin that gave us this page may name the next: our token goes with the request.
    """
    for link in parse_links(header, base_url):
        if "next" in link.relations and origin_of(link.url) == origin_of(base_url):
            return link.url
    return ""


def _absolute(base_url: str, target: str) -> str:
    # `urljoin` tidies even absolute addresses; a token may not survive that.
    is_absolute = target.lower().startswith(("https://", "http://"))
    try:
        return target if is_absolute else urljoin(base_url, target)
    except ValueError:  # brackets that are no IPv6 address
        return ""


def _raw_links(header: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    at = 0
    while (start := header.find("<", at)) >= 0:
        end = header.find(">", start)
        if end < 0:
            return
        parameters, at = _parameters(header, end + 1)
        yield header[start + 1 : end].strip(), parameters


def _parameters(header: str, at: int) -> tuple[list[tuple[str, str]], int]:
    """Read `;name=value` pairs from `at` up to the comma that ends this link."""
    found = []
    while (at := _skip(header, at)) < len(header) and header[at] == ";":
        name, at = _token(header, _skip(header, at + 1))
        at = _skip(header, at)
        value = ""
        if at < len(header) and header[at] == "=":
            value, at = _value(header, _skip(header, at + 1))
        found.append((name.lower(), value))
    comma = header.find(",", at)
    return found, len(header) if comma < 0 else comma + 1


def _skip(header: str, at: int) -> int:
    while at < len(header) and header[at] in _SPACE:
        at += 1
    return at


def _token(header: str, at: int) -> tuple[str, int]:
    end = at
    while end < len(header) and header[end] not in ' \t;,="<>':
        end += 1
    return header[at:end], end


def _value(header: str, at: int) -> tuple[str, int]:
    if at >= len(header) or header[at] != '"':
        return _token(header, at)
    text, at = [], at + 1
    while at < len(header) and header[at] != '"':
        if header[at] == "\\" and at + 1 < len(header):
            at += 1
        text.append(header[at])
        at += 1
    return "".join(text), at + 1


def _relations(parameters: list[tuple[str, str]]) -> frozenset[str]:
    # RFC 8288: of several `rel` parameters only the first counts; its words ignore case.
    for name, value in parameters:
        if name == "rel":
            return frozenset(value.lower().split())
    return frozenset()
