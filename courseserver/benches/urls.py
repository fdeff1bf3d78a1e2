from django.urls import URLPattern, URLResolver, path

from courseserver.benches import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("<str:course_id>/", views.activities, name="activities"),
    path("<str:course_id>/runs/<str:run_id>/cancel/", views.run_cancel, name="run-cancel"),
    path(
        "<str:course_id>/runs/<str:run_id>/readings.csv", views.readings_file, name="run-readings"
    ),
    path("<str:course_id>/<slug:slug>/", views.activity, name="activity"),
    path("<str:course_id>/<slug:slug>/name/", views.name_choose, name="table-name"),
    path("<str:course_id>/<slug:slug>/run/", views.run_ask, name="run-ask"),
]
