"""Registering platforms by command, and by an administrator's page."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.test import Client

from courseserver.audit.models import AuditEntry
from courseserver.common.startup import refuse_unsafe
from courseserver.courses.models import Course
from courseserver.lti.addresses import origin_of
from courseserver.lti.checks import public_address
from courseserver.lti.models import Platform
from courseserver.lti.registrations import frame_origins

pytestmark = pytest.mark.django_db
OPTIONS = {
    "issuer": "https://canvas.instructure.com",
    "client_id": "10000000000002",
    "deployment_id": "5:d3a2",
    "auth_url": "https://sso.canvaslms.com/api/lti/authorize_redirect",
    "token_url": "https://school.test/login/oauth2/token",
    "jwks_url": "https://sso.canvaslms.com/api/lti/security/jwks",
}


def run(action: str, *arguments: str) -> str:
    out = StringIO()
    call_command("lti_platform", action, *arguments, stdout=out)
    return out.getvalue()


def add(**changes: str) -> str:
    values = {**OPTIONS, **changes}
    return run("add", *[f"--{name.replace('_', '-')}={value}" for name, value in values.items()])


def test_added_is_approved_and_written_to_the_log() -> None:
    add(product="Canvas")

    platform = Platform.objects.get()
    assert platform.approved
    assert platform.product == "canvas"
    assert AuditEntry.objects.get().action == "platform added"
    assert platform.pk in run("list")


def test_canvas_and_moodle_are_known_by_their_site() -> None:
    ids = ("--client-id=c", "--deployment-id=1")
    run("add", "--product=canvas", "--site=https://school.instructure.com/", *ids)
    run("add", "--product=moodle", "--site=https://moodle.school.test", *ids)

    canvas, moodle = Platform.objects.order_by("issuer")
    assert canvas.issuer == "https://canvas.instructure.com"
    assert canvas.token_url == "https://school.instructure.com/login/oauth2/token"
    assert moodle.issuer == "https://moodle.school.test"
    assert moodle.jwks_url == "https://moodle.school.test/mod/lti/certs.php"


def test_a_site_of_an_unknown_product_fills_in_nothing() -> None:
    with pytest.raises(CommandError, match="--issuer"):
        run("add", "--product=other", "--site=https://x.test", "--client-id=c", "--deployment-id=1")


def test_adding_again_changes_the_addresses_of_every_deployment() -> None:
    add()
    add(deployment_id="6:ffff", token_url="https://new.test/token")

    assert set(Platform.objects.values_list("token_url", flat=True)) == {"https://new.test/token"}
    assert Platform.objects.count() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"auth_url": "ftp://x"},
        {"jwks_url": "https://"},
        {"token_url": "nowhere"},
        {"issuer": ""},
        {"client_id": "ü"},
        {"deployment_id": "d" * 256},
        {"frame_origin": "https://lms.test/path"},
    ],
)
def test_a_registration_that_cannot_be_right_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        add(**changes)

    assert not Platform.objects.exists()


def test_plain_http_is_registered_in_development_only(settings: Any) -> None:
    settings.DEVELOPMENT = False

    with pytest.raises(CommandError, match="https"):
        add(jwks_url="http://lms.test/jwks")


@pytest.mark.parametrize(
    ("development", "url", "errors"),
    [
        (True, "http://127.0.0.1:8000", []),
        (False, "https://labs.test", []),
        (False, "http://labs.test", ["lti.E001"]),
    ],
)
def test_plain_http_outside_development_refuses_to_start(
    development: bool, url: str, errors: list[str], settings: Any
) -> None:
    settings.DEVELOPMENT = development
    settings.PUBLIC_URL = url

    assert [error.id for error in public_address(None)] == errors
    if errors:
        with pytest.raises(SystemCheckError, match=r"lti\.E001"):
            refuse_unsafe()
    else:
        refuse_unsafe()


def test_a_held_deployment_is_approved_by_its_id() -> None:
    add()
    Platform.objects.update(approved=False)
    platform = Platform.objects.get()
    assert "HELD" in run("list")

    run("approve", platform.pk)

    platform.refresh_from_db()
    assert platform.approved


def test_a_platform_with_courses_is_not_removed() -> None:
    add()
    platform = Platform.objects.get()
    course = Course.objects.create(platform=platform, context_id="c")

    with pytest.raises(CommandError, match="has courses"):
        run("remove", platform.pk)
    course.delete()
    run("remove", platform.pk)

    assert not Platform.objects.exists()


@pytest.mark.parametrize("action", ["approve", "remove"])
def test_an_unknown_id_is_named(action: str) -> None:
    with pytest.raises(CommandError, match="plt_nothing"):
        run(action, "plt_nothing")


def test_a_canvas_may_frame_us_from_any_of_its_schools() -> None:
    add(product="canvas", frame_origin="https://lms.school.test")

    assert frame_origins(Platform.objects.get()) == (
        "https://canvas.instructure.com",
        "https://sso.canvaslms.com",
        "https://lms.school.test",
        "https://*.instructure.com",
    )


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://lms.test/x?y", "https://lms.test"),
        ("https://LMS.test:8443", "https://lms.test:8443"),
        ("https://lms.test:443/", "https://lms.test"),
        ("https://user:pw@lms.test/", ""),
        ("https://lms.test;script-src/", ""),
        ("https://[::1]:8000/x", "https://[::1]:8000"),
        ("ftp://lms.test", ""),
        ("not an address", ""),
        ("https://[::1", ""),
        ("", ""),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_the_administrators_page_lists_platforms_and_approves_them(admin_client: Client) -> None:
    add()
    Platform.objects.update(approved=False)
    platform = Platform.objects.get()

    page = admin_client.get("/admin/lti/platform/")
    body = {"action": "approve", "_selected_action": [platform.pk]}
    admin_client.post("/admin/lti/platform/", body)

    platform.refresh_from_db()
    assert b"canvas.instructure.com" in page.content
    assert platform.approved
    assert AuditEntry.objects.filter(action="platform approved", subject=platform.pk).exists()


def test_the_administrators_page_is_closed_to_others(client: Client) -> None:
    assert client.get("/admin/lti/platform/").status_code == 302
    assert "frame-ancestors 'self'" in client.get("/admin/login/")["Content-Security-Policy"]
