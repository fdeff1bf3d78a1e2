from django.urls import URLPattern, URLResolver, path

from courseserver.simjobs import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("jobs/<slug:job_id>", api.JobApi.as_view(), name="api-job"),
]
