"""The administrators' page of registered platforms."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from courseserver.lti.models import Platform
from courseserver.lti.services import platform_approve


@admin.register(Platform)
class PlatformAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "issuer", "client_id", "deployment_id", "product", "approved")
    list_filter = ("approved", "product")
    search_fields = ("name", "issuer", "client_id", "deployment_id")
    actions = ("approve",)

    @admin.action(description="Approve the chosen deployments")
    def approve(self, request: HttpRequest, chosen: QuerySet[Platform]) -> None:
        for platform in chosen:
            platform_approve(platform_id=platform.pk, actor=f"staff:{request.user.pk}")
