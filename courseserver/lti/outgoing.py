"""Requests to platforms: short, capped, never redirected, never into a private network."""

import io
import ipaddress
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util import connection as sockets

CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 10.0
TOTAL_TIMEOUT_S = 20.0
MAX_REPLY_BYTES = 4_000_000
USER_AGENT = "courseserver (LTI 1.3 tool)"


class Unreachable(Exception):
    """No usable reply: refused, timed out, cut off or too large."""


class AddressRefused(Unreachable):
    """We do not send requests to this address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Return the body as JSON; ValueError if it is not."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("JSON nested too deeply") from error


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Reply:
    """Return the platform's reply, whatever its status.

    Raises
    ------
    AddressRefused
        If the address is not http(s), has a name and password, is plain http outside development,
        or leads into a private network outside development.
    Unreachable
        If no complete reply of acceptable size arrives in time.
    """
    check_address(url)
    try:
        with _session().request(
            method,
            url,
            headers={"User-Agent": USER_AGENT, **(headers or {})},
            data=body,
            timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            allow_redirects=False,
            stream=True,
            verify=settings.OUTGOING_CA_FILE or True,
        ) as response:
            return Reply(
                status=response.status_code,
                headers=response.headers,
                body=_read(response),
            )
    except (requests.RequestException, OSError) as error:
        raise Unreachable(f"no usable reply from {_host(url)}: {type(error).__name__}") from error


def check_address(url: str) -> None:
    """Refuse an address we would never ask, before anything is sent."""
    try:
        parts = urlsplit(url)
    except ValueError as error:  # brackets that are no IPv6 address
        raise AddressRefused("an address without a host is not asked") from error
    schemes = ("https", "http") if settings.DEVELOPMENT else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise AddressRefused(f"{_host(url)}: only {' or '.join(schemes)} addresses are asked")
    if parts.username or parts.password:
        raise AddressRefused(f"{_host(url)}: an address with a password in it is not asked")


def _read(response: requests.Response) -> bytes:
    chunks, size = [], 0
    for chunk in response.iter_content(65_536):
        size += len(chunk)
        if size > MAX_REPLY_BYTES:
            raise requests.RequestException(f"reply larger than {MAX_REPLY_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "an address without a host"


def _session() -> requests.Session:
    # One session per process: connections to a platform are kept and reused.
    global _shared
    if _shared is None:
        _shared = requests.Session()
        _shared.trust_env = False
        # Connections are shared, cookies are not: one platform's session is nobody else's.
        _shared.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        _shared.mount("http://", _GuardedAdapter())
        _shared.mount("https://", _GuardedAdapter())
    return _shared


_shared: requests.Session | None = None


def _guarded_socket(host: str, port: int, timeout: Any, options: Any) -> socket.socket:
    """Connect to one checked address, so that a name cannot change its mind after the check."""
    last: OSError = OSError(f"{host} has no address")
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        ip = str(address[0])
        if not settings.DEVELOPMENT and not ipaddress.ip_address(ip.partition("%")[0]).is_global:
            raise OSError(f"{host} leads to the private address {ip}")
        try:
            return sockets.create_connection((ip, port), timeout, socket_options=options)
        except OSError as error:
            last = error
    raise last


class _Timed(io.RawIOBase):
    """What a platform sends in its time; the timeout of a socket starts anew at each byte."""

    def __init__(self, raw: io.RawIOBase, connected: socket.socket) -> None:
        self._raw, self._socket = raw, connected
        self._deadline = time.monotonic() + TOTAL_TIMEOUT_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(f"reply took longer than {TOTAL_TIMEOUT_S} s")
        self._socket.settimeout(min(left_s, READ_TIMEOUT_S))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """A reply that is read, head and body, within one time limit."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock))


class _GuardedHttp(HTTPConnection):
    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        try:
            return _guarded_socket(self.host, int(self.port), self.timeout, self.socket_options)
        except (OSError, UnicodeError) as error:  # a label of a name may be too long
            raise NewConnectionError(self, str(error)) from error


class _GuardedHttps(HTTPSConnection):
    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        try:
            return _guarded_socket(self.host, int(self.port), self.timeout, self.socket_options)
        except (OSError, UnicodeError) as error:  # a label of a name may be too long
            raise NewConnectionError(self, str(error)) from error


class _GuardedHttpPool(HTTPConnectionPool):
    ConnectionCls = _GuardedHttp


class _GuardedHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHttps


class _GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _GuardedHttpPool,
            "https": _GuardedHttpsPool,
        }
