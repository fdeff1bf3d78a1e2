"""Open edX's LTI consumer without the rest of Open edX: `openedx_site.py PORT TOOL`.

Everything that speaks LTI is the package's own, addresses included; here stand in for the LMS: one
course, one block, its people, and what the package asks the LMS about them.
"""

import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.conf import settings

PORT, TOOL = sys.argv[1], sys.argv[2]
ISSUER = f"http://127.0.0.1:{PORT}"
FOLDER = Path(tempfile.mkdtemp())
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only here",
    LMS_ROOT_URL=ISSUER,
    PLATFORM_NAME="Outside",
    USAGE_ID_PATTERN=r"(?P<usage_id>(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+))",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "config_models",
        "rest_framework",
        "django_filters",
        "lti_consumer",
        "people",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / "lms.sqlite3",
            "OPTIONS": {"timeout": 20},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)

import django  # noqa: E402

django.setup()

from django.contrib.auth import get_user_model, login  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from lti_consumer import api  # noqa: E402
from lti_consumer.data import Lti1p3LaunchData  # noqa: E402
from lti_consumer.models import (  # noqa: E402
    Lti1p3Passport,
    LtiAgsLineItem,
    LtiAgsScore,
    LtiConfiguration,
    LtiDlContentItem,
)
from lti_consumer.plugin import compat  # noqa: E402
from opaque_keys.edx.keys import CourseKey, UsageKey  # noqa: E402
from people.models import Profile  # noqa: E402

COURSE = CourseKey.from_string("course-v1:Outside+ML101+2026")
BLOCK = UsageKey.from_string("block-v1:Outside+ML101+2026+type@lti_consumer+block@roofline")
ROLES = {"teacher": ["staff"], "head": ["instructor"]}
GRADES: dict[str, float] = {}
CUSTOM = {"due": "$ResourceLink.submission.endDateTime"}


class Block(SimpleNamespace):
    """The placed block: its grade is what the gradebook shows."""

    def is_past_due(self) -> bool:
        return False

    def max_score(self) -> float:
        return 1.0

    def set_user_module_score(self, user: Any, score: float, maximum: float, comment: str) -> None:
        GRADES[user.username] = score


def block(*_: Any) -> Block:
    return Block(
        display_name="Roofline",
        weight=100,
        context_id=str(COURSE),
        lti_1p3_passport_id="",
        has_score=True,
        accept_grades_past_due=True,
        start=None,
        due=None,
        scope_ids=SimpleNamespace(usage_id=BLOCK),
    )


def member(user: Any) -> dict[str, Any]:
    roles = ROLES.get(user.username, ["student"])
    return {"id": user.pk, "username": user.username, "name": user.username, "roles": roles}


def external(user: Any) -> SimpleNamespace:
    return SimpleNamespace(external_user_id=f"ext-{user.username}")


def by_external(name: str) -> Any:
    return get_user_model().objects.get(username=name.removeprefix("ext-"))


STANDING_IN = {
    "load_enough_xblock": block,
    "load_block_as_user": block,
    "user_has_studio_write_access": lambda user, course: user.username in ROLES,
    "get_course_members": lambda course: {
        user.pk: member(user) for user in get_user_model().objects.all()
    },
    "merge_course_forum_roles": lambda course, data: data,
    "batch_get_or_create_externalids": lambda users: {user.pk: external(user) for user in users},
    "get_user_from_external_user_id": by_external,
    "get_event_tracker": lambda: None,
}
for name, function in STANDING_IN.items():
    if not hasattr(compat, name):
        raise SystemExit(f"lti_consumer no longer asks its LMS for {name}")
    setattr(compat, name, function)


def configuration() -> LtiConfiguration:
    return LtiConfiguration.objects.get(location=BLOCK)


def set_up() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    for name in ("teacher", "head", *(f"student-{number}" for number in range(1, 6))):
        user = get_user_model().objects.create_user(name)
        Profile.objects.create(user=user, name=name)
    passport = Lti1p3Passport.objects.create(
        name="outside", lti_1p3_tool_keyset_url=f"{TOOL}/lti/jwks/"
    )
    LtiConfiguration.objects.create(
        version=LtiConfiguration.LTI_1P3,
        config_store=LtiConfiguration.CONFIG_ON_DB,
        location=BLOCK,
        lti_1p3_passport=passport,
        lti_1p3_oidc_url=f"{TOOL}/lti/login/",
        lti_1p3_launch_url=f"{TOOL}/lti/launch/",
        lti_1p3_redirect_uris=[f"{TOOL}/lti/launch/"],
        lti_advantage_enable_nrps=True,
        lti_advantage_deep_linking_enabled=True,
        lti_advantage_deep_linking_launch_url=f"{TOOL}/lti/launch/",
        lti_advantage_ags_mode=LtiConfiguration.LTI_ADVANTAGE_AGS_PROGRAMMATIC,
    )


def about(request: HttpRequest) -> HttpResponse:
    passport = configuration().passport_id
    base = f"{ISSUER}/api/lti_consumer/v1"
    return JsonResponse(
        {
            "issuer": ISSUER,
            "client_id": configuration().lti_1p3_client_id,
            "deployment_id": "1",
            "auth_url": f"{base}/launch/",
            "token_url": f"{base}/token/{passport}",
            "jwks_url": f"{base}/public_keysets/{passport}",
            "product": "openedx",
        }
    )


def kept(request: HttpRequest) -> HttpResponse:
    scores = list(LtiAgsScore.objects.values("user_id", "score_given", "comment", "line_item_id"))
    items = list(LtiAgsLineItem.objects.values("label", "score_maximum", "resource_id", "tag"))
    links = [item.attributes for item in LtiDlContentItem.objects.all()]
    return JsonResponse({"items": items, "scores": scores, "links": links, "grades": GRADES})


def launch(request: HttpRequest, **changes: Any) -> Lti1p3LaunchData:
    user = get_user_model().objects.get(username=request.GET["as"])
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return Lti1p3LaunchData(
        user_id=user.pk,
        external_user_id=external(user).external_user_id,
        user_role=member(user)["roles"][0],
        config_id=str(configuration().config_id),
        resource_link_id=str(BLOCK),
        name=user.username,
        context_id=str(COURSE),
        context_type=["course_offering"],
        context_title="Machine learning",
        launch_presentation_document_target="iframe",
        **changes,
    )


def start(request: HttpRequest) -> HttpResponse:
    data = launch(request, custom_parameters={"lab": request.GET["lab"], **CUSTOM})
    return HttpResponseRedirect(api.get_lti_1p3_launch_start_url(data))


def choose(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(
        api.get_lti_1p3_launch_start_url(launch(request), deep_link_launch=True)
    )


urlpatterns = [
    path("about/", about),
    path("kept/", kept),
    path("open/", start),
    path("choose/", choose),
    path("api/", include("lti_consumer.plugin.urls")),
]

if __name__ == "__main__":
    set_up()
    server = ThreadedWSGIServer(("127.0.0.1", int(PORT)), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    server.serve_forever()
