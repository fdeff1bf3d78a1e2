from django.urls import URLPattern, URLResolver, path

from courseserver.kits import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("claim/", views.claim_start, name="kits-claim"),
    path("<str:course_id>/", views.bench, name="kits-bench"),
    path("<str:course_id>/claim/", views.claim_code, name="kits-claim-code"),
    path("<str:course_id>/claim/decide/", views.claim_decide, name="kits-claim-decide"),
    path("<str:course_id>/offline/", views.bundles, name="kits-bundles"),
    path("<str:course_id>/kits/<str:kit_id>/revoke/", views.kit_revoke, name="kits-revoke"),
    path("<str:course_id>/kits/<str:kit_id>/restore/", views.kit_restore, name="kits-restore"),
    path("<str:course_id>/kits/<str:kit_id>/drain/", views.kit_drain, name="kits-drain"),
    path("<str:course_id>/kits/<str:kit_id>/sick/", views.kit_sick, name="kits-sick"),
    path("<str:course_id>/jobs/<str:job_id>/cancel/", views.job_cancel, name="kits-job-cancel"),
]
