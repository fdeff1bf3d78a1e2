"""Signed messages with any JSON in any claim: an answer of ours, never an error of ours."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courseserver.courses.models import Course, Identity
from tests.courseserver.lti.launching import DROP, Launcher
from tests.doubles.lti_platform import CONTEXT_ROLE, LTI

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
# What databases, headers and parsers trip over, and half a surrogate pair.
TEXTS = ["", "\x00", "\ud800", "a\nb", "$X", "https://x.test;script-src *", "é" * 300, "x" * 2000]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TEXTS) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = [
    "iss", "aud", "azp", "sub", "exp", "iat", "nbf", "jti", "nonce", "name", "given_name",
    "email", "locale", AGS, NRPS,
    *(
        LTI + name
        for name in (
            "message_type", "version", "deployment_id", "target_link_uri", "resource_link",
            "roles", "role_scope_mentor", "context", "custom", "launch_presentation", "for_user",
            "tool_platform", "lis",
        )
    ),
]  # fmt: skip


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=3))
def test_any_json_in_any_claim_gets_an_answer(changes: dict[str, Any], launcher: Launcher) -> None:
    assert launcher.launch(**changes).status_code in (303, 400, 401, 403, 404)


@pytest.mark.parametrize("text", TEXTS)
def test_strange_text_is_kept_out_of_what_we_store(text: str, launcher: Launcher) -> None:
    changes = {
        "name": f"Bob{text}",
        "email": text,
        f"{LTI}roles": [f"{CONTEXT_ROLE}Learner", text],
        f"{LTI}context": {"id": "c", "title": text, "label": text},
        f"{LTI}resource_link": {"id": "l", "title": text},
        f"{LTI}custom": {"lab": "fixture-moving-bytes", "due": text, text: text},
        f"{LTI}launch_presentation": {"return_url": text, "locale": text},
        AGS: {"scope": [text], "lineitem": text, "lineitems": text},
        NRPS: {"context_memberships_url": text},
    }

    assert launcher.launch(**changes).status_code == 303
    kept = Identity.objects.get().name + Course.objects.get().title
    assert not {"\x00", "\ud800", "\n"} & set(kept)


def test_a_number_is_a_custom_parameter_too(launcher: Launcher) -> None:
    custom = {"lab": "fixture-moving-bytes", "canvas_user": 17, "flag": True, "list": [1]}

    assert launcher.launch(**{f"{LTI}custom": custom, "name": DROP}).status_code == 303
