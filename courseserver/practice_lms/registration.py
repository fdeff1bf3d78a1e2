"""The registered tool and our own issuer, as `practice_setup` wrote them."""

import json
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from courseserver.practice_lms import store

DEPLOYMENT_ID = "1"


class NotSetUp(Exception):
    """Nobody ran `practice_setup` yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One registered tool, and the issuer we are for it."""

    issuer: str
    client_id: str
    deployment_id: str
    login_url: str
    redirect_uris: tuple[str, ...]
    target_url: str
    jwks_url: str

    @property
    def token_url(self) -> str:
        return f"{self.issuer}/lti/token/"


def tool_of(lms_url: str, tool_url: str) -> Tool:
    """Return the registration of a tool that lives at `tool_url`."""
    launch = f"{tool_url}/lti/launch/"
    return Tool(
        issuer=lms_url,
        client_id="practice-client",
        deployment_id=DEPLOYMENT_ID,
        login_url=f"{tool_url}/lti/login/",
        redirect_uris=(launch,),
        target_url=launch,
        jwks_url=f"{tool_url}/lti/jwks/",
    )


def tool_save(tool: Tool) -> None:
    store.setting_write("tool", json.dumps(asdict(tool)))


def tool_read() -> Tool:
    """Return the registered tool.

    Raises
    ------
    NotSetUp
        If there is none.
    """
    text = store.setting_read("tool")
    if not text:
        raise NotSetUp("run `manage.py practice_setup --tool URL --lms URL` first")
    values = json.loads(text)
    return Tool(**{**values, "redirect_uris": tuple(values["redirect_uris"])})


def tool_origin() -> str:
    parts = urlsplit(tool_read().target_url)
    return f"{parts.scheme}://{parts.netloc}"
