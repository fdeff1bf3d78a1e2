"""Reading claims: every value has its type and its limit, or the launch is refused."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from courseserver.lti.addresses import origin_of
from courseserver.lti.errors import TokenRefused

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MESSAGE_TYPE = f"{LTI}message_type"
VERSION = f"{LTI}version"
DEPLOYMENT_ID = f"{LTI}deployment_id"
TARGET_LINK_URI = f"{LTI}target_link_uri"
RESOURCE_LINK = f"{LTI}resource_link"
ROLES = f"{LTI}roles"
CONTEXT = f"{LTI}context"
CUSTOM = f"{LTI}custom"
FOR_USER = f"{LTI}for_user"
TOOL_PLATFORM = f"{LTI}tool_platform"
PRESENTATION = f"{LTI}launch_presentation"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"

ID_MAX = 255
TEXT_MAX = 1000
URL_MAX = 1000
# Control characters and lone surrogates: no name holds them, and PostgreSQL stores neither.
_UNSTORABLE = ("Cc", "Cs")
Claims = Mapping[str, Any]


def refused(reason: str) -> TokenRefused:
    return TokenRefused(reason, "Your LMS sent a message that is not a complete LTI 1.3 launch.")


def required_id(claims: Claims, name: str, reason: str) -> str:
    """Return an identifier: a string of 1 to 255 printable ASCII characters."""
    value = claims.get(name)
    if not isinstance(value, str) or not value or len(value) > ID_MAX:
        raise refused(reason)
    if not value.isascii() or not value.isprintable():
        raise refused(reason)
    return value


def table(claims: Claims, name: str, reason: str) -> Claims:
    """Return an object claim, empty where it is absent."""
    value = claims.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refused(reason)
    return value


def text(claims: Claims, name: str, limit: int = TEXT_MAX) -> str:
    """Return optional display text; anything that is no string counts as absent."""
    value = claims.get(name)
    return clean(value, limit) if isinstance(value, str) else ""


def clean(value: str, limit: int = TEXT_MAX) -> str:
    """Return display text on one line, without characters that nobody can see or store."""
    kept = (c for c in " ".join(value.split()) if unicodedata.category(c) not in _UNSTORABLE)
    return "".join(kept)[:limit]


def strings(claims: Claims, name: str) -> tuple[str, ...]:
    """Return the printable strings of an optional list."""
    value = claims.get(name)
    if not isinstance(value, list):
        return ()
    return tuple(v for v in value if isinstance(v, str) and v.isprintable())


def url(claims: Claims, name: str) -> str:
    """Return an optional http(s) address, empty where it is absent or something else."""
    value = claims.get(name)
    if not isinstance(value, str) or len(value) > URL_MAX:
        return ""
    is_plain = value.isascii() and value.isprintable() and " " not in value
    return value if is_plain and origin_of(value) else ""


def flag(claims: Claims, name: str) -> bool | None:
    """Return an optional boolean; some platforms write it as a word."""
    value = claims.get(name)
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def custom(claims: Claims) -> dict[str, str]:
    """Return the custom parameters; a variable that the platform did not fill in is left out."""
    values = table(claims, CUSTOM, "custom is no object")
    # Canvas fills some variables in as numbers.
    filled = {n: clean(str(v)) for n, v in values.items() if isinstance(v, str | int | float)}
    return {name: value for name, value in filled.items() if not value.startswith("$")}
