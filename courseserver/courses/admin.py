"""The administrators' page of people: find somebody, export or erase what is kept about them."""

import json

from django.contrib import admin, messages
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from courseserver.courses.models import Identity
from courseserver.courses.personal import person_erase, person_export


@admin.register(Identity)
class IdentityAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only: what a platform told is corrected there, and comes with the next launch."""

    list_display = ("name", "email", "platform", "subject", "person_id")
    list_select_related = ("platform",)
    search_fields = ("name", "email", "login", "sis_id", "=subject", "=person__id")
    ordering = ("name", "pk")
    actions = ("export", "erase")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("courses.delete_identity")

    @admin.action(description="Export what is kept about the chosen people", permissions=["erase"])
    def export(self, request: HttpRequest, chosen: QuerySet[Identity]) -> HttpResponse:
        people = [person_export(pk, actor=_actor(request)) for pk in _people(chosen)]
        body = json.dumps(people, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
        response = HttpResponse(body, content_type="application/json")
        response["Content-Disposition"] = 'attachment; filename="people.json"'
        response["Cache-Control"] = "private, no-store"
        return response

    @admin.action(description="Erase who the chosen people are", permissions=["erase"])
    def erase(self, request: HttpRequest, chosen: QuerySet[Identity]) -> HttpResponse | None:
        if request.POST.get("confirmed") != "yes":
            context = {
                **self.admin_site.each_context(request),
                "title": "Erase who somebody is",
                "chosen": chosen.select_related("platform"),
            }
            return TemplateResponse(request, "admin/erase_people.html", context)
        people = _people(chosen)
        for pk in people:
            person_erase(pk, actor=_actor(request))
        self.message_user(request, f"Erased: {', '.join(people)}.", messages.SUCCESS)
        return None


def _people(chosen: QuerySet[Identity]) -> list[str]:
    """Return each person once: somebody may be chosen at two platforms."""
    return list(dict.fromkeys(chosen.values_list("person_id", flat=True)))


def _actor(request: HttpRequest) -> str:
    return f"staff:{request.user.pk}"
