"""Where well-known products answer, from the one address that an administrator knows."""

from collections.abc import Callable


def _canvas(site: str) -> dict[str, str]:
    # Every school that Instructure hosts has the same issuer, keys and authorisation address.
    return {
        "issuer": "https://canvas.instructure.com",
        "auth_url": "https://sso.canvaslms.com/api/lti/authorize_redirect",
        "jwks_url": "https://sso.canvaslms.com/api/lti/security/jwks",
        "token_url": f"{site}/login/oauth2/token",
    }


def _moodle(site: str) -> dict[str, str]:
    return {
        "issuer": site,
        "auth_url": f"{site}/mod/lti/auth.php",
        "jwks_url": f"{site}/mod/lti/certs.php",
        "token_url": f"{site}/mod/lti/token.php",
    }


_PRODUCTS: dict[str, Callable[[str], dict[str, str]]] = {"canvas": _canvas, "moodle": _moodle}


def addresses(product: str, site: str) -> dict[str, str]:
    """Return issuer and addresses of a product's site; empty for a product we do not know."""
    preset = _PRODUCTS.get(product)
    return preset(site.rstrip("/")) if preset and site else {}
