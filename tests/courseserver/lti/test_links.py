"""The Link header, as every platform we know writes it, and as nobody should."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseserver.lti.links import next_page, parse_links

BASE = "https://lms.test/api/members?limit=50"
CANVAS = (
    "<https://lms.test/api/members?page=bookmark:WyJBYkMiXQ&per_page=50>; "
    'rel="next",<https://lms.test/api/members?page=first&per_page=50>; rel="first"'
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (CANVAS, "https://lms.test/api/members?page=bookmark:WyJBYkMiXQ&per_page=50"),
        ("<https://lms.test/p2>;rel=next", "https://lms.test/p2"),
        ("<https://lms.test/P2>; REL=Next", "https://lms.test/P2"),
        ("</p2>; rel=next", "https://lms.test/p2"),
        ("<?page=2>; rel=next", "https://lms.test/api/members?page=2"),
        ('<https://lms.test/p2>; title="a, <b>; c"; rel="next"', "https://lms.test/p2"),
        ('<https://lms.test/p2>; title="say \\"next\\""; rel="prev next"', "https://lms.test/p2"),
        ("<https://lms.test/a,b;c>; rel=next", "https://lms.test/a,b;c"),
        ('<https://lms.test/p1>; rel="prev" , <https://lms.test/p2> ; rel = next', None),
        ("<https://lms.test/p2>; rel=prev; rel=next", ""),
        ("<https://lms.test/p2>; rel=nextish", ""),
        ('<https://lms.test/p2>; title="rel=next"', ""),
        ("<https://lms.test/p2>; rel=“next”", ""),
        ("<https://lms.test/p2", ""),
        ("https://lms.test/p2; rel=next", ""),
        ("<https://evil.test/p2>; rel=next", ""),
        ("<//evil.test/p2>; rel=next", ""),
        ("<http://lms.test/p2>; rel=next", ""),
        ("<https://lms.test:8443/p2>; rel=next", ""),
        ("<https://lms.test@evil.test/p2>; rel=next", ""),
        ("<javascript:alert(1)>; rel=next", ""),
        ("", ""),
        (",,,;;;<>", ""),
    ],
)
def test_the_next_page_is_found_letter_by_letter_on_the_same_origin(
    header: str, expected: str | None
) -> None:
    wanted = "https://lms.test/p2" if expected is None else expected

    assert next_page(header, BASE) == wanted


_PATH = st.text(alphabet="ABCabc012-._~%/,;='()*", min_size=1, max_size=30)
_TITLE = st.text(alphabet=st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)
_RELATION = st.sampled_from(["next", "prev", "first", "last", "differences", "alternate"])


@st.composite
def _links(draw: st.DrawFn) -> list[tuple[str, str, str, bool]]:
    rows = st.tuples(_PATH, _RELATION, _TITLE, st.booleans())
    return draw(st.lists(rows, max_size=5))


@settings(deadline=None)
@given(links=_links(), space=st.sampled_from(["", " ", "\t "]))
def test_what_is_written_by_the_grammar_is_read_back(
    links: list[tuple[str, str, str, bool]], space: str
) -> None:
    written = []
    for path, relation, title, quoted in links:
        safe = title.replace("\\", "\\\\").replace('"', '\\"')
        rel = f'"{relation}"' if quoted else relation
        written.append(f'<https://lms.test/{path}>{space};{space}title="{safe}";rel={rel}')

    read = parse_links(f"{space},{space}".join(written), BASE)

    assert [link.url for link in read] == [f"https://lms.test/{path}" for path, *_ in links]
    assert [link.relations for link in read] == [frozenset([r]) for _, r, *_ in links]


@settings(deadline=None)
@given(header=st.text(max_size=200))
def test_no_header_breaks_the_parser_or_leads_to_another_origin(header: str) -> None:
    page = next_page(header, BASE)

    assert page == "" or page.lower().startswith("https://lms.test")
