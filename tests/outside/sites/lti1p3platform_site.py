"""An LMS on lti1p3platform, run by a Python of its own: `lti1p3platform_site.py PORT TOOL`.

The package signs launches, grants tokens and answers the services; here are its rows, its people,
and the pages that a browser meets.
"""

import sys
from typing import Any

from django.conf import settings

PORT, TOOL = sys.argv[1], sys.argv[2]
ISSUER = f"http://127.0.0.1:{PORT}"
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, SECRET_KEY="only here", MIDDLEWARE=[]
)

import django  # noqa: E402

django.setup()

from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from lti1p3platform.exceptions import LineItemNotFoundException  # noqa: E402
from lti1p3platform.framework.django.message_launch import DjangoLTI1P3MessageLaunch  # noqa: E402
from lti1p3platform.framework.django.oidc_login import DjangoAPIOIDCLogin  # noqa: E402
from lti1p3platform.framework.django.request import DjangoRequest  # noqa: E402
from lti1p3platform.framework.django.response import wrap_json_resp  # noqa: E402
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract  # noqa: E402
from lti1p3platform.membership import Context  # noqa: E402
from lti1p3platform.registration import Registration  # noqa: E402
from lti1p3platform.score import UpdateScoreStatus  # noqa: E402
from lti1p3platform.service_connector import (  # noqa: E402
    AssignmentsGradesService,
    NamesRoleProvisioningService,
)

ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
PEOPLE = {
    "teacher": {"user_id": "teacher", "name": "Tess Ander", "roles": [f"{ROLE}Instructor"]},
    "head": {"user_id": "head", "name": "Hedda", "roles": ["Instructor", f"{ROLE}Administrator"]},
    **{
        f"student-{number}": {
            "user_id": f"student-{number}",
            "name": f"Student {number}",
            "email": f"s{number}@lms.test",
            "roles": [f"{ROLE}Learner"],
        }
        for number in range(1, 6)
    },
}
PAGE = 2
ITEMS: dict[str, dict[str, Any]] = {}
SCORES: dict[tuple[str, str], dict[str, Any]] = {}
LINKS: list[dict[str, Any]] = []
DATA = {"asked": "by the platform", "number": 7}
_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = _key.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
).decode()
PUBLIC = (
    _key.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


class Platform(LTI1P3PlatformConfAbstract):
    def init_platform_config(self, **kwargs: Any) -> None:
        self._registration = (
            Registration()
            .set_iss(ISSUER)
            .set_client_id("tool-1")
            .set_deployment_id("deployment-1")
            .set_launch_url(f"{TOOL}/lti/launch/")
            .set_deeplink_launch_url(f"{TOOL}/lti/launch/")
            .set_oidc_login_url(f"{TOOL}/lti/login/")
            .set_tool_key_set_url(f"{TOOL}/lti/jwks/")
            .set_platform_private_key(PRIVATE)
            .set_platform_public_key(PUBLIC)
        )

    def get_registration_by_params(self, **kwargs: Any) -> Registration:
        return self._registration


class Paged(DjangoRequest):
    """The package adds one to `page` as it came: make it a number, and pages small."""

    def build_metadata(self, request: HttpRequest) -> Any:
        found = super().build_metadata(request)
        asked = found["get_data"]
        limit = int(asked.get("limit", PAGE))
        found["get_data"] = {**asked, "page": int(asked.get("page", 1)), "limit": limit}
        return found


def page_of(rows: list[Any], page: int, limit: int | None) -> dict[str, Any]:
    size = limit or PAGE
    start = (page - 1) * size
    return {"content": rows[start : start + size], "has_next": start + size < len(rows)}


class Grades(AssignmentsGradesService):
    def find_lineitems(self, page: int = 1, limit: int | None = None, **wanted: Any) -> Any:
        names = {"resource_id": "resourceId", "tag": "tag", "resource_link_id": "resourceLinkId"}
        rows = [
            item
            for item in ITEMS.values()
            if all(item.get(names[name]) == value for name, value in wanted.items() if value)
        ]
        return page_of(rows, page, limit)

    def find_lineitem(self, line_item_id: str) -> Any:
        if line_item_id not in ITEMS:
            raise LineItemNotFoundException
        return ITEMS[line_item_id]

    def create_lineitem(self, creation_data: Any) -> Any:
        number = str(len(ITEMS) + 1)
        ITEMS[number] = {**creation_data, "id": f"{ISSUER}/lineitems/{number}"}
        return ITEMS[number]

    def update_lineitem(self, update_data: Any) -> Any:
        number = update_data.pop("id")
        self.find_lineitem(number)
        ITEMS[number] = {**update_data, "id": f"{ISSUER}/lineitems/{number}"}
        return ITEMS[number]

    def delete_lineitem(self, line_item_id: str) -> None:
        self.find_lineitem(line_item_id)
        del ITEMS[line_item_id]

    def update_score(self, line_item_id: str, score: Any) -> UpdateScoreStatus:
        self.find_lineitem(line_item_id)
        place = (line_item_id, score["userId"])
        former = SCORES.get(place)
        if former and former["timestamp"] >= score["timestamp"]:
            return UpdateScoreStatus.OLD_TIMESTAMP
        SCORES[place] = score
        return UpdateScoreStatus.SUCCESS if former else UpdateScoreStatus.CREATED

    def get_results(
        self, line_item_id: str, page: int = 1, limit: int | None = None, user_id: str | None = None
    ) -> Any:
        self.find_lineitem(line_item_id)
        rows = [
            {
                "id": f"{ISSUER}/lineitems/{line_item_id}/results/{subject}",
                "userId": subject,
                "resultScore": score.get("scoreGiven"),
                "resultMaximum": score.get("scoreMaximum"),
                "comment": score.get("comment"),
            }
            for (number, subject), score in SCORES.items()
            if number == line_item_id and user_id in (None, subject)
        ]
        return page_of(rows, page, limit)


class Roster(NamesRoleProvisioningService):
    def get_context_by_id(self) -> Context:
        return Context(id="course-1", label="ML 101", title="Machine learning")

    def get_member_data_page(self, page: int = 1, limit: int | None = None, **wanted: Any) -> Any:
        return page_of([dict(person) for person in PEOPLE.values()], page, limit)


class Login(DjangoAPIOIDCLogin):
    def set_lti_message_hint(self, **kwargs: Any) -> None:
        self._lti_message_hint = kwargs["hint"]


class Launch(DjangoLTI1P3MessageLaunch):
    def prepare_launch(self, preflight_response: dict[str, Any]) -> None:
        person = PEOPLE[preflight_response["login_hint"]]
        self.set_user_data(person["user_id"], person["roles"], person["name"], person.get("email"))
        self.set_launch_context_claim("course-1", ["CourseSection"], "Machine learning", "ML 101")
        self.set_launch_presentation_claim("iframe", f"{ISSUER}/back/")
        self.set_ags(f"{ISSUER}/lineitems")
        self.set_nrps(f"{ISSUER}/members")
        hint = preflight_response["lti_message_hint"]
        if hint == "choose":
            self.set_dl(f"{ISSUER}/chosen/", "", "", {"ltiResourceLink"}, DATA)
            return
        lab = hint.removeprefix("open ")
        self.set_resource_link_claim(f"link {lab}", None, f"Link of {lab}")
        self.set_custom_parameters_claim(
            {"lab": lab, "due": "$ResourceLink.submission.endDateTime"}
        )


def about(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        {
            "issuer": ISSUER,
            "client_id": "tool-1",
            "deployment_id": "deployment-1",
            "auth_url": f"{ISSUER}/auth/",
            "token_url": f"{ISSUER}/token/",
            "jwks_url": f"{ISSUER}/jwks/",
        }
    )


def kept(request: HttpRequest) -> HttpResponse:
    scores = [{"item": item, **score} for (item, _), score in SCORES.items()]
    return JsonResponse({"items": list(ITEMS.values()), "scores": scores, "links": LINKS})


def start(request: HttpRequest) -> HttpResponse:
    login = Login(DjangoRequest(request), Platform())
    login.set_lti_message_hint(hint=f"open {request.GET['lab']}")
    return login.initiate_login(request.GET["as"])


def choose(request: HttpRequest) -> HttpResponse:
    login = Login(DjangoRequest(request), Platform())
    login.set_lti_message_hint(hint="choose")
    login.set_deeplinking_launch_url()
    return login.initiate_login(request.GET["as"])


def chosen(request: HttpRequest) -> HttpResponse:
    platform = Platform()
    LINKS.extend(platform.validate_deeplinking_resp(request.POST.dict()))
    data = platform._jwt["body"].get("https://purl.imsglobal.org/spec/lti-dl/claim/data")
    return HttpResponse("Saved" if data == DATA else f"data came back as {data!r}")


def grades(request: HttpRequest, number: str = "", part: str = "") -> HttpResponse:
    item = f"{ISSUER}/lineitems/{number}" if number else None
    service = Grades(Paged(request), Platform(), f"{ISSUER}/lineitems", item)
    handlers = {
        ("GET", False, ""): service.handle_get_lineitems,
        ("POST", False, ""): service.handle_create_lineitem,
        ("GET", True, ""): service.handle_get_lineitem,
        ("PUT", True, ""): service.handle_update_lineitem,
        ("DELETE", True, ""): service.handle_delete_lineitem,
        ("POST", True, "scores"): service.handle_update_score,
        ("GET", True, "results"): service.handle_get_results,
    }
    handler = handlers[(request.method or "", bool(number), part)]
    arguments = {"line_item_id": number} if number else {}
    return wrap_json_resp(service.handle_resp(handler, **arguments))


def members(request: HttpRequest) -> HttpResponse:
    service = Roster(Paged(request), Platform(), f"{ISSUER}/members")
    return wrap_json_resp(service.handle_resp(service.handle_get_members))


urlpatterns = [
    path("about/", about),
    path("kept/", kept),
    path("open/", start),
    path("choose/", choose),
    path("chosen/", chosen),
    path("auth/", lambda request: Launch(DjangoRequest(request), Platform()).lti_launch()),
    path("jwks/", lambda request: JsonResponse(Platform().get_jwks())),
    path("token/", lambda request: JsonResponse(Platform().get_access_token(request.POST.dict()))),
    path("lineitems", grades),
    path("lineitems/<str:number>", grades),
    path("lineitems/<str:number>/<str:part>", grades),
    path("members", members),
]

if __name__ == "__main__":
    server = ThreadedWSGIServer(("127.0.0.1", int(PORT)), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    server.serve_forever()
