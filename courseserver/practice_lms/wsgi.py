"""WSGI entry point of the practice LMS, served by granian."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseserver.practice_lms.settings")

application = get_wsgi_application()
