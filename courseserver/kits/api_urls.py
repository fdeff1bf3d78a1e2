from django.urls import URLPattern, URLResolver, path

from courseserver.kits import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("kits", api.KitsView.as_view(), name="api-kits"),
    path("kits/claims", api.ClaimsView.as_view(), name="api-kit-claims"),
    path("kits/claims/poll", api.ClaimPollView.as_view(), name="api-kit-claim-poll"),
    path("kits/rotate", api.RotateView.as_view(), name="api-kit-rotate"),
    path("kit-jobs", api.KitJobsView.as_view(), name="api-kit-jobs"),
    path("kit-jobs/<str:job_id>", api.KitJobView.as_view(), name="api-kit-job"),
]
