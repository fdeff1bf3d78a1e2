"""The cases of the conformance guide, section 6.1: twelve bad payloads, eighteen good launches."""

import time
from typing import Any

import pytest

from courseserver.courses.models import Enrolment, Identity
from tests.courseserver.lti.launching import DROP, Launcher, Reasons
from tests.doubles.lti_platform import CONTEXT_ROLE, LTI

INSTRUCTOR, LEARNER = f"{CONTEXT_ROLE}Instructor", f"{CONTEXT_ROLE}Learner"
UNKNOWN = "http://purl.imsglobal.org/vocab/lis/v2/uknownrole/unknown#Helper"
BARE = {"name": DROP, "email": DROP}

BAD_CLAIMS = {
    "wrong version": ({f"{LTI}version": "11.3"}, "version is not 1.3.0"),
    "no version": ({f"{LTI}version": DROP}, "version is not 1.3.0"),
    "timestamps incorrect": ({"iat": 11111, "exp": 22222}, "token expired"),
    "message type missing": ({f"{LTI}message_type": DROP}, "message_type unknown"),
    "role claim missing": ({f"{LTI}roles": DROP}, "roles missing or no list of strings"),
    "deployment missing": ({f"{LTI}deployment_id": DROP}, "deployment_id missing or malformed"),
    "resource link missing": (
        {f"{LTI}resource_link": DROP},
        "resource_link id missing or malformed",
    ),
    "user missing": ({"sub": DROP}, "sub missing or malformed"),
}
GOOD = {
    "plain": {},
    "multiple roles": {"more_roles": [UNKNOWN, f"{CONTEXT_ROLE}Member"]},
    "short role": {"short": True},
    "unknown role": {"roles": [UNKNOWN]},
    "no role": {"roles": []},
    "email only": {"name": DROP},
    "names only": {"email": DROP, "name": DROP, "given_name": "Bob", "family_name": "Costa"},
    "no PII": BARE,
    "email without context": {"name": DROP, f"{LTI}context": DROP},
}


@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_a_bad_payload_is_refused_for_its_own_reason(
    case: str, launcher: Launcher, reasons: Reasons
) -> None:
    changes, reason = BAD_CLAIMS[case]

    response = launcher.launch(**changes)

    assert 400 <= response.status_code < 500
    assert reasons == [reason]
    assert not Enrolment.objects.exists()


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({}, "kid missing"), ({"kid": "imsstester_unknown"}, "kid unknown to the platform's key set")],
)
def test_a_token_without_the_right_kid_is_refused(
    headers: dict[str, str], reason: str, launcher: Launcher, reasons: Reasons
) -> None:
    login = launcher.login()
    token = launcher.lms.sign(launcher.claims(login), headers=headers)

    response = launcher.post(login, token)

    assert response.status_code == 400
    assert reasons == [reason]


@pytest.mark.parametrize("only_nonce", [True, False])
def test_json_that_is_no_launch_is_refused(
    only_nonce: bool, launcher: Launcher, reasons: Reasons
) -> None:
    login = launcher.login()
    now = int(time.time())
    claims: dict[str, Any] = {"name": "badltilaunch", "nonce": login.nonce}
    if not only_nonce:
        claims |= {"iss": launcher.lms.issuer, "aud": launcher.lms.client_id}
        claims |= {"iat": now, "exp": now + 60, "sub": "bob"}

    response = launcher.post(login, launcher.lms.sign(claims))

    assert response.status_code == 400
    assert len(reasons) == 1
    assert not Enrolment.objects.exists()


@pytest.mark.parametrize("base", [INSTRUCTOR, LEARNER])
@pytest.mark.parametrize("case", GOOD)
def test_a_good_launch_is_accepted(case: str, base: str, launcher: Launcher) -> None:
    changes: dict[str, Any] = dict(GOOD[case])  # type: ignore[arg-type]
    roles = changes.pop("roles", [base, *changes.pop("more_roles", [])])
    if changes.pop("short", False):
        roles = [base.removeprefix(CONTEXT_ROLE)]

    response = launcher.launch(**{f"{LTI}roles": roles}, **changes)

    assert response.status_code == 303
    expected = "instructor" if INSTRUCTOR in roles or "Instructor" in roles else "learner"
    assert Enrolment.objects.get().role == expected
    assert Identity.objects.get().subject == "bob"
