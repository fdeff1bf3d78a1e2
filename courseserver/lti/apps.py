from django.apps import AppConfig


class LtiConfig(AppConfig):
    name = "courseserver.lti"

    def ready(self) -> None:
        from courseserver.lti import checks  # noqa: F401  # registers itself
