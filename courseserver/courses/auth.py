"""Django REST framework's view of a launched person: the session, with CSRF checked."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from courseserver.courses.models import Person


class PersonAuthentication(SessionAuthentication):
    def authenticate(self, request: Request) -> tuple[Person, None] | None:
        person: Person | None = getattr(request._request, "person", None)
        if person is None:
            return None
        self.enforce_csrf(request)
        return person, None

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class PersonAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = PersonAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "courseserver"}
