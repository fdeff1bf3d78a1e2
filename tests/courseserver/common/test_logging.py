"""Log lines: one an event, whatever a request holds."""

import io
import logging

import pytest
import structlog
from django.test import Client


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the installation writes to standard error."""
    ours = structlog.stdlib.ProcessorFormatter
    handlers = [h for h in logging.getLogger().handlers if isinstance(h.formatter, ours)]
    written = io.StringIO()
    monkeypatch.setattr(handlers[0], "stream", written)
    return written


@pytest.mark.django_db
def test_no_address_writes_or_colours_a_line_of_the_log(client: Client, log: io.StringIO) -> None:
    client.get("/nowhere/%0D%1B[31m%0Atimestamp=now%20level=info/")

    lines = log.getvalue().split("\n")
    assert len(lines) == 3, "the refusal, Django's own warning, and the end of the last line"
    assert all("nowhere" in line and line.isprintable() for line in lines[:2])
