from django.urls import path

from courseserver.practice_lms import (
    deep_links,
    faults,
    grade_service,
    oidc,
    pages,
    registering,
    roster,
    tokens,
)

urlpatterns = [
    path("", pages.front, name="front"),
    path("as/<slug:person_id>/", pages.home, name="home"),
    path("as/<slug:person_id>/links/<int:link_id>/", pages.link_page, name="link"),
    path("as/<slug:person_id>/links/<int:link_id>/open/", pages.link_open, name="link-open"),
    path("as/<slug:person_id>/add/", pages.add_page, name="add"),
    path("as/<slug:person_id>/add/open/", pages.add_open, name="add-open"),
    path("as/<slug:person_id>/grades/", pages.grades, name="grades"),
    path(
        "as/<slug:person_id>/grades/<int:item_id>/<slug:student_id>/override/",
        pages.override,
        name="override",
    ),
    path(
        "as/<slug:person_id>/grades/<int:item_id>/<slug:student_id>/review/",
        pages.review_page,
        name="review",
    ),
    path(
        "as/<slug:person_id>/grades/<int:item_id>/<slug:student_id>/review/open/",
        pages.review_open,
        name="review-open",
    ),
    path("as/<slug:person_id>/people/", pages.members, name="people"),
    path("as/<slug:person_id>/tools/", registering.tools, name="tools"),
    path("lti/openid-configuration/", registering.configuration, name="configuration"),
    path("lti/register/", registering.register, name="register"),
    path("lti/auth/", oidc.authorise, name="auth"),
    path("lti/jwks/", oidc.key_set, name="jwks"),
    path("lti/storage/", oidc.storage, name="storage"),
    path("lti/token/", tokens.token, name="token"),
    path("lti/lineitems/", grade_service.line_items, name="line-items"),
    path("lti/lineitems/<int:item_id>/lineitem", grade_service.line_item, name="line-item"),
    path("lti/lineitems/<int:item_id>/lineitem/scores", grade_service.scores, name="scores"),
    path("lti/lineitems/<int:item_id>/lineitem/results", grade_service.results, name="results"),
    path("lti/members/", roster.members, name="members"),
    path("lti/deep-link/", deep_links.receive, name="deep-link"),
    path("control/faults/", faults.control, name="faults"),
]
handler404 = "courseserver.practice_lms.pages.not_found"
