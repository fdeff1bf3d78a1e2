"""Credentials: claimed by code, given once, rotated, revoked; brokers believe only these."""

import json
import stat
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from courseserver.kits import broker, brokerfiles, claims, enrolment, selfchecks
from courseserver.kits.credentials import bridge_secret, bridge_user, secret_hash, secret_matches
from courseserver.kits.models import Kit, KitClaim
from device_agent import config
from device_agent import enrolment as agent
from firmware_specs.wire import Claim, encode
from tests.courseserver.kits.conftest import Bench

CLAIM = Claim(name="bench-9", board="host-linux", agent_version="0.1.0", host={"cpu_count": 4})


def offer(client: Client) -> dict[str, Any]:
    response = client.post("/api/kits/claims", encode(CLAIM), content_type="application/json")
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def poll(client: Client, device_code: str) -> Any:
    body = json.dumps({"device_code": device_code})
    return client.post("/api/kits/claims/poll", body, content_type="application/json")


def decide(bench: Bench, code: str, decision: str = "approve", who: str = "alice") -> Any:
    path = f"/kits/{bench.course.id}/claim/decide/"
    return bench.client(getattr(bench, who)).post(path, {"code": code, "decision": decision})


def test_a_kit_gets_its_secret_once_after_an_instructors_yes(bench: Bench) -> None:
    told = offer(Client())
    assert poll(Client(), told["device_code"]).json() == {"error": "authorization_pending"}

    decide(bench, told["user_code"].lower())
    bench.clock.pass_s(3)
    given = poll(Client(), told["device_code"])
    Kit.objects.update(last_seen_at=bench.clock.now())
    bench.clock.pass_s(3)
    again = poll(Client(), told["device_code"])

    kit = Kit.objects.get()
    assert given.json()["device_id"] == kit.id
    assert secret_matches(given.json()["secret"], kit.secret_hash)
    assert (kit.course, kit.name, kit.board) == (bench.course, "bench-9", "host-linux")
    assert (again.status_code, again.json()) == (400, {"error": "access_denied"})


def test_the_page_shows_which_machine_it_is_before_anything_is_decided(bench: Bench) -> None:
    told = offer(Client())
    path = f"/kits/{bench.course.id}/claim/"

    page = bench.client(bench.alice).get(path, {"code": told["user_code"]}).content.decode()

    assert "bench-9" in page
    assert Kit.objects.count() == 0


@pytest.mark.parametrize("who", ["tom", "charlie"])
def test_only_an_instructor_adopts_a_kit_for_the_course(bench: Bench, who: str) -> None:
    told = offer(Client())

    response = decide(bench, told["user_code"], who=who)

    assert response.status_code in (403, 404)
    assert KitClaim.objects.get().state == "pending"


def test_what_a_student_adopts_is_the_students_own(bench: Bench) -> None:
    page = bench.client(bench.bob).get(f"/kits/{bench.course.id}/claim/").content.decode()

    decide(bench, offer(Client())["user_code"], who="bob")

    assert "self-reported" in page
    kit = Kit.objects.get()
    assert (kit.course, kit.owner, kit.origin) == (bench.course, bench.bob, "own")


def test_a_student_has_three_kits_at_most(bench: Bench) -> None:
    for n in range(3):
        enrolment.kit_create(
            name=f"own {n}", board_id="host-linux", course=bench.course, actor="x", owner=bench.bob
        )

    response = decide(bench, offer(Client())["user_code"], who="bob")

    assert response.status_code == 409
    assert KitClaim.objects.get().state == "pending"


def test_a_kit_turned_away_gets_nothing(bench: Bench) -> None:
    told = offer(Client())
    decide(bench, told["user_code"], decision="deny")

    assert poll(Client(), told["device_code"]).json() == {"error": "access_denied"}
    assert Kit.objects.count() == 0


def test_a_code_lives_ten_minutes(bench: Bench) -> None:
    told = offer(Client())
    bench.clock.pass_s(601)

    assert decide(bench, told["user_code"]).status_code == 404
    assert poll(Client(), told["device_code"]).json() == {"error": "expired_token"}


def test_who_asks_too_often_is_slowed_down(bench: Bench) -> None:
    told = offer(Client())
    poll(Client(), told["device_code"])

    assert poll(Client(), told["device_code"]).json() == {"error": "slow_down"}


