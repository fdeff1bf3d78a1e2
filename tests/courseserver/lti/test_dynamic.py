"""Dynamic registration: a platform offers itself, an administrator confirms, no other gets in."""

import json
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from courseserver.common import clock
from courseserver.lti import dynamic
from courseserver.lti.models import Platform, RegistrationInvite
from courseserver.lti.variables import DUE, VARIABLES
from tests.courseserver.lti.launching import DROP, Launcher
from tests.doubles.lti_platform import LTI, Answer, Asked, LtiPlatform

pytestmark = pytest.mark.django_db
TOKEN = "registration-token"


class Offering:
    """A platform that offers itself at `/openid`, and registers tools at `/register`."""

    def __init__(self, lms: LtiPlatform) -> None:
        self.lms = lms
        lms.issuer = lms.url
        self.changes: dict[str, Any] = {}
        self.answer: dict[str, Any] = {
            "client_id": lms.client_id,
            dynamic.TOOL_CONFIGURATION: {"deployment_id": lms.deployment_id},
        }
        lms.answer("/openid", self.configuration)
        lms.answer("/register", lambda asked: Answer(status=201, body=self.answer))

    def configuration(self, asked: Asked) -> Answer:
        content = {
            "issuer": self.lms.url,
            "authorization_endpoint": f"{self.lms.url}/auth",
            "token_endpoint": self.lms.token_url,
            "jwks_uri": self.lms.jwks_url,
            "registration_endpoint": f"{self.lms.url}/register",
            dynamic.PLATFORM_CONFIGURATION: {"product_family_code": "Moodle"},
            **self.changes,
        }
        return Answer(body={k: v for k, v in content.items() if v is not DROP})

    def open(self, client: Client, address: str, **query: str) -> Any:
        values = {
            "openid_configuration": f"{self.lms.url}/openid",
            "registration_token": TOKEN,
            **query,
        }
        return client.get(address, values)


@pytest.fixture
def offering(lms: LtiPlatform) -> Offering:
    return Offering(lms)


@pytest.fixture
def address() -> str:
    out = StringIO()
    call_command("lti_platform", "invite", "--name", "School", stdout=out)
    url = out.getvalue().strip()
    assert url.startswith(f"{settings.PUBLIC_URL}/lti/register/")
    return url.removeprefix(settings.PUBLIC_URL)


def confirmation(page: Any) -> dict[str, str]:
    text = page.content.decode()
    return {"confirm": text.partition('name="confirm" value="')[2].partition('"')[0]}


def test_a_confirmed_platform_launches_at_once(
    offering: Offering, address: str, client: Client
) -> None:
    page = offering.open(client, address)
    done = client.post(address, confirmation(page))

    platform = Platform.objects.get()
    assert offering.lms.url in page.content.decode()
    assert done.status_code == 200
    assert (platform.issuer, platform.product, platform.name) == (
        offering.lms.url,
        "moodle",
        "School",
    )
    assert Launcher(offering.lms).launch().status_code == 303


def test_the_platform_is_told_where_we_answer_and_what_we_need(
    offering: Offering, address: str, client: Client
) -> None:
    client.post(address, confirmation(offering.open(client, address)))

    (asked,) = offering.lms.requests_to("/register")
    sent = asked.json
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent["initiate_login_uri"] == f"{settings.PUBLIC_URL}/lti/login/"
    assert sent["redirect_uris"] == [f"{settings.PUBLIC_URL}/lti/launch/"]
    assert sent["token_endpoint_auth_method"] == "private_key_jwt"
    assert "https://purl.imsglobal.org/spec/lti-ags/scope/score" in sent["scope"].split()
    about = sent[dynamic.TOOL_CONFIGURATION]
    assert about["domain"] == "127.0.0.1:8000"
    assert about["custom_parameters"] == {**DUE, **VARIABLES}


def test_the_configuration_is_asked_with_the_token_as_canvas_wants_it(
    offering: Offering, address: str, client: Client
) -> None:
    offering.open(client, address)

    asked = offering.lms.requests_to("/openid")[0]
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"


def test_nothing_is_registered_before_it_is_confirmed(
    offering: Offering, address: str, client: Client
) -> None:
    page = offering.open(client, address)

    assert page.status_code == 200
    assert offering.lms.requests_to("/register") == []
    assert not Platform.objects.exists()
    assert TOKEN not in page.content.decode()
    assert TOKEN not in str(RegistrationInvite.objects.values())


@pytest.mark.parametrize("confirm", ["", "wrong"])
def test_a_confirmation_that_is_not_ours_registers_nothing(
    confirm: str, offering: Offering, address: str, client: Client
) -> None:
    offering.open(client, address)

    assert client.post(address, {"confirm": confirm}).status_code == 400
    assert offering.lms.requests_to("/register") == []


def test_an_invitation_serves_once(offering: Offering, address: str, client: Client) -> None:
    body = confirmation(offering.open(client, address))
    client.post(address, body)

    assert client.post(address, body).status_code == 400
    assert offering.open(client, address).status_code == 400
    assert len(offering.lms.requests_to("/register")) == 1


