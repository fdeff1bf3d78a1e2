"""Web addresses, told apart by origin."""

import re
from urllib.parse import urlsplit

# A name, an IPv4 address or an IPv6 address in brackets. Nothing else may get into a policy header.
_HOST = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def origin_of(url: str) -> str:
    """Return `scheme://host[:port]` of an http(s) address, or an empty string.

    An address with a name or password in it has no origin for us: people misread such addresses.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no IPv6 address
        return ""
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.netloc):
        return ""
    netloc = parts.netloc.removesuffix(_DEFAULT_PORTS[parts.scheme])
    return f"{parts.scheme}://{netloc}".lower()
