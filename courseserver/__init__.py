"""The Django project: labs inside Canvas and Moodle as an LTI 1.3 tool."""

from courseserver.celery import app as celery_app

__all__ = ["celery_app"]
