"""Signed messages with any JSON in any claim: an answer of ours, never an error of ours."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courseserver.courses.models import Assignment, Course, Enrolment, Identity
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


ENDS_OF_TIME = [
    "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z",
]  # fmt: skip


@pytest.mark.parametrize("role", ["Learner", "Instructor"])
@pytest.mark.parametrize("due", ENDS_OF_TIME)
def test_a_due_date_at_an_end_of_the_calendar_counts_as_none(
    due: str, role: str, launcher: Launcher
) -> None:
    custom = {"lab": "fixture-moving-bytes", "due": due}
    roles = [f"{CONTEXT_ROLE}{role}"]

    assert launcher.launch(**{f"{LTI}custom": custom, f"{LTI}roles": roles}).status_code == 303
    assert Assignment.objects.get().due_at is None


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ('["Mon\\u0000day", "\\ud800"]', ["Monday"]),
        ("[" * 1000, []),
        ("a, b,,a", ["a", "b"]),
        ('[{"x": 1}, null]', ["{'x': 1}", "None"]),
    ],
)
def test_sections_of_anything_are_text_that_every_database_stores(
    told: str, kept: list[str], launcher: Launcher
) -> None:
    custom = {"lab": "fixture-moving-bytes", "sections": told}

    assert launcher.launch(**{f"{LTI}custom": custom}).status_code == 303
    assert Enrolment.objects.get().sections == kept


@pytest.mark.parametrize("data", ["\x00", "\ud800", {"a": ["\x00"]}, {"\ud800": 1}])
def test_deep_linking_data_that_no_database_keeps_is_refused(data: Any, launcher: Launcher) -> None:
    wanted = {
        "deep_link_return_url": "https://lms.test/return",
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["iframe"],
        "data": data,
    }
    changes = {
        f"{LTI}message_type": "LtiDeepLinkingRequest",
        f"{LTI}roles": [f"{CONTEXT_ROLE}Instructor"],
        "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": wanted,
    }

    assert launcher.launch(**changes).status_code == 400
