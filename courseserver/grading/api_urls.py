from django.urls import URLPattern, URLResolver, path
from django.views.decorators.cache import cache_control

from courseserver.grading import api

_private = cache_control(private=True, no_store=True)

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "assignments/<str:assignment_id>/gradebook",
        _private(api.GradebookApi.as_view()),
        name="api-gradebook",
    ),
    path(
        "submissions/<str:attempt_id>", _private(api.SubmissionApi.as_view()), name="api-submission"
    ),
]
