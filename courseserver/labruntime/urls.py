from django.urls import URLPattern, URLResolver, path

from courseserver.labruntime import views

_ATTEMPT = "attempts/<slug:attempt_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("assignments/<slug:assignment_id>/", views.HomeView.as_view(), name="lab-home"),
    path("assignments/<slug:assignment_id>/class/", views.ClassView.as_view(), name="lab-class"),
    path(f"{_ATTEMPT}/void/", views.VoidView.as_view(), name="attempt-void"),
    path(f"{_ATTEMPT}/track/", views.TrackView.as_view(), name="lab-track"),
    path(f"{_ATTEMPT}/parts/<slug:part>/", views.PartView.as_view(), name="lab-part"),
    path(f"{_ATTEMPT}/synthesis/", views.SynthesisView.as_view(), name="lab-synthesis"),
    path(f"{_ATTEMPT}/report/", views.ReportView.as_view(), name="lab-report"),
    path(f"{_ATTEMPT}/report.md", views.ReportExportView.as_view(), name="lab-report-export"),
    path(f"{_ATTEMPT}/portfolio/", views.PortfolioView.as_view(), name="lab-portfolio"),
    path(
        f"{_ATTEMPT}/portfolio.md",
        views.PortfolioExportView.as_view(),
        name="lab-portfolio-export",
    ),
    path(f"{_ATTEMPT}/ledger/", views.LedgerView.as_view(), name="lab-ledger"),
    path(
        f"{_ATTEMPT}/ledger.<slug:form>",
        views.LedgerExportView.as_view(),
        name="lab-ledger-export",
    ),
]
