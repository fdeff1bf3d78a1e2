"""The secret of an embedded installation: made once, kept readable to its owner only."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def embedded_secret(var_dir: Path, *, required: bool) -> str:
    """Return the secret kept in `var_dir`, making it on first use.

    Raises
    ------
    ImproperlyConfigured
        If the production profile runs without `SECRET_KEY` (`required`).
    """
    if required:
        raise ImproperlyConfigured(
            "DATABASE_URL is set but SECRET_KEY is not: export SECRET_KEY=$(openssl rand -hex 32)"
        )
    path = var_dir / "secret-key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_when_written(path)
    with os.fdopen(descriptor, "w") as file:
        secret = secrets.token_hex(32)
        file.write(secret)
    return secret


def _read_when_written(path: Path) -> str:
    secret = path.read_text()
    if len(secret) != 64:
        raise ImproperlyConfigured(
            f"{path} is not a secret of 64 characters: delete it to renew it"
        )
    return secret