def test_a_failed_registration_leaves_the_invitation_good(
    offering: Offering, address: str, client: Client
) -> None:
    offering.lms.answer("/register", Answer(status=401))
    failed = client.post(address, confirmation(offering.open(client, address)))
    offering.lms.answer("/register", Answer(body=offering.answer))
    done = client.post(address, confirmation(offering.open(client, address)))

    assert (failed.status_code, done.status_code) == (400, 200)


def test_an_old_or_unknown_invitation_asks_nobody(
    offering: Offering, address: str, client: Client
) -> None:
    RegistrationInvite.objects.update(expires_at=clock.now())

    assert offering.open(client, address).status_code == 400
    assert offering.open(client, "/lti/register/made-up/").status_code == 400
    assert offering.lms.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://other.test"},
        {"issuer": "https://canvas.instructure.com"},
        {"issuer": DROP},
        {"issuer": 7},
        {"registration_endpoint": "http://127.0.0.1:9/register"},
        {"registration_endpoint": "file:///etc/passwd"},
        {"registration_endpoint": DROP},
        {"token_endpoint": "gopher://x"},
        {"jwks_uri": DROP},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "https://["},
    ],
)
def test_a_platform_that_speaks_for_another_is_refused(
    changes: dict[str, Any], offering: Offering, address: str, client: Client
) -> None:
    offering.changes = changes

    assert offering.open(client, address).status_code == 400
    assert not RegistrationInvite.objects.exclude(offer_encrypted="").exists()


@pytest.mark.parametrize("answer", [Answer(status=404), Answer(body="<html>"), Answer(body=[])])
def test_a_platform_that_does_not_answer_is_explained(
    answer: Answer, offering: Offering, address: str, client: Client
) -> None:
    offering.lms.answer("/openid", answer)

    assert offering.open(client, address).status_code == 400


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1:9/x", "ftp://x", "not an address", "https://["]
)
def test_a_configuration_that_cannot_be_asked_is_explained(
    url: str, offering: Offering, address: str, client: Client
) -> None:
    assert offering.open(client, address, openid_configuration=url).status_code == 400


def test_private_addresses_are_not_asked_outside_development(
    offering: Offering, address: str, client: Client, settings: Any
) -> None:
    settings.DEVELOPMENT = False

    assert offering.open(client, address).status_code == 400
    assert offering.lms.asked == []


def test_a_platform_without_a_deployment_has_its_first_one_held(
    offering: Offering, address: str, client: Client
) -> None:
    del offering.answer[dynamic.TOOL_CONFIGURATION]
    done = client.post(address, confirmation(offering.open(client, address)))

    launcher = Launcher(offering.lms)
    first = launcher.launch()
    named = launcher.launch(**{f"{LTI}deployment_id": dynamic.UNKNOWN_DEPLOYMENT})

    assert b"held until" in done.content
    assert first.status_code == 403
    assert named.status_code == 400
    assert Platform.objects.get(deployment_id=offering.lms.deployment_id).approved is False


def test_an_answer_without_a_client_id_is_refused(
    offering: Offering, address: str, client: Client
) -> None:
    offering.answer = {}

    assert client.post(address, confirmation(offering.open(client, address))).status_code == 400
    assert not Platform.objects.exists()


def test_schools_hosted_by_canvas_share_an_issuer() -> None:
    offer = dynamic.Offer(
        issuer="https://canvas.instructure.com",
        auth_url="https://sso.canvaslms.com/a",
        token_url="https://school.instructure.com/t",
        jwks_url="https://sso.canvaslms.com/j",
        registration_url="https://school.instructure.com/r",
        auth_audience="",
        product="canvas",
        token="",
    )

    dynamic._check_belongs(offer, "https://school.instructure.com/openid")
    for elsewhere in ("https://evil.test/o", "https://instructure.com.evil.test/o"):
        with pytest.raises(dynamic.RegistrationRefused):
            dynamic._check_belongs(offer, elsewhere)


def test_what_we_tell_a_platform_is_json() -> None:
    assert json.loads(json.dumps(dynamic.tool_metadata())) == dynamic.tool_metadata()


def test_a_platform_is_offered_the_messages_it_knows() -> None:
    def kinds(*supported: str) -> list[str]:
        about = dynamic.tool_metadata(supported)[dynamic.TOOL_CONFIGURATION]
        return [message["type"] for message in about["messages"]]

    assert kinds("LtiDeepLinkingRequest", "LtiStartTalk") == ["LtiDeepLinkingRequest"]
    assert len(kinds()) == 4
    assert dynamic.tool_metadata()["logo_uri"].startswith("http")


@pytest.mark.parametrize(
    "listed", [None, "x", 7, [1, {"type": 7}, {"type": "LtiResourceLinkRequest"}]]
)
def test_a_platforms_list_of_messages_may_be_anything(listed: Any) -> None:
    address = "https://lms.test/x"
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")
    content = {"issuer": "https://lms.test", **dict.fromkeys(names, address)}
    content[dynamic.PLATFORM_CONFIGURATION] = {"messages_supported": listed}

    found = dynamic._offer(content, "").messages

    assert found == (["LtiResourceLinkRequest"] if isinstance(listed, list) else [])
