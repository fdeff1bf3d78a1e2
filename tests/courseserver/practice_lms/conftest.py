"""One practice LMS for the whole run, with a tool of the tests' own on the other side."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from tests.doubles.lti_platform import Answer, LtiPlatform, lti_platform, rsa_key
from tests.doubles.practice import practice_lms
from tests.services import LIMIT_S

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
ROSTER_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
ALL_SCOPES = [f"{SCOPE}{name}" for name in ("lineitem", "result.readonly", "score")]
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Tool:
    """A tool as the practice LMS sees it: a key, a browser, a token."""

    lms: str
    url: str
    http: requests.Session = field(default_factory=requests.Session)
    client_id: str = "practice-client"
    _token: str = ""

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.http.get(f"{self.lms}{path}", timeout=LIMIT_S, **options)

    def sign(self, claims: dict[str, Any], *, key: str = "tool", kid: str = "tool") -> str:
        return jwt.encode(claims, rsa_key(key), algorithm="RS256", headers={"kid": kid})

    def assertion(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.client_id, "sub": self.client_id, "aud": f"{self.lms}/lti/token/",
            "iat": now, "exp": now + 60, "jti": secrets.token_hex(8), **changes,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def ask_token(self, assertion: str, scope: str = "", **changes: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            "scope": scope or " ".join(ALL_SCOPES),
            **changes,
        }
        return self.http.post(f"{self.lms}/lti/token/", data=form, timeout=LIMIT_S)

    def token(self, scope: str = "") -> str:
        reply = self.ask_token(self.sign(self.assertion()), scope)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["access_token"])

    def call(self, method: str, path: str, *, scope: str = "", **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token(scope)}", **options.pop("headers", {})}
        url = f"{self.lms}{path}"
        return self.http.request(method, url, headers=headers, timeout=LIMIT_S, **options)

    def login(self, path: str) -> dict[str, str]:
        """Open something as a browser would; return what is sent to our login."""
        reply = self.get(path, allow_redirects=False)
        assert reply.status_code == 302, reply.text
        query = parse_qs(urlsplit(reply.headers["Location"]).query)
        return {name: values[0] for name, values in query.items()}

    def authorise(self, login: dict[str, str], **changes: str | None) -> requests.Response:
        """Send the browser back with what OIDC asks; `changes` of None leave a field out."""
        values = {
            "scope": "openid", "response_type": "id_token", "response_mode": "form_post",
            "prompt": "none", "client_id": self.client_id,
            "redirect_uri": f"{self.url}/lti/launch/", "state": "state-1", "nonce": "nonce-1",
            "login_hint": login["login_hint"], "lti_message_hint": login["lti_message_hint"],
            **changes,
        }  # fmt: skip
        kept = {name: value for name, value in values.items() if value is not None}
        return self.get("/lti/auth/", params=kept)

    def launch(self, path: str) -> dict[str, Any]:
        """Return the verified claims of a launch."""
        fields = form_fields(self.authorise(self.login(path)).text)
        keys = jwt.PyJWKSet.from_dict(self.get("/lti/jwks/").json())
        token = fields["id_token"]
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=["RS256"], audience=self.client_id, issuer=self.lms
        )
        return claims


def form_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of a hand-over page."""
    fields = {}
    for part in page.split('type="hidden" name="')[1:]:
        name, _, rest = part.partition('" value="')
        fields[name] = rest.partition('"')[0]
    return fields


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, LtiPlatform]]:
    with lti_platform() as far_side:
        far_side.publish("tool")
        keys = {"keys": [far_side.published["tool"]]}
        far_side.answer("/lti/jwks/", Answer(body=keys))
        folder = tmp_path_factory.mktemp("practice")
        with practice_lms(folder, far_side.url, with_faults=True) as (url, _):
            yield url, far_side


@pytest.fixture
def tool(_running: tuple[str, LtiPlatform]) -> Tool:
    url, far_side = _running
    requests.delete(f"{url}/control/faults/", timeout=LIMIT_S).raise_for_status()
    return Tool(lms=url, url=far_side.url)
