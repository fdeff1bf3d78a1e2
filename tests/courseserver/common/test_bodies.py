"""Bodies above the limit: a clear answer, and a browser that is still there to read it."""

import json
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", ["/lti/launch/", "/lti/login/", "/grading/x/upload/", "/nowhere/"])
def test_a_body_above_the_limit_gets_a_page(path: str, client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    refused = client.post(path, b"a" * 1001, content_type=FORM)

    assert refused.status_code == 413
    assert b"1,001 bytes" in refused.content
    assert b"Reference" in refused.content


def test_a_program_is_told_as_a_program_reads_it(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    refused = client.post("/api/kits/claims", b"[" * 1001, content_type="application/json")

    assert refused.status_code == 413
    assert json.loads(refused.content)["title"] == "That is too much"


def test_a_body_at_the_limit_reaches_its_page(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    assert client.post("/lti/launch/", b"a" * 1000, content_type=FORM).status_code == 400


def test_a_file_has_a_limit_of_its_own(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    settings.UPLOAD_MAX_BYTES = 2000
    form = "multipart/form-data; boundary=x"

    statuses = [client.post("/lti/launch/", b"a" * n, content_type=form).status_code
                for n in (1500, 2001)]  # fmt: skip

    assert statuses == [400, 413]


def test_what_is_refused_is_read_to_its_end(client: Client, settings: Any) -> None:
    """A server that answers while a browser sends is cut off before its answer is read."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    refused = client.post("/lti/launch/", b"a" * 200_000, content_type=FORM)

    assert refused.wsgi_request.read(1) == b""
