"""People and links from LTI 1.1: joined where it is proven, refused where it is forged."""

import base64
import hmac
import io
import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from courseserver.audit.models import AuditEntry
from courseserver.courses.models import Assignment, Identity, Person
from courseserver.lti.legacy import CLAIM, consumer_set, signature
from courseserver.lti.models import LegacyConsumer, Platform
from tests.courseserver.lti.launching import Launcher, Reasons
from tests.doubles.lti_platform import LTI

KEY, SECRET = "179248902", "my-lti11-secret"
NEW = "client-of-the-new-registration"


def signed(nonce: str, exp: int, /, **changes: str) -> str:
    """Return the signature as a platform computes it, one thing of it changed."""
    values = {
        "key": KEY, "deployment": "deployment-1", "issuer": "https://lms.test",
        "client": "client-1", "exp": str(exp), "nonce": nonce, "secret": SECRET, **changes,
    }  # fmt: skip
    secret = values.pop("secret")
    text = "&".join(values.values())
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), "sha256").digest()).decode()


def launch(launcher: Launcher, claim: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Launch with a proven claim, changed by `claim`; `sign` of it changes what is signed."""
    claim = dict(claim or {})
    bent = claim.pop("sign", {})
    login = launcher.login(client_id=changes.get("aud", "client-1"))
    exp = int(time.time()) + 60
    whole = {
        "user_id": "u-1.1",
        "oauth_consumer_key": KEY,
        "oauth_consumer_key_sign": signed(login.nonce, exp, **bent),
        "resource_link_id": "rl-1.1",
        **claim,
    }
    legacy = {name: value for name, value in whole.items() if value is not None}
    claims = launcher.claims(login, **{"exp": exp, CLAIM: legacy, **changes})
    return launcher.post(login, launcher.lms.sign(claims))


@pytest.fixture
def moved(launcher: Launcher) -> Launcher:
    """Return a platform whose tool was registered anew, both times with its consumer of 1.1."""
    for client in ("client-1", NEW):
        if client == NEW:
            launcher.register(client_id=NEW)
        consumer_set(issuer="https://lms.test", client_id=client, key=KEY, secret=SECRET)
    return launcher


def test_the_signature_is_the_one_that_the_specification_prints() -> None:
    # The example of LTI 1.3 Core's migration guide, with the value printed there.
    platform = Platform(
        issuer="https://lmsvendor.com", client_id="PM48OJSfGDTAzAo", deployment_id="689302"
    )

    found = signature(platform, key=KEY, secret=SECRET, exp=1551290856, nonce="172we8671fd8z")

    assert found == "lWd54kFo5qU7xshAna6v8BwoBm6tmUjc6GTax6+12ps="


def test_a_person_keeps_their_work_when_the_tool_is_registered_anew(moved: Launcher) -> None:
    launch(moved, sub="old-sub")
    again = launch(moved, {"sign": {"client": NEW}}, sub="new-sub", aud=NEW)

    assert again.status_code == 303
    assert Person.objects.count() == 1
    assert set(Identity.objects.values_list("subject", flat=True)) == {"old-sub", "new-sub"}
    assert AuditEntry.objects.filter(action="known from LTI 1.1").count() == 1


def test_the_id_of_1_1_is_the_subject_where_the_claim_names_none(moved: Launcher) -> None:
    launch(moved, {"user_id": None}, sub="same")

    assert Identity.objects.get().legacy_id == "same"


def test_a_link_is_known_again_by_its_name_in_1_1(moved: Launcher) -> None:
    launch(moved)
    launch(moved, **{f"{LTI}resource_link": {"id": "link-2", "title": "Moving bytes"}})

    assert Assignment.objects.get().resource_link_id == "link-2"


def test_two_subjects_of_one_registration_are_never_joined(moved: Launcher) -> None:
    launch(moved, sub="alice")
    launch(moved, sub="mallory")

    assert Person.objects.count() == 2


def test_a_second_subject_of_the_new_registration_does_not_join_too(moved: Launcher) -> None:
    launch(moved, sub="old-sub")
    launch(moved, {"sign": {"client": NEW}}, sub="new-sub", aud=NEW)
    launch(moved, {"sign": {"client": NEW}}, sub="other-sub", aud=NEW)

    assert Person.objects.count() == 2


BENT: dict[str, tuple[dict[str, Any], str]] = {
    "another secret": ({"sign": {"secret": "guessed"}}, "sign"),
    "another deployment": ({"sign": {"deployment": "deployment-2"}}, "sign"),
    "another issuer": ({"sign": {"issuer": "https://evil.test"}}, "sign"),
    "another client": ({"sign": {"client": NEW}}, "sign"),
    "another time": ({"sign": {"exp": "1"}}, "sign"),
    "another nonce": ({"sign": {"nonce": "replayed"}}, "sign"),
    "another key": ({"sign": {"key": "1"}}, "sign"),
    "signature empty": ({"oauth_consumer_key_sign": ""}, "sign"),
    "signature a number": ({"oauth_consumer_key_sign": 7}, "sign"),
    "signature not ASCII": ({"oauth_consumer_key_sign": "é\ud800"}, "sign"),
    "key a list": ({"oauth_consumer_key": [KEY]}, "consumer key malformed"),
    "key too long": ({"oauth_consumer_key": "k" * 300}, "consumer key malformed"),
    "key with a zero": ({"oauth_consumer_key": f"{KEY}\x00"}, "consumer key malformed"),
    "user a number": ({"user_id": 7}, "user_id malformed"),
    "user empty": ({"user_id": ""}, "user_id malformed"),
    "link an object": ({"resource_link_id": {}}, "resource_link_id malformed"),
}


@pytest.mark.parametrize("case", BENT)
def test_a_bent_claim_of_a_known_consumer_is_refused(
    case: str, moved: Launcher, reasons: Reasons
) -> None:
    claim, reason = BENT[case]

    assert launch(moved, claim).status_code == 400
    assert len(reasons) == 1
    assert reason in reasons[0]
    assert not Identity.objects.exists()


def test_what_a_platform_writes_as_null_is_absent(moved: Launcher) -> None:
    nothing = dict.fromkeys(("oauth_consumer_key", "user_id", "resource_link_id"))

    assert moved.launch(**{CLAIM: nothing}).status_code == 303
    assert moved.launch(**{CLAIM: None}).status_code == 303


@pytest.mark.parametrize("claim", ["text", ["list"], 7])
def test_a_claim_that_is_no_object_is_refused(claim: Any, moved: Launcher) -> None:
    assert moved.launch(**{CLAIM: claim}).status_code == 400


@pytest.mark.parametrize(
    "claim",
    [
        {"oauth_consumer_key": None},
        {"oauth_consumer_key": "unknown"},
        {"oauth_consumer_key_sign": None},
        {"oauth_consumer_key": ""},
    ],
)
def test_a_claim_that_proves_nothing_joins_nobody(claim: dict[str, Any], moved: Launcher) -> None:
    launch(moved, sub="old-sub")
    response = launch(moved, {"sign": {"client": NEW}, **claim}, sub="new-sub", aud=NEW)

    assert response.status_code == 303
    assert Person.objects.count() == 2
    assert Identity.objects.get(subject="new-sub").legacy_id == ""


def test_a_consumer_of_one_registration_proves_nothing_for_another(launcher: Launcher) -> None:
    launcher.register(client_id=NEW)
    consumer_set(issuer="https://lms.test", client_id="client-1", key=KEY, secret=SECRET)
    launch(launcher, sub="old-sub")

    launch(launcher, {"sign": {"client": NEW}}, sub="new-sub", aud=NEW)

    assert Person.objects.count() == 2


def test_another_platform_cannot_claim_these_people(launcher: Launcher) -> None:
    consumer_set(issuer="https://lms.test", client_id="client-1", key=KEY, secret=SECRET)
    launch(launcher, sub="old-sub")
    launcher.lms.issuer = "https://other.test"
    other = Launcher(launcher.lms, Client())
    other.register()
    consumer_set(issuer="https://other.test", client_id="client-1", key=KEY, secret=SECRET)

    response = launch(other, {"sign": {"issuer": "https://other.test"}}, sub="new-sub")

    assert response.status_code == 303
    assert Person.objects.count() == 2


def test_the_command_keeps_a_secret_that_nobody_reads(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ["--issuer", "https://lms.test", "--client-id", "client-1", "--key", KEY]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n\n"))
    out = io.StringIO()

    call_command("lti_platform", "legacy", *place, stdout=out)
    stored = LegacyConsumer.objects.get()
    with pytest.raises(CommandError, match="secret is empty"):
        call_command("lti_platform", "legacy", *place)
    with pytest.raises(CommandError, match="no platform"):
        call_command("lti_platform", "legacy", *place[:2], "--client-id", "x", "--key", KEY)
    call_command("lti_platform", "legacy", *place, "--remove", stdout=out)
    with pytest.raises(CommandError, match="no consumer"):
        call_command("lti_platform", "legacy", *place, "--remove")

    assert SECRET not in stored.secret_encrypted
    assert SECRET not in out.getvalue()
    assert not LegacyConsumer.objects.exists()
