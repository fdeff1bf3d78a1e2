"""The lab's pages. Each works without scripts; forms post to the page they stand on."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views import View

from courseserver.common import clock
from courseserver.common.errors import Conflict, NotFound, Unprocessable
from courseserver.courses.access import (
    assignment_for,
    has_no_section,
    person_of,
    sections_seen,
    staff_assignment_for,
)
from courseserver.courses.ranking import LISTED_LEAST
from courseserver.labruntime import services
from courseserver.labruntime.access import attempt_for, attempt_for_staff, part_for
from courseserver.labruntime.live import class_view, for_projector
from courseserver.labruntime.show import frame
from courseserver.labruntime.show.briefing import briefing_page
from courseserver.labruntime.show.ledger import export_json, export_markdown, ledger_page
from courseserver.labruntime.show.part import part_page
from courseserver.labruntime.show.portfolio import portfolio_markdown, portfolio_page
from courseserver.labruntime.show.report import report_markdown, report_page
from courseserver.labruntime.show.synthesis import synthesis_page
from courseserver.labruntime.state import AttemptState, state_of
from courseserver.labruntime.submission import lab_submit, refuse_early


class LabView(View):
    """A page of one person's own lab work."""

    def state(self, request: HttpRequest, attempt_id: str) -> AttemptState:
        return state_of(attempt_for(person_of(request), attempt_id))


class HomeView(LabView):
    def get(self, request: HttpRequest, assignment_id: str) -> HttpResponse:
        person = person_of(request)
        assignment, enrolment = assignment_for(person, assignment_id)
        attempt = services.attempt_begin(person=person, assignment=assignment, enrolment=enrolment)
        page = briefing_page(state_of(attempt))
        return render(request, "labruntime/briefing.html", {"page": page})


class ClassView(LabView):
    def get(self, request: HttpRequest, assignment_id: str) -> HttpResponse:
        """Show the staff where the class is; a projector's view names nobody."""
        assignment, enrolment = staff_assignment_for(person_of(request), assignment_id)
        projector = request.GET.get("projector") == "1"
        view = class_view(assignment, clock.now(), sections_seen(enrolment))
        context = {
            "assignment": assignment,
            "view": for_projector(view) if projector else view,
            "has_no_section": has_no_section(enrolment),
            "least": LISTED_LEAST,
            "projector": projector,
            "answers": not projector or request.GET.get("answers") == "1",
        }
        return render(request, "labruntime/class.html", context)


class VoidView(View):
    def post(self, request: HttpRequest, attempt_id: str) -> HttpResponse:
        """Void a student's attempt, for the staff of the course, and show the student again."""
        person = person_of(request)
        attempt = attempt_for_staff(person, attempt_id)
        reason = request.POST.get("reason", "")
        services.attempt_void(attempt=attempt, by=person, reason=reason)
        messages.success(request, "Attempt voided. The next visit begins one with fresh numbers.")
        course_id = attempt.assignment.course_id
        return HttpResponseRedirect(reverse("student-trail", args=[course_id, attempt.person_id]))


class TrackView(LabView):
    def post(self, request: HttpRequest, attempt_id: str) -> HttpResponse:
        state = self.state(request, attempt_id)
        services.track_choose(state=state, track=request.POST.get("track", ""))
        url = frame.home_url(state.attempt)
        if request.POST.get("then") == "begin":
            url = frame.first_step(state).url
        return HttpResponseRedirect(url)


