from django.apps import AppConfig


class KitsConfig(AppConfig):
    name = "courseserver.kits"

    def ready(self) -> None:
        from courseserver.kits import selfchecks  # noqa: F401  registers itself
