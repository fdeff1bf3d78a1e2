"""The Celery application; messages carry ids only, rows are the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseserver.settings")

app = Celery("courseserver")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