def test_a_code_survives_being_read_aloud(bench: Bench) -> None:
    row = KitClaim.objects.create(
        user_code="01AB10CD", device_code_hash="x", name="n", board="host-linux",
        expires_at=bench.clock.now() + claims.LIFE,
    )  # fmt: skip

    assert claims.claim_find(user_code="oiab-l0cd") == row


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"v":1,"type":"claim","name":"x","board":"toaster","agent_version":"1"}', b"[1]"],
)
def test_what_is_no_claim_is_refused(bench: Bench, body: bytes) -> None:
    response = Client().post("/api/kits/claims", body, content_type="application/json")

    assert response.status_code in (400, 422)
    assert KitClaim.objects.count() == 0


def test_a_rotated_secret_ends_the_old_one(bench: Bench) -> None:
    kit, old = enrolment.kit_create(name="k", board_id="host-linux", course=bench.course, actor="t")

    def rotate(secret: str) -> Any:
        body = json.dumps({"device_id": kit.id, "secret": secret})
        return Client().post("/api/kits/rotate", body, content_type="application/json")

    fresh = rotate(old).json()["secret"]

    assert broker.may_connect(kit.id, fresh)
    assert not broker.may_connect(kit.id, old)
    assert rotate(old).status_code == 403


def test_a_revoked_kit_can_neither_connect_nor_rotate(bench: Bench) -> None:
    kit, secret = enrolment.kit_create(
        name="k", board_id="host-linux", course=bench.course, actor="t"
    )
    assert broker.may_connect(kit.id, secret)

    enrolment.kit_revoke(kit=kit, actor=bench.alice.id)

    body = json.dumps({"device_id": kit.id, "secret": secret})
    refused = Client().post("/api/kits/rotate", body, content_type="application/json")
    assert not broker.may_connect(kit.id, secret)
    assert not broker.may_connect(kit.id, "")
    assert refused.status_code == 403


def test_a_kit_revoked_before_it_has_spoken_gets_no_secret(bench: Bench) -> None:
    told = offer(Client())
    decide(bench, told["user_code"])
    bench.clock.pass_s(3)
    assert poll(Client(), told["device_code"]).status_code == 200

    enrolment.kit_revoke(kit=Kit.objects.get(), actor=bench.alice.id)
    bench.clock.pass_s(3)

    assert poll(Client(), told["device_code"]).json() == {"error": "access_denied"}
    assert (Kit.objects.get().health, Kit.objects.get().secret_hash) == ("revoked", "")


@pytest.mark.parametrize("out", [enrolment.kit_mark_sick, enrolment.kit_drain])
def test_a_new_secret_does_not_put_a_kit_back_into_service(bench: Bench, out: Any) -> None:
    kit = bench.kit(course=bench.course)
    out(kit=kit, actor=bench.alice.id)
    before = Kit.objects.get().health

    enrolment.kit_rotate(kit=Kit.objects.get(), actor="system")

    assert Kit.objects.get().health == before != "active"


# --- the agent's side, over real HTTP -----------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_the_agent_enrols_over_http_and_keeps_its_secret_to_itself(
    live_server: Any, tmp_path: Path
) -> None:
    from courseserver.common import clock
    from tests.courseserver.kits.conftest import Clock

    bench = Bench(Clock())
    told = agent.offer_get(live_server.url, name="bench-9", board="host-linux")
    decide(bench, told.user_code)
    path = tmp_path / "agent.toml"

    given = agent.credentials_wait(live_server.url, told, wait=lambda s: None)
    agent.credentials_keep(path, given, server=live_server.url)
    settings = config.load(path, environ={})

    assert clock.now() is not None
    assert settings.device_id == Kit.objects.get().id
    assert broker.may_connect(settings.device_id, settings.secret)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("url", ["http://course.example", "ftp://x", "course.example"])
def test_the_agent_never_asks_in_the_clear(url: str) -> None:
    with pytest.raises(agent.EnrolmentFailed, match="https"):
        agent.check_server(url)


# --- what brokers are told ----------------------------------------------------------------------
def test_a_stored_hash_does_not_hold_the_secret_and_matches_only_it() -> None:
    stored = secret_hash("correct horse")

    assert "correct" not in stored
    assert secret_matches("correct horse", stored)
    assert not secret_matches("correct hors", stored)
    assert not secret_matches("", "")
    assert not secret_matches("x", "garbage$7$")


def test_mosquittos_own_tool_writes_hashes_that_we_check(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(path), "kit_1", "s3cret"], check=True)

    stored = path.read_text().strip().partition(":")[2]

    assert secret_matches("s3cret", stored)
    assert not secret_matches("S3cret", stored)


