"""Every address of the tool, app by app."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from courseserver import entry

urlpatterns = [
    path("", include("courseserver.common.urls")),
    path("lti/launch/", entry.launch, name="lti-launch"),
    path("lti/enter/", entry.enter, name="lti-enter"),
    path("lti/pick/<str:pick_id>/", entry.pick, name="lti-pick"),
    path("lti/", include("courseserver.lti.urls")),
    path("courses/", include("courseserver.courses.urls")),
    path("labs/", include("courseserver.labruntime.urls")),
    path("grading/", include("courseserver.grading.urls")),
    path("kits/", include("courseserver.kits.urls")),
    path("deploy/", include("courseserver.benches.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/", include("courseserver.courses.api_urls")),
    path("api/", include("courseserver.simjobs.api_urls")),
    path("api/", include("courseserver.kits.api_urls")),
    path("api/", include("courseserver.grading.api_urls")),
    path("api/", include("courseserver.labruntime.api_urls")),
    path("admin/", admin.site.urls),
]
handler400 = "courseserver.common.errors.bad_request"
handler404 = "courseserver.common.errors.not_found"
handler500 = "courseserver.common.errors.server_error"
