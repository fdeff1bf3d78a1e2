"""One row by equal values, and sessions that are written once."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseserver.common import clock
from courseserver.common.rows import row_where, rows_change
from courseserver.common.sessions import SessionStore
from courseserver.lti.models import LoginState, Platform

pytestmark = pytest.mark.django_db
SHARED = {
    "auth_url": "https://a.test/a",
    "token_url": "https://a.test/t",
    "jwks_url": "https://a.test/k",
}


def platform(**values: Any) -> Platform:
    known = {"issuer": "https://a.test", "client_id": "c", "deployment_id": "1", **SHARED}
    return Platform.objects.create(**{**known, **values})


def test_a_row_is_found_by_all_its_values_with_all_its_fields() -> None:
    kept = platform(approved=True, frame_origins=["https://f.test"])
    platform(deployment_id="2")

    found = row_where(Platform, issuer="https://a.test", client_id="c", approved=True)

    assert found == kept
    assert found.frame_origins == ["https://f.test"]
    assert found.created_at == kept.created_at


@pytest.mark.parametrize("text", ["https://b.test", "' OR 1=1 --", '"', "%s", ""])
def test_values_are_values_whatever_they_hold(text: str) -> None:
    platform()

    assert row_where(Platform, issuer=text) is None


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(KeyError):
        row_where(Platform, **{"issuer) OR (1": "1"})


def test_a_locked_row_is_the_same_row() -> None:
    kept = platform()

    assert row_where(Platform, lock=True, issuer="https://a.test") == kept


def test_a_change_reaches_the_rows_with_these_values_and_no_other() -> None:
    first, second = platform(), platform(deployment_id="2", name="there")
    now = clock.now()

    changed = rows_change(
        Platform,
        {"issuer": "https://a.test", "deployment_id": "1"},
        frame_origins=["x"],
        approved=True,
    )
    unchanged = rows_change(Platform, {"issuer": "' OR 1=1 --"}, approved=True)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (changed, unchanged) == (1, 0)
    assert (first.frame_origins, first.approved) == (["x"], True)
    assert not second.approved
    state = LoginState.objects.create(
        state_hash="s", browser_hash="b", nonce_hash="n", login={}, expires_at=now
    )
    assert rows_change(LoginState, {"state_hash": "s", "used_at": None}, used_at=now) == 1
    assert rows_change(LoginState, {"state_hash": "s", "used_at": None}, used_at=now) == 0
    state.refresh_from_db()
    assert state.used_at == now


def test_a_session_is_written_once_and_again_when_it_changes() -> None:
    session = SessionStore()
    session["person"] = "p"
    session.create()

    with CaptureQueriesContext(connection) as same:
        session.save()
    session["more"] = 1
    session.save()

    assert len(same.captured_queries) == 0
    assert SessionStore(session.session_key).load() == {"person": "p", "more": 1}


def test_a_flushed_session_is_a_new_row_even_with_the_same_content() -> None:
    session = SessionStore()
    session["person"] = "p"
    session.save()
    former = session.session_key

    session.flush()
    session["person"] = "p"
    session.save()

    assert session.session_key != former
    assert Session.objects.get().session_key == session.session_key
