from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class CommonConfig(AppConfig):
    name = "courseserver.common"

    def ready(self) -> None:
        from courseserver.common import logging

        logging.configure()


class StaticFiles(StaticFilesConfig):
    """Django's own, without the browsable API's files: the JSON API has no pages."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "rest_framework"]
