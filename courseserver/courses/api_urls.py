from django.urls import URLPattern, URLResolver, path
from django.views.decorators.cache import cache_control

from courseserver.courses import api

_private = cache_control(private=True, no_store=True)

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "courses/<str:course_id>/enrolments",
        _private(api.EnrolmentsApi.as_view()),
        name="api-enrolments",
    ),
]
