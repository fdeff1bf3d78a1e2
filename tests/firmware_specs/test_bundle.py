"""Bundles of results: what was signed is what is read, and nothing else."""

import json
from pathlib import Path

import pytest

import firmware_specs.wire as wire
from firmware_specs.wire import SignatureMismatch, WireError, bundle_read, bundle_seal, signing_key

GOLDEN = Path(wire.__file__).parent / "golden" / "sealed" / "host.bundle"
KEY = signing_key("golden-secret")


def test_the_golden_bundle_opens_and_is_written_the_same() -> None:
    bundle = bundle_read(GOLDEN.read_bytes()).opened(KEY)

    assert (bundle.device_id, bundle.results[0].task) == ("kit_golden", "call_overhead")
    assert bundle_seal(bundle, KEY) == GOLDEN.read_bytes()


@pytest.mark.parametrize("place", range(0, 700, 23))
def test_no_changed_byte_of_the_body_passes(place: int) -> None:
    cover = json.loads(GOLDEN.read_bytes())
    body = cover["body"]
    place %= len(body)
    cover["body"] = body[:place] + chr((ord(body[place]) ^ 1) & 0x7F) + body[place + 1 :]

    with pytest.raises(SignatureMismatch):
        bundle_read(json.dumps(cover).encode()).opened(KEY)


def test_another_secret_or_another_kits_cover_does_not_open_it() -> None:
    cover = json.loads(GOLDEN.read_bytes())

    with pytest.raises(SignatureMismatch):
        bundle_read(GOLDEN.read_bytes()).opened(signing_key("another"))
    cover["device_id"] = "kit_other"
    with pytest.raises(WireError, match="another kit"):
        bundle_read(json.dumps(cover).encode()).opened(KEY)


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff\xfe", b"[]", b"{}", b'{"schema": "device_agent.bundle/2"}',
     b'{"schema": "device_agent.bundle/1", "device_id": 1, "body": "", "signature": ""}',
     b'{"schema": "device_agent.bundle/1", "device_id": "k", "body": "\\ud800", "signature": ""}',
     b'{"schema": "device_agent.bundle/1", "device_id": "k", "body": "{}", "signature": "\\u00e4"}',
     b"[" * 100_000, b"x" * (2 * wire.BUNDLE_MOST + 1)],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_bundle_is_refused_in_words(payload: bytes) -> None:
    with pytest.raises(WireError):
        bundle_read(payload)