@pytest.mark.parametrize(
    ("user", "topic", "to_publish", "allowed"),
    [
        ("kit_1", "kit/v1/kit_1/up/result", True, True),
        ("kit_1", "kit/v1/kit_1/down/cmd", False, True),
        ("kit_1", "kit/v1/kit_1/down/+", False, True),
        ("kit_1", "kit/v1/kit_1/down/cmd", True, False),
        ("kit_1", "kit/v1/kit_2/up/result", True, False),
        ("kit_1", "kit/v1/kit_2/down/cmd", False, False),
        ("kit_1", "kit/v1/+/down/cmd", False, False),
        ("kit_1", "kit/v1/#", False, False),
        ("kit_1", "#", False, False),
        ("kit_1", "kit/v1/kit_10/up/result", True, False),
        ("", "kit/v1//up/result", True, False),
    ],
)
def test_a_kit_is_held_to_its_own_topics(
    user: str, topic: str, to_publish: bool, allowed: bool
) -> None:
    assert broker.may_use(user, topic, to_publish=to_publish) is allowed


def test_the_bridge_needs_its_password(bench: Bench) -> None:
    assert broker.may_connect(bridge_user(), bridge_secret())
    assert not broker.may_connect(bridge_user(), "guess")
    assert broker.may_use(bridge_user(), "kit/v1/+/up/+", to_publish=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "::", "broker.example"])
def test_the_embedded_broker_refuses_to_be_reachable(host: str) -> None:
    with pytest.raises(broker.NotLoopback, match="Mosquitto with TLS"):
        broker.configuration(host, 1883)


def test_mosquittos_files_follow_the_rows(bench: Bench, tmp_path: Path) -> None:
    kept, _ = enrolment.kit_create(name="a", board_id="host-linux", course=None, actor="t")
    gone, _ = enrolment.kit_create(name="b", board_id="host-linux", course=None, actor="t")
    enrolment.kit_revoke(kit=gone, actor="t")

    call_command("mqtt_credentials", folder=tmp_path)

    users = [line.partition(":")[0] for line in (tmp_path / "passwords").read_text().splitlines()]
    assert users == [bridge_user(), kept.id]
    assert "pattern write kit/v1/%u/up/#" in (tmp_path / "acl").read_text()
    assert not brokerfiles.write_if_changed(tmp_path / "passwords", brokerfiles.passwords_text())


@pytest.mark.parametrize(
    ("url", "ids"),
    [
        ("mqtt://127.0.0.1:1883", []),
        ("mqtt://localhost", []),
        ("mqtts://broker.example:8883", []),
        ("mqtt://broker.example", ["kits.E002"]),
        ("mqtt://10.0.0.7", ["kits.E002"]),
        ("amqp://127.0.0.1", ["kits.E001"]),
        ("broker.example", ["kits.E001"]),
    ],
)
def test_a_broker_address_that_leaks_secrets_stops_the_start(
    settings: Any, url: str, ids: list[str]
) -> None:
    settings.MQTT_URL = url

    assert [error.id for error in selfchecks.mqtt_address(None)] == ids


def test_a_ca_file_that_is_not_there_stops_the_start(settings: Any) -> None:
    settings.MQTT_URL = "mqtts://broker.example"
    settings.MQTT_CA_FILE = "/nowhere/ca.crt"

    assert [error.id for error in selfchecks.mqtt_address(None)] == ["kits.E003"]


def test_enrolling_the_demo_kit_again_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "kit" / "agent.toml"
    call_command("kit_enrol", name="demo", write=path)
    first = path.read_text()

    call_command("kit_enrol", name="demo", write=path)

    assert path.read_text() == first
    assert Kit.objects.count() == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_lost_settings_file_rotates_the_kit_instead_of_doubling_it(
    bench: Bench, tmp_path: Path
) -> None:
    call_command("kit_enrol", name="demo", write=tmp_path / "a.toml")

    call_command("kit_enrol", name="demo", write=tmp_path / "b.toml")

    settings = config.load(tmp_path / "b.toml", environ={})
    assert Kit.objects.count() == 1
    assert broker.may_connect(settings.device_id, settings.secret)


def test_the_bridges_own_password_never_reaches_a_kit(bench: Bench, settings: Any) -> None:
    settings.MQTT_URL = "mqtts://bridge:hush@broker.example:8883"
    kit, secret = enrolment.kit_create(name="a", board_id="host-linux", course=None, actor="t")

    told = enrolment.agent_settings(kit, secret)

    assert told["mqtt_url"] == "mqtts://broker.example:8883"
    assert "hush" not in json.dumps(told)
    assert asdict(CLAIM)["name"] == "bench-9"
