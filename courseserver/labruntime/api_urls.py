from django.urls import URLPattern, URLResolver, path

from courseserver.labruntime import api

_PART = "attempts/<slug:attempt_id>/parts/<slug:part>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("attempts/<slug:attempt_id>", api.AttemptApi.as_view(), name="api-attempt"),
    path("attempts/<slug:attempt_id>/void", api.VoidApi.as_view(), name="api-void"),
    path("attempts/<slug:attempt_id>/drafts/<str:name>", api.DraftApi.as_view(), name="api-draft"),
    path(f"{_PART}/commits", api.CommitApi.as_view(), name="api-commit"),
    path(f"{_PART}/instrument", api.InstrumentApi.as_view(), name="api-instrument"),
    path(f"{_PART}/challenge", api.ChallengeApi.as_view(), name="api-challenge"),
    path(f"{_PART}/job", api.PartJobApi.as_view(), name="api-part-job"),
    path(f"{_PART}/reality", api.RealityApi.as_view(), name="api-reality"),
]
