from django.urls import URLPattern, URLResolver, path

from courseserver.grading import api

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "assignments/<str:assignment_id>/gradebook",
        api.GradebookApi.as_view(),
        name="api-gradebook",
    ),
    path("submissions/<str:attempt_id>", api.SubmissionApi.as_view(), name="api-submission"),
]
