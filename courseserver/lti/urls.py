from django.urls import path

from courseserver.lti import register, views

urlpatterns = [
    path("login/", views.login, name="lti-login"),
    path("login/check/", views.login_check, name="lti-login-check"),
    path("login/tab/", views.login_tab, name="lti-login-tab"),
    path("jwks/", views.key_set, name="lti-jwks"),
    path("register/<str:code>/", register.register, name="lti-register"),
]
