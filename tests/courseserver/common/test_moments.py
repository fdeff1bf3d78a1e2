"""Days and times as their reader writes them; texts and numbers stay as they are."""

from datetime import UTC, datetime, timedelta

import pytest

from courseserver.common import clock, moments

AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "known"),
    [
        ("de-DE", "de"), ("de_AT", "de"), ("EN", "en"), ("en-GB", "en-gb"), ("pt_BR", "pt-br"),
        ("zh-CN", "zh-hans"), ("", ""), ("tlh", ""), ("../../etc", ""), ("x" * 600, ""),
        ("de\x00", ""),
    ],
)  # fmt: skip
def test_a_locale_is_one_we_can_write_days_in_or_none(tag: str, known: str) -> None:
    assert moments.known_locale(tag) == known


@pytest.mark.parametrize(
    ("locale", "day", "time", "date"),
    [
        ("", "20 November", "14:05", "20 November 2026"),
        ("en", "November 20", "2:05 p.m.", "Nov. 20, 2026"),
        ("en-gb", "20 November", "2:05 p.m.", "20 Nov 2026"),
        ("de", "20. November", "14:05", "20. November 2026"),
        ("es", "20 de noviembre", "14:05", "20 de noviembre de 2026"),
    ],
)
def test_a_day_reads_as_its_reader_writes_it(locale: str, day: str, time: str, date: str) -> None:
    with moments.reader(locale):
        assert (moments.day_text(AT), moments.time_text(AT)) == (day, time)
        assert moments.date_text(AT) == date
    assert moments.day_text(AT) == "20 November"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "14:05"),
        (100, "28 Feb, 14:05"),
        (-100, "12 Aug, 14:05"),
        (365, "20 Nov 2027, 14:05"),
        (-365, "20 Nov 2025, 14:05"),
    ],
)
def test_a_moment_far_away_says_its_year(
    days: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)

    assert moments.moment_text(AT + timedelta(days=days)) == text


@pytest.mark.parametrize(("locale", "lang"), [("", ">"), ("en", ">"), ("de", '><span lang="de">')])
def test_a_day_in_another_language_says_so(
    locale: str, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)
    with moments.reader(locale):
        text = moments.in_time_element(AT, moments.moment_text(AT))

    assert text.startswith(f'<time datetime="2026-11-20T14:05:00+00:00"{lang}')
