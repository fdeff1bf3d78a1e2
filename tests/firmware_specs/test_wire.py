"""Messages: golden payloads, round trips, and everything that must be refused."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import firmware_specs.wire as wire
from firmware_specs.wire import (
    Ack,
    Birth,
    Claim,
    Command,
    Config,
    Energy,
    JobAnswer,
    Log,
    Message,
    Outcome,
    Result,
    Sample,
    Status,
    WireError,
    codec,
    decode,
    encode,
    new_msg_id,
    result_msg_id,
    topics,
)

GOLDEN = sorted((Path(wire.__file__).parent / "golden").glob("*.json"))
TYPES: dict[str, type[Message]] = {
    kind.__name__.lower(): kind
    for kind in (Claim, Birth, Status, Command, Result, Sample, Ack, Log, Config)
}


def kind_of(path: Path) -> type[Message]:
    return TYPES[json.loads(path.read_text())["type"]]


def holds(written: Any, golden: Any) -> bool:
    """Return whether all that a payload says is written too; fields that came later may be."""
    if isinstance(golden, dict) and isinstance(written, dict):
        return all(name in written and holds(written[name], golden[name]) for name in golden)
    if isinstance(golden, list) and isinstance(written, list) and len(golden) == len(written):
        return all(map(holds, written, golden))
    return bool(written == golden)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_golden_payload_reads_and_writes_the_same(path: Path) -> None:
    message = decode(path.read_bytes(), kind_of(path))

    assert holds(json.loads(encode(message)), json.loads(path.read_text()))
    assert decode(encode(message), kind_of(path)) == message


def test_every_message_type_has_a_golden_payload_of_all_its_fields() -> None:
    whole = [
        path
        for path in GOLDEN
        if json.loads(encode(decode(path.read_bytes(), kind_of(path))))
        == json.loads(path.read_text())
    ]

    assert {kind_of(path) for path in whole} == set(TYPES.values())


def test_an_older_birth_names_no_arguments_and_a_newer_one_all() -> None:
    old, new = (
        decode((GOLDEN[0].parent / name).read_bytes(), Birth)
        for name in ("birth.json", "birth_arguments.json")
    )

    assert {task.arguments for task in old.tasks} == {()}
    assert [task.arguments for task in new.tasks] == [("size", "window_s", "nonce"), ()]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_unknown_fields_are_ignored_at_every_depth(path: Path) -> None:
    body = json.loads(path.read_text())
    known = decode(json.dumps(body).encode(), kind_of(path))

    body["from_the_future"] = {"deep": [1, 2]}
    for value in body.values():
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict) and ("task" in entry or "why_not" in entry):
                entry["from_the_future"] = True

    assert decode(json.dumps(body).encode(), kind_of(path)) == known


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5, True])
def test_another_version_is_refused(version: Any) -> None:
    body = json.loads(encode(status())) | {"v": version}

    with pytest.raises(WireError, match="version"):
        decode(json.dumps(body).encode(), Status)


def test_a_message_of_another_type_is_refused() -> None:
    with pytest.raises(WireError, match="'status' is not 'log'"):
        decode(encode(status()), Log)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("attempt", "1", "attempt is str, not int"),
        ("attempt", True, "attempt is bool, not int"),
        ("attempt", 2**63, "64 bits"),
        ("value", "0.1", "value is str"),
        ("job_id", None, "job_id is null, not str"),
        ("job_id", "x" * 4097, "4097 characters"),
        ("job_id", "a\0b", "cannot be stored"),
        ("job_id", "\ud800", "cannot be stored"),
        ("outcome", "guessed", "not one of"),
        ("flags", "unsteady", "not a list"),
        ("flags", ["x"] * 513, "513 items"),
        ("flags", [1], r"flags\[0\] is int"),
        ("arguments", {"n": [1]}, "arguments"),
        ("arguments", {"n": None}, "arguments"),
        ("energy", 3, "energy is int, not an object"),
        ("energy", {"total_j": "many"}, "energy.total_j is str"),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(field: str, value: Any, words: str) -> None:
    body = json.loads(encode(result())) | {field: value}

    with pytest.raises(WireError, match=words):
        decode(json.dumps(body).encode(), Result)


@pytest.mark.parametrize("field", ["msg_id", "job_id", "attempt", "outcome"])
def test_a_missing_field_is_refused_by_name(field: str) -> None:
    body = json.loads(encode(result()))
    del body[field]

    with pytest.raises(WireError, match=f"result.{field} is missing"):
        decode(json.dumps(body).encode(), Result)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"null", b"[]", b"17", b'"text"', b"{", b"\xff\xfe", b'{"v":1,"v"',
        b'{"v":1,"type":"status","state":NaN}', b"[" * 100_000, b"9" * 5000,
        b'{"v":1,"type":"sample","value":1e999}',
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused_and_nothing_else_is_raised(payload: bytes) -> None:
    with pytest.raises(WireError):
        decode(payload, Sample)


def test_an_oversized_payload_is_refused_before_it_is_read() -> None:
    with pytest.raises(WireError, match="limit is 65536"):
        decode(b" " * (codec.MAX_BYTES + 1), Status)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_never_written(value: float) -> None:
    with pytest.raises(WireError):
        encode(sample(value))


def test_an_integer_is_welcome_where_a_float_is_meant() -> None:
    body = json.loads(encode(sample(1.0))) | {"value": 3}

    value = decode(json.dumps(body).encode(), Sample).value

    assert (value, type(value)) == (3.0, float)


@given(st.binary(max_size=400))
def test_random_bytes_are_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        decode(payload, Status)


def _text(*, max_size: int) -> st.SearchStrategy[str]:
    """Return texts that PostgreSQL and UTF-8 can hold."""
    return st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=max_size
    )


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text(max_size=8), inner),
    max_leaves=12,
)


@given(st.sampled_from([f.stem for f in GOLDEN]), st.data())
def test_a_spoiled_golden_payload_is_read_or_refused(stem: str, data: st.DataObject) -> None:
    path = next(p for p in GOLDEN if p.stem == stem)
    body = json.loads(path.read_text())
    body[data.draw(st.sampled_from(sorted(body)))] = data.draw(_json)
    payload = json.dumps(body).encode()
    try:
        message = decode(payload, kind_of(path))
    except WireError:
        return

    assert decode(encode(message), kind_of(path)) == message


@given(
    st.builds(
        Result,
        msg_id=_text(max_size=20), job_id=_text(max_size=20), attempt=st.integers(0, 99),
        request_id=_text(max_size=9), task=_text(max_size=9),
        outcome=st.sampled_from(list(Outcome)), at_utc=_text(max_size=9),
        value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        flags=st.tuples() | st.tuples(_text(max_size=5)),
        environment=st.dictionaries(
            _text(max_size=5),
            st.integers(-(2**62), 2**62) | st.booleans() | _text(max_size=5),
            max_size=4,
        ),
    )
)  # fmt: skip
def test_a_result_survives_the_wire(message: Result) -> None:
    assert decode(encode(message), Result) == message


# --- topics and ids -----------------------------------------------------------------------------
@pytest.mark.parametrize("channel", [*topics.Up, *topics.Down])
def test_a_topic_taken_apart_is_what_it_was_made_of(channel: topics.Up | topics.Down) -> None:
    make = topics.up if isinstance(channel, topics.Up) else topics.down

    assert topics.parse(make("kit_7k", channel)) == topics.Topic("kit_7k", channel)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "topic",
    [
        "", "kit/v1/a/up", "kit/v1/kit_7k/up/nothing", "kit/v2/kit_7k/up/status",
        "kit/v1/kit_7k/down/result", "kit/v1/kit_7k/up/status/x", "kit/v1/+/up/status",
        "kit/v1/kit_7k\n/up/status", "kit/v1/KIT/up/status", "$SYS/broker/version",
    ],
)  # fmt: skip
def test_a_topic_that_is_none_of_ours_is_refused(topic: str) -> None:
    with pytest.raises(WireError):
        topics.parse(topic)


@pytest.mark.parametrize("device_id", ["+", "#", "a/b", "", "x" * 41, "kit 1"])
def test_a_device_id_that_would_widen_a_topic_is_refused(device_id: str) -> None:
    with pytest.raises(WireError, match="part of a topic"):
        topics.up(device_id, topics.Up.STATUS)


def test_message_ids_differ_and_sort_by_time() -> None:
    ids = [new_msg_id() for _ in range(100)]

    assert len(set(ids)) == 100
    assert all(len(i) == 26 for i in ids)
    assert [i[:9] for i in ids] == sorted(i[:9] for i in ids)


def test_the_same_run_always_has_the_same_message_id() -> None:
    assert result_msg_id("kjb_1", 2, "gemm") == result_msg_id("kjb_1", 2, "gemm")
    assert result_msg_id("kjb_1", 2, "gemm") != result_msg_id("kjb_1", 1, "gemm")


def test_no_message_has_a_field_for_a_person() -> None:
    personal = ("person", "student", "user", "email", "subject")
    named = [
        f"{kind.__name__}.{name}"
        for kind in (*TYPES.values(), Energy)
        for name in kind.__dataclass_fields__
        if any(word in name for word in personal)
    ]

    assert named == []


def test_an_answer_to_a_command_names_what_became_of_it() -> None:
    ack = Ack(msg_id="m", job_id="j", attempt=1, answer=JobAnswer.REFUSED, detail="no such task")

    assert decode(encode(ack), Ack) == ack


def status() -> Status:
    return Status(state=wire.KitState.ONLINE, at_utc="now")


def sample(value: float) -> Sample:
    return Sample(msg_id="m", job_id="j", name="progress", at_utc="now", value=value)


def result() -> Result:
    return Result(
        msg_id="m", job_id="j", attempt=1, request_id="r", task="gemm",
        outcome=Outcome.MEASURED, at_utc="now", value=0.1, low=0.1, high=0.2, unit="s", n=9,
        arguments={"m": 4}, energy=Energy(why_not="no meter"), flags=("unsteady",),
    )  # fmt: skip
