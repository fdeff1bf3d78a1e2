"""What the launch tests share: one browser, one platform, one thing changed at a time."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.test import Client

from courseserver.lti.models import Platform
from tests.doubles.lti_platform import LtiPlatform

DROP = object()


def target(path: str = "/lti/launch/") -> str:
    return f"{settings.PUBLIC_URL}{path}"


@dataclass
class Login:
    """What our login sent the browser away with."""

    query: dict[str, str]
    location: str

    @property
    def state(self) -> str:
        return self.query["state"]

    @property
    def nonce(self) -> str:
        return self.query["nonce"]


@dataclass
class Launcher:
    lms: LtiPlatform
    client: Client = field(default_factory=Client)

    def register(self, **changes: Any) -> Platform:
        values = {
            "issuer": self.lms.issuer,
            "client_id": self.lms.client_id,
            "deployment_id": self.lms.deployment_id,
            "auth_url": "https://lms.test/auth",
            "token_url": self.lms.token_url,
            "jwks_url": self.lms.jwks_url,
            "approved": True,
            **changes,
        }
        return Platform.objects.create(**values)

    def login_values(self, **changes: Any) -> dict[str, str]:
        values = {
            "iss": self.lms.issuer,
            "login_hint": "hint-1",
            "target_link_uri": target(),
            "lti_message_hint": "message-1",
            "client_id": self.lms.client_id,
            "lti_deployment_id": self.lms.deployment_id,
            **changes,
        }
        return {name: value for name, value in values.items() if value is not DROP}

    def login(self, **changes: Any) -> Login:
        response = self.client.get("/lti/login/", self.login_values(**changes))
        assert response.status_code == 302, response.content
        location = response["Location"]
        query = {name: value[0] for name, value in parse_qs(urlsplit(location).query).items()}
        return Login(query=query, location=location)

    def claims(self, login: Login, **changes: Any) -> dict[str, Any]:
        claims = self.lms.claims(login.nonce, target(), **changes)
        return {name: value for name, value in claims.items() if value is not DROP}

    def post(self, login: Login, token: str) -> Any:
        return self.client.post("/lti/launch/", {"id_token": token, "state": login.state})

    def launch(self, **changes: Any) -> Any:
        """Launch with one or more claims changed or dropped."""
        login = self.login()
        return self.post(login, self.lms.sign(self.claims(login, **changes)))


class Reasons(list[str]):
    """Stands in for the launch module's log."""

    def warning(self, event: str, **values: Any) -> None:
        if "reason" in values:
            self.append(str(values["reason"]))

    def info(self, event: str, **values: Any) -> None: ...
