"""Our keys at rest and in the key set, and the platforms' keys as they change."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import jwt
import pytest
from django.core.management import call_command
from django.test import Client

from courseserver.common import clock
from courseserver.lti import keys, platform_keys, vault
from courseserver.lti.models import ToolKey
from tests.courseserver.lti.launching import Launcher, Reasons
from tests.doubles.lti_platform import Answer, LtiPlatform

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def kids(now: datetime) -> list[str]:
    return [key["kid"] for key in keys.key_set(now)["keys"]]


def signer(now: datetime) -> str:
    return str(jwt.get_unverified_header(keys.sign({"a": 1}, now=now))["kid"])


@pytest.mark.django_db
def test_the_key_set_verifies_what_we_sign(client: Client) -> None:
    published = client.get("/lti/jwks/")
    token = keys.sign({"sub": "us"})

    key = jwt.PyJWKSet.from_dict(published.json())[jwt.get_unverified_header(token)["kid"]]

    assert jwt.decode(token, key, algorithms=["RS256"]) == {"sub": "us"}
    assert published["Cache-Control"] == "public, max-age=3600"


@pytest.mark.django_db
def test_the_key_set_holds_public_numbers_only(client: Client) -> None:
    keys_shown = client.get("/lti/jwks/").json()["keys"]

    assert [set(key) for key in keys_shown] == [{"kty", "n", "e", "kid", "alg", "use"}]


def test_a_kid_is_the_thumbprint_that_rfc_7638_works_out() -> None:
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
        "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
        "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI"
        "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )

    kid = keys.thumbprint({"e": "AQAB", "kty": "RSA", "n": n})

    assert kid == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.django_db
def test_a_new_key_is_published_a_day_before_it_signs_and_the_old_one_a_day_after() -> None:
    old = keys.signing_key(NOON).kid
    new = keys.keys_rotate(now=NOON).kid
    day = timedelta(days=1)

    assert kids(NOON) == [new, old]
    assert signer(NOON + day - timedelta(seconds=1)) == old
    assert signer(NOON + day) == new
    assert kids(NOON + 2 * day - timedelta(seconds=1)) == [new, old]
    assert kids(NOON + 2 * day) == [new]


@pytest.mark.django_db
def test_a_leaked_key_leaves_the_key_set_at_once() -> None:
    leaked = keys.signing_key(clock.now()).kid

    call_command("lti_keys", "rotate", "--now", stdout=StringIO())

    now = clock.now()
    assert leaked not in kids(now)
    assert kids(now) == [signer(now)]


@pytest.mark.django_db
def test_keys_are_encrypted_at_rest() -> None:
    key = keys.signing_key(NOON)

    stored = ToolKey.objects.get().private_key_encrypted

    assert "PRIVATE" not in stored
    assert "PRIVATE KEY" in vault.decrypt(stored)
    assert key.public_jwk["n"] not in stored


@pytest.mark.django_db
def test_another_encryption_key_says_what_to_do(settings: Any) -> None:
    secret = vault.encrypt("hello")
    settings.ENCRYPTION_KEY = "another one entirely"

    with pytest.raises(vault.Undecryptable, match="rotate --now"):
        vault.decrypt(secret)


@pytest.mark.django_db
def test_the_command_lists_which_key_signs() -> None:
    out = StringIO()
    signing = keys.signing_key(clock.now()).kid
    waiting = keys.keys_rotate(now=clock.now()).kid

    call_command("lti_keys", "list", stdout=out)

    lines = {line.split()[0]: line for line in out.getvalue().splitlines()}
    assert "signs" in lines[signing]
    assert "signs" not in lines[waiting]


# --- the platform's keys --------------------------------------------------------------------------


def test_the_key_set_is_fetched_once_for_many_launches(launcher: Launcher) -> None:
    for _ in range(3):
        assert launcher.launch().status_code == 303

    assert len(launcher.lms.requests_to("/jwks")) == 1


def test_a_rotated_key_is_found_by_asking_once_more(launcher: Launcher) -> None:
    launcher.launch()
    launcher.lms.publish("second")
    launcher.lms.kid = "second"

    assert launcher.launch().status_code == 303
    assert len(launcher.lms.requests_to("/jwks")) == 2


def test_unknown_kids_make_no_more_than_a_few_requests_a_minute(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform_keys.time, "time", lambda: 1_000_000.0)
    for number in range(20):
        login = launcher.login()
        token = launcher.lms.sign(launcher.claims(login), headers={"kid": f"guess-{number}"})
        assert launcher.post(login, token).status_code == 400

    assert len(launcher.lms.requests_to("/jwks")) == 1 + platform_keys.REFETCHES_PER_MINUTE


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("", 3600), ("max-age=600", 600), ("no-cache, max-age=0", 60), ("max-age=99999999", 86400)],
)
def test_the_platforms_cache_time_is_honoured_within_reason(header: str, seconds: int) -> None:
    assert platform_keys._lifetime_s(header) == seconds


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=404),
        Answer(status=302, headers={"Location": "/other"}),
        Answer(body="<html>"),
        Answer(body={"keys": "none"}),
        Answer(body=[]),
        Answer(status=0),
    ],
)
def test_a_platform_without_readable_keys_is_told_apart_from_a_bad_token(
    answer: Answer, launcher: Launcher, reasons: Reasons
) -> None:
    launcher.lms.answer("/jwks", answer)

    response = launcher.launch()

    assert response.status_code == 503
    assert reasons == ["key set unreachable"]
    assert b"Wait a minute" in response.content


def test_a_key_set_with_rubbish_in_it_still_serves_its_good_keys(launcher: Launcher) -> None:
    rubbish: list[Any] = [None, "x", {"kid": "first"}, {"kty": "RSA", "kid": "other"}]
    good = launcher.lms.published["first"]
    launcher.lms.answer("/jwks", Answer(body={"keys": [*rubbish, good]}))

    assert launcher.launch().status_code == 303


def test_a_key_set_is_kept_per_address(lms: LtiPlatform) -> None:
    lms.answer("/other", Answer(body={"keys": []}))

    assert platform_keys.public_key(lms.jwks_url, "first") is not None
    assert platform_keys.public_key(f"{lms.url}/other", "first") is None
