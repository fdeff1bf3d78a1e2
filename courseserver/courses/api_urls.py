from django.urls import URLPattern, URLResolver, path

from courseserver.courses import api

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "courses/<str:course_id>/enrolments",
        api.EnrolmentsApi.as_view(),
        name="api-enrolments",
    ),
]