class PartView(LabView):
    def get(self, request: HttpRequest, attempt_id: str, part: str) -> HttpResponse:
        state = self.state(request, attempt_id)
        page = part_page(state, part_for(state, part))
        return render(request, "labruntime/part.html", {"page": page})

    def post(self, request: HttpRequest, attempt_id: str, part: str) -> HttpResponse:
        """Commit every question answered, or (`action=check`) keep drafts and show readings."""
        state = self.state(request, attempt_id)
        instance = part_for(state, part)
        answers = {
            question.id: request.POST.get(f"q-{question.id}", "")
            for question in instance.questions
            if request.POST.get(f"q-{question.id}")
        }
        if request.POST.get("action") == "check":
            for name, text in answers.items():
                services.draft_keep(state=state, name=f"{part}.{name}", text=text)
            return HttpResponseRedirect(frame.part_url(state.attempt, part))
        return self._commit(request, state, part, answers)

    def _commit(
        self, request: HttpRequest, state: AttemptState, part: str, answers: dict[str, str]
    ) -> HttpResponse:
        error = ""
        try:
            state, _ = services.prediction_commit(state=state, part_id=part, answers=answers)
        except (Conflict, Unprocessable) as refused:
            error, status = f"{refused.detail} {refused.remedy}", refused.status
        if not error:
            return HttpResponseRedirect(frame.part_url(state.attempt, part))
        fresh = state_of(state.attempt)
        context = {"page": part_page(fresh, part_for(fresh, part)), "error": error}
        return render(request, "labruntime/part.html", context, status=status)


class SynthesisView(LabView):
    def get(self, request: HttpRequest, attempt_id: str) -> HttpResponse:
        page = synthesis_page(self.state(request, attempt_id))
        return render(request, "labruntime/synthesis.html", {"page": page})

    def post(self, request: HttpRequest, attempt_id: str) -> HttpResponse:
        """Keep the log as a draft (`action=save`); ask (`submit`), then hand it in (`hand-in`)."""
        state = self.state(request, attempt_id)
        log, action = request.POST.get("log", ""), request.POST.get("action")
        try:
            if action == "hand-in":
                lab_submit(state=state, log_text=log)
            else:
                services.draft_keep(state=state, name=services.LOG, text=log)
            if action == "submit":
                refuse_early(state, log)
                page = synthesis_page(state, log=log, is_asked=True)
                return render(request, "labruntime/synthesis.html", {"page": page})
        except (Conflict, Unprocessable) as refused:
            page = synthesis_page(state, log=log, error=f"{refused.detail} {refused.remedy}")
            context = {"page": page}
            return render(request, "labruntime/synthesis.html", context, status=refused.status)
        return HttpResponseRedirect(frame.synthesis_url(state.attempt))


class ReportView(LabView):
    def get(self, request: HttpRequest, attempt_id: str) -> HttpResponse:
        page = report_page(self.state(request, attempt_id))
        return render(request, "labruntime/report.html", {"page": page})


class ReportExportView(LabView):
    def get(self, request: HttpRequest, attempt_id: str) -> HttpResponse:
        state = self.state(request, attempt_id)
        text = report_markdown(report_page(state))
        response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{state.lab.slug}.md"'
        return response


class PortfolioView(LabView):
    def get(self, request: HttpRequest, attempt_id: str) -> HttpResponse:
        page = portfolio_page(attempt_for(person_of(request), attempt_id))
        return render(request, "labruntime/portfolio.html", {"page": page})


class PortfolioExportView(LabView):
    def get(self, request: HttpRequest, attempt_id: str) -> HttpResponse:
        page = portfolio_page(attempt_for(person_of(request), attempt_id))
        text = portfolio_markdown(page)
        response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="portfolio.md"'
        return response


class LedgerView(LabView):
    def get(self, request: HttpRequest, attempt_id: str) -> HttpResponse:
        page = ledger_page(attempt_for(person_of(request), attempt_id))
        return render(request, "labruntime/ledger.html", {"page": page})


class LedgerExportView(LabView):
    def get(self, request: HttpRequest, attempt_id: str, form: str) -> HttpResponse:
        attempt = attempt_for(person_of(request), attempt_id)
        if form == "json":
            response: HttpResponse = JsonResponse(export_json(attempt))
        elif form == "md":
            text = export_markdown(attempt)
            response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
        else:
            raise NotFound("The ledger is exported as md or json.", remedy="Choose one of them.")
        response["Content-Disposition"] = f'attachment; filename="design-ledger.{form}"'
        return response
