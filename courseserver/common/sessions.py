"""Sessions in the database, written once: in the transaction of what begins them."""

import json

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.utils.crypto import get_random_string

KEY_CHARS = 32


class SessionStore(db.SessionStore):
    """Django's store without its second write.

    A view that begins a session saves it beside its other rows; the middleware, which saves every
    changed session after the view, then finds nothing new.
    """

    _written = ""

    def _validate_session_key(self, key: str) -> bool:
        # A cookie may hold anything, also what a database cannot look up.
        return bool(super()._validate_session_key(key)) and key.isalnum()  # type: ignore[misc]

    def save(self, must_create: bool = False) -> None:
        content = json.dumps(self._get_session(no_load=must_create))  # type: ignore[attr-defined]
        if self.session_key is not None and not must_create and content == self._written:
            return
        super().save(must_create=must_create)
        self._written = content

    def _get_new_session_key(self) -> str:
        # Django looks first whether the key is taken; creating the row finds that out as well.
        return get_random_string(KEY_CHARS, VALID_KEY_CHARS)
