"""Login and launch, once asking for the platform's keys each time and once keeping them."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from pylti1p3.contrib.django import (
    DjangoCacheDataStorage,
    DjangoMessageLaunch,
    DjangoOIDCLogin,
)
from pylti1p3.tool_config import ToolConfDict

from tests.benchmarks.pylti1p3_tool.models import Course, Enrolment, Link, Person
from tests.benchmarks.pylti1p3_tool.platform import read_platform


def tool_conf() -> ToolConfDict:
    platform = read_platform()
    return ToolConfDict({platform.pop("iss"): [{"default": True, **platform}]})


def login(request: HttpRequest, kind: str) -> Any:
    return DjangoOIDCLogin(request, tool_conf()).redirect(request.GET["target_link_uri"])


@csrf_exempt
def launch(request: HttpRequest, kind: str) -> HttpResponse:
    launch = DjangoMessageLaunch(request, tool_conf())
    if kind == "cached":
        launch.set_public_key_caching(DjangoCacheDataStorage(), cache_lifetime=7200)
    request.session["person"] = remember(launch.get_launch_data())
    return HttpResponseRedirect("/lab/", status=303)


def remember(data: dict[str, Any]) -> int:
    """Keep who came where as which role, the way Django's documentation would."""
    claim = "https://purl.imsglobal.org/spec/lti/claim/"
    told = data[f"{claim}context"]
    person, _ = Person.objects.update_or_create(
        issuer=data["iss"],
        subject=data["sub"],
        defaults={"name": data.get("name", ""), "email": data.get("email", "")},
    )
    course, _ = Course.objects.update_or_create(
        issuer=data["iss"], context=told["id"], defaults={"title": told.get("title", "")}
    )
    Enrolment.objects.update_or_create(
        person=person, course=course, defaults={"roles": data[f"{claim}roles"]}
    )
    Link.objects.update_or_create(
        course=course,
        link=data[f"{claim}resource_link"]["id"],
        defaults={"title": data[f"{claim}resource_link"].get("title", "")},
    )
    return person.pk


urlpatterns = [path("<str:kind>/login/", login), path("<str:kind>/launch/", launch)]
