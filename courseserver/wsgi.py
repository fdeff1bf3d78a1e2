"""WSGI entry point, served by granian."""

import os

import structlog
from django.core.wsgi import get_wsgi_application

from courseserver.common.content_types import plain_content_types
from courseserver.common.startup import refuse_unsafe
from labs import loader

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseserver.settings")

application = plain_content_types(get_wsgi_application())
refuse_unsafe()

# Once per process, before the first student asks; a lab with a fault says so and stays closed.
for _folder, _fault in loader.warm().items():
    structlog.get_logger(__name__).error("lab cannot be opened", folder=_folder, fault=_fault)
