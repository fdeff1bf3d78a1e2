"""A platform that signs real tokens and answers on a real socket, in any dialect a test scripts."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
CONTEXT_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return a key by name; the same name is the same key for the whole run."""
    return _rsa_key(name, bits)


@cache
def _rsa_key(name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that the platform received."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a platform replies; status 0: the connection breaks instead."""

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    # The HTTP phrase, where a dialect speaks through it.
    reason: str | None = None


Script = Callable[[Asked], Answer]
P = TypeVar("P", bound="LtiPlatform")


@dataclass
class LtiPlatform:
    """One platform: its keys, the requests it received, and what it answers to each path."""

    url: str
    issuer: str = "https://lms.test"
    client_id: str = "client-1"
    deployment_id: str = "deployment-1"
    kid: str = "first"
    published: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    scripts: dict[str, list[Script]] = field(default_factory=dict)
    token_life_s: float = 3600.0
    key_set_headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.publish(self.kid)

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/jwks"

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    def publish(self, kid: str, *, bits: int = 2048, without: str = "", **changes: Any) -> None:
        """Add a public key to the key set, changed or with one field left out."""
        public = RSAAlgorithm.to_jwk(rsa_key(kid, bits).public_key(), as_dict=True)
        public = {name: public[name] for name in ("kty", "n", "e")}
        key = {**public, "kid": kid, "alg": "RS256", "use": "sig", **changes}
        key.pop(without, None)
        self.published[kid] = key

    def sign(
        self,
        claims: Mapping[str, Any],
        *,
        key: Any = None,
        algorithm: str = "RS256",
        headers: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a token; `headers` of None means our kid."""
        head = {"kid": self.kid} if headers is None else dict(headers)
        signer = key if key is not None else rsa_key(self.kid)
        # As JWS: PyJWT would not sign claims of the wrong type.
        content = json.dumps(dict(claims)).encode()
        return jwt.PyJWS().encode(content, signer, algorithm=algorithm, headers=head)

    def claims(self, nonce: str, target: str, /, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good launch by a student."""
        now = int(time.time())
        return {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "bob",
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            "name": "Bob Costa",
            "email": "bob@lms.test",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": self.deployment_id,
            f"{LTI}target_link_uri": target,
            f"{LTI}roles": [f"{CONTEXT_ROLE}Learner"],
            f"{LTI}resource_link": {"id": "link-1", "title": "Moving bytes"},
            f"{LTI}context": {"id": "course-1", "title": "ML Systems", "label": "CS 249r"},
            f"{LTI}custom": {"lab": "fixture-moving-bytes"},
            **changes,
        }

    def answer(self, path: str, *answers: Answer | Script) -> None:
        """Script the answers of one path, in order; the last one stays."""
        self.scripts[path] = [a if callable(a) else _always(a) for a in answers]

    def requests_to(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    def handle(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.path in self.scripts:
            script = self.scripts[asked.path]
            return (script.pop(0) if len(script) > 1 else script[0])(asked)
        if asked.path == "/jwks":
            keys = {"keys": list(self.published.values())}
            return Answer(body=keys, headers=self.key_set_headers)
        if asked.path == "/token":
            token = f"token-{len(self.requests_to('/token'))}"
            return Answer(body={"access_token": token, "expires_in": self.token_life_s})
        return Answer(status=404, body={"error": "no such path"})


def _always(answer: Answer) -> Script:
    return lambda asked: answer


@contextmanager
def lti_platform() -> Iterator[LtiPlatform]:
    """Run a platform on a free port of loopback until the block ends."""
    with served(LtiPlatform) as platform:
        yield platform


@contextmanager
def served(kind: type[P]) -> Iterator[P]:
    """Run a platform of a kind on a free port of loopback until the block ends."""
    server = Server()
    platform = kind(url=server.url)
    server.start(platform)
    try:
        yield platform
    finally:
        server.stop()


class Server:
    """Answers for a platform on one port, and may stop and start again."""

    def __init__(self) -> None:
        self._http = self._bound(0)
        self.port = self._http.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, platform: LtiPlatform) -> None:
        if self._http.fileno() < 0:
            self._http = self._bound(self.port)
        self._http.platform = platform  # type: ignore[attr-defined]
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @staticmethod
    def _bound(port: int) -> ThreadingHTTPServer:
        server = _Http(("127.0.0.1", port), _Handler)
        server.daemon_threads = True
        # A daemon's threads are not waited for when the server closes.
        server.block_on_close = False
        return server


class _Http(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: clients that were killed do not wait for their answers."""


class _Handler(BaseHTTPRequestHandler):
    def _respond(self) -> None:
        parts = urlsplit(self.path)
        asked = Asked(
            method=self.command,
            path=parts.path,
            query={name: values[0] for name, values in parse_qs(parts.query).items()},
            headers=dict(self.headers.items()),
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        answer = self.server.platform.handle(asked)  # type: ignore[attr-defined]
        if answer.status == 0:
            self.connection.close()  # the reply is lost
            return
        body = answer.body if isinstance(answer.body, bytes) else _text(answer.body).encode()
        self.send_response(answer.status, answer.reason)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _respond  # noqa: N815  # the base class wants it

    def log_message(self, *args: Any) -> None:
        """Stay silent."""


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)
