"""Activities over HTTP: predict, deploy, compare; who may see what, and what is never mixed."""

import base64
import struct

import pytest

from courseserver.benches.models import ActivityRun
from courseserver.kits.models import KitJob, Measurement
from firmware_specs.wire import Scalar
from tests.courseserver.benches.conftest import Deploy
from tests.courseserver.kits.conftest import Bench

BOARD_TASKS = ["digits", "kws", "mac8"]


def page(bench: Bench, slug: str = "quantised-model", who: str = "bob", **given: str) -> str:
    response = bench.client(getattr(bench, who)).get(f"/deploy/{bench.course.id}/{slug}/", given)
    assert response.status_code == 200, response.content.decode()[-500:]
    return str(response.content.decode())


def test_all_are_listed_and_open(bench: Bench) -> None:
    client = bench.client(bench.bob)
    listed = client.get(f"/deploy/{bench.course.id}/").content.decode()

    for slug in (
        "sensor-data",
        "quantised-model",
        "profile-inference",
        "profile-microcontroller",
        "olympics",
    ):
        assert f"/deploy/{bench.course.id}/{slug}/" in listed
        assert "simulated" in page(bench, slug)


@pytest.mark.parametrize(("who", "status"), [("charlie", 404), (None, 403)])
def test_a_stranger_learns_nothing(bench: Bench, who: str | None, status: int) -> None:
    client = bench.client(getattr(bench, who) if who else None)

    for path in ("", "olympics/"):
        assert client.get(f"/deploy/{bench.course.id}/{path}").status_code == status
    asked = client.post(f"/deploy/{bench.course.id}/olympics/run/", {"mode": "simulation"})
    assert asked.status_code == status
    assert ActivityRun.objects.count() == 0


def test_the_prediction_follows_the_choice(bench: Bench) -> None:
    small = page(bench, width="4", precision="int8", board="arduino-uno-r3")
    large = page(bench, width="32", precision="int8", board="arduino-uno-r3")

    # 296 products and 14 outputs, 2,368 and 42: 20.6 and 445 cycles each at 16 MHz.
    assert "770 µs" in small
    assert "4.22 ms" in large


@pytest.mark.parametrize(
    "given", [{"width": "9"}, {"precision": "int2"}, {"board": "cray-1"}, {"width": "x" * 500}]
)
def test_what_is_not_on_offer_is_refused_in_words(bench: Bench, given: dict[str, str]) -> None:
    client = bench.client(bench.bob)
    path = f"/deploy/{bench.course.id}/quantised-model/"

    assert "not on offer" in client.get(path, given).content.decode()
    assert client.post(f"{path}run/", {**given, "mode": "simulation"}).status_code == 422
    assert ActivityRun.objects.count() == 0


def test_without_a_kit_the_simulated_twin_is_kept_and_labelled(bench: Bench) -> None:
    client = bench.client(bench.bob)
    path = f"/deploy/{bench.course.id}/olympics/"
    before = client.get(path).content.decode()
    assert "No kit that is online can measure this" in before

    refused = client.post(f"{path}run/", {"mode": "kit"}, follow=True).content.decode()
    kept = client.post(f"{path}run/", {"mode": "simulation"}, follow=True).content.decode()

    assert "Take the simulation" in refused
    assert "Simulation only" in kept
    assert KitJob.objects.count() == 0


def test_a_deployed_design_stands_beside_its_prediction_verified(
    bench: Bench, deployed: Deploy
) -> None:
    kit = bench.kit(tasks=BOARD_TASKS)

    job = deployed(kit)

    assert job.state == "done"
    shown = page(bench)
    for words in ("Measured", "1.50 ms", "1.19×", "Recomputed: the server",
                  "A kit of your institution", "inside the interval", "Uno R3"):  # fmt: skip
        assert words in shown, words


def test_while_it_waits_the_page_tells_the_place_and_cancels(bench: Bench) -> None:
    bench.kit(tasks=BOARD_TASKS)
    client = bench.client(bench.bea)
    path = f"/deploy/{bench.course.id}/quantised-model/"
    bench.client(bench.bob).post(f"{path}run/", {"mode": "kit"})
    waiting = client.post(f"{path}run/", {"mode": "kit"}, follow=True).content.decode()

    assert "Number 1 in the queue" in waiting
    assert 'data-refresh="1"' in waiting
    run = ActivityRun.objects.get(person=bench.bea)
    cancel = f"/deploy/{bench.course.id}/runs/{run.id}/cancel/"
    assert bench.client(bench.bob).post(cancel).status_code == 404
    client.post(cancel)
    assert KitJob.objects.get(pk=run.kit_job).state == "cancelled"
    assert 'data-refresh="1"' not in page(bench, who="bea")


def test_a_second_measurement_is_predicted_from_the_first_of_the_same_kit_alone(
    bench: Bench, deployed: Deploy
) -> None:
    kit = bench.kit("bench-1", tasks=BOARD_TASKS)
    deployed(kit, time_s=2.5e-3)
    assert "Calibrated" not in page(bench)
    assert "Calibrated" not in page(bench, who="bea", width="4", board="arduino-uno-r3")

    # Before the second one is measured: 1.39 ms and not the 770 µs that the catalogue expects.
    foretold = page(bench, width="4", board="arduino-uno-r3")
    deployed(kit, width="4", time_s=1.3e-3, energy_j=9e-5)

    assert "Calibrated on 1 earlier measurement by bench-1, the kit that measured for" in foretold
    assert "1.39 ms" in foretold
    again = page(bench)
    assert "Calibrated on 1 earlier measurement by bench-1." in again
    assert "1.39 ms" in again
    assert "<b>0.936×</b>" in again
    assert "uncalibrated 1.69×" in again
    # Of the energy too, which is far beside what was expected.
    assert again.count("outside the interval") == 2
    kit.presence = "offline"
    kit.save()
    other = bench.kit("bench-2", tasks=BOARD_TASKS)
    deployed(other, width="8", time_s=8e-4)
    assert "Calibrated" not in page(bench)


def test_another_network_on_the_same_kit_makes_the_next_prediction_better(bench: Bench) -> None:
    kit = bench.kit(tasks=["kws", "ic"], board="nucleo-l4r5zi")
    client = bench.client(bench.bob)
    path = f"/deploy/{bench.course.id}/profile-microcontroller/"
    given = {"board": "nucleo-l4r5zi", "network": "kws"}
    before = page(bench, "profile-microcontroller", **given | {"network": "ic"})
    client.post(f"{path}run/", {**given, "mode": "kit"})
    job = KitJob.objects.get()
    bench.hear(kit, bench.result(job, "kws", task="kws", value=0.2, low=0.2, high=0.2))

    after = page(bench, "profile-microcontroller", **given | {"network": "ic"})

    assert "Calibrated" not in before
    assert "Calibrated on 1 earlier measurement by bench-1" in after


def test_an_energy_comes_with_its_meter_idle_power_and_each_part_of_its_doubt(
    bench: Bench, deployed: Deploy
) -> None:
    facts: dict[str, Scalar] = {
        "idle_w": 0.075, "energy_sync": "pin", "energy_samples": 4200,
        "energy_uncertainty_j": 9e-6, "energy_dynamic_uncertainty_j": 1e-5,
        "energy_u_gain_j": 8e-6, "energy_u_offset_j": 2e-6, "energy_u_timing_j": -1.0,
        "energy_u_repeat_j": "much", "energy_u_lacks": "offset",
    }  # fmt: skip
    deployed(bench.kit(tasks=BOARD_TASKS), facts=facts)

    shown = page(bench)

    for words in (
        "How the energy was measured", "<dd>ppk2</dd>", "300 µJ ± 9.00 µJ", "150 µJ ± 10.0 µJ",
        "75.0 mW", "sync pin", "4,200", "8.00 µJ", "2.00 µJ", "told it of this meter: offset",
    ):  # fmt: skip
        assert words in shown, words
    assert "begin and end of a window" not in shown
    assert "windows differ" not in shown


def test_what_the_kit_itself_doubts_is_said(bench: Bench, deployed: Deploy) -> None:
    deployed(bench.kit(tasks=BOARD_TASKS), detail="spread 22% exceeds 15%")

    assert "Doubtful time: spread 22% exceeds 15%." in page(bench)


@pytest.mark.parametrize(
    ("board", "words"),
    [
        ("arduino-nano-33-ble-sense", "You asked for Arduino Uno R3"),
        ("mps2-an386", "calls itself mps2-an386, for which nothing is predicted"),
    ],
)
def test_another_board_than_was_asked_for_is_said(
    bench: Bench, deployed: Deploy, board: str, words: str
) -> None:
    deployed(bench.kit(tasks=BOARD_TASKS), evidence="emulated", measured_on=board)

    assert words in page(bench)


def test_a_board_that_no_kit_holds_is_simulated_only(bench: Bench) -> None:
    bench.kit("Pi with an Uno", board="raspberry-pi-4", tasks=BOARD_TASKS, holds="arduino-uno-r3")

    assert "A kit is online" in page(bench, board="arduino-uno-r3")
    assert "No kit that is online can measure this" in page(bench, board="nucleo-l4r5zi")


def test_a_model_that_the_board_has_no_room_for_is_not_sent_there(bench: Bench) -> None:
    bench.kit("Uno", board="arduino-uno-r3", tasks=BOARD_TASKS)
    path = f"/deploy/{bench.course.id}/quantised-model/run/"
    given = {"board": "arduino-uno-r3", "width": "32"}
    words = "This model takes 2.58 kB, the firmware of Arduino Uno R3 has room for 1.02 kB"

    asked = bench.client(bench.bob).post(path, {**given, "mode": "kit"}, follow=True)
    simulated = bench.client(bench.bob).post(path, {**given, "mode": "simulation"}, follow=True)

    assert words in page(bench, **given)
    assert words in asked.content.decode()
    assert "Simulation only" in simulated.content.decode()
    assert KitJob.objects.count() == 0
    # Two weights in a byte, and it fits.
    assert words[:16] not in page(bench, **given | {"width": "16", "precision": "int4"})


def windowed(bench: Bench, **facts: Scalar) -> ActivityRun:
    """Let a kit send a window of a sensor along."""
    kit = bench.kit(tasks=["sensor"])
    bench.client(bench.bob).post(
        f"/deploy/{bench.course.id}/sensor-data/run/",
        {"mode": "kit", "sensor": "a0", "hz": "100", "readings": "32", "board": "arduino-uno-r3"},
    )
    told = {
        "sensor": "a0", "axes": 1, "late_readings": 1, "send_s": 0.1, "board": "arduino-uno-r3",
        "readings_int16le": base64.b64encode(struct.pack("<32h", *range(-100, 60, 5))).decode(),
    }  # fmt: skip
    result = bench.result(
        KitJob.objects.get(), "sensor", task="sensor", value=0.01, low=0.01, high=0.01,
        environment=told | facts,
    )  # fmt: skip
    bench.hear(kit, result)
    return ActivityRun.objects.get()


def test_sensor_data_is_drawn_and_taken_away_as_a_file(bench: Bench) -> None:
    run = windowed(bench)
    path = f"/deploy/{bench.course.id}/runs/{run.pk}/readings.csv"

    shown = page(bench, "sensor-data")
    file = bench.client(bench.bob).get(path)

    assert "32 readings in 320 ms, from −100 to 55 counts" in shown
    assert "1 came a whole period late" in shown
    assert path in shown
    assert file["Content-Disposition"] == f'attachment; filename="sensor-{run.pk}.csv"'
    lines = file.content.decode().split("\r\n")
    assert lines[:3] == ["time_s,value", "0.000000,-100", "0.010000,-95"]
    assert len(lines) == 34
    assert bench.client(bench.bea).get(path).status_code == 404


@pytest.mark.parametrize(
    "facts", [{"axes": 7}, {"axes": "3"}, {"axes": 3}, {"readings_int16le": "%%%"}]
)
def test_a_window_that_is_damaged_is_not_drawn(bench: Bench, facts: dict[str, Scalar]) -> None:
    run = windowed(bench, **facts)

    assert "readings.csv" not in page(bench, "sensor-data")
    path = f"/deploy/{bench.course.id}/runs/{run.pk}/readings.csv"
    assert bench.client(bench.bob).get(path).status_code == 404


def test_an_emulated_answer_stays_labelled_and_calibrates_no_hardware(
    bench: Bench, deployed: Deploy
) -> None:
    kit = bench.kit(tasks=BOARD_TASKS)
    deployed(kit, evidence="emulated")
    assert "Emulated" in page(bench)

    deployed(kit, width="4")

    assert "Calibrated" not in page(bench)


def test_an_own_kits_answer_is_self_reported(bench: Bench, deployed: Deploy) -> None:
    own = bench.kit("mine", course=bench.course, owner=bench.bob, tasks=BOARD_TASKS)

    deployed(own)

    assert "Self-reported" in page(bench)
    assert "No kit that is online can measure this" in page(bench, "olympics")


def test_a_run_is_its_owners(bench: Bench, deployed: Deploy) -> None:
    deployed(bench.kit(tasks=BOARD_TASKS))
    run = ActivityRun.objects.get()
    path = f"/deploy/{bench.course.id}/quantised-model/?run={run.id}"

    assert bench.client(bench.bob).get(path).status_code == 200
    assert bench.client(bench.bea).get(path).status_code == 404


# --- the leaderboard ----------------------------------------------------------------------------
def test_the_best_of_each_track_leads_and_everybody_gets_their_share(
    bench: Bench, deployed: Deploy
) -> None:
    kit = bench.kit(tasks=BOARD_TASKS)
    deployed(kit, activity="olympics", time_s=1.5e-3, energy_j=3e-4)
    deployed(kit, "bea", activity="olympics", width="4", time_s=1.0e-3, energy_j=None)

    seen, staff = page(bench, "olympics"), page(bench, "olympics", who="alice")

    assert "Measured on boards" in seen
    assert "A classmate" in seen
    assert "Bea Wei" not in seen
    assert "Bea Wei" in staff
    assert seen.count(">no meter<") == 1
    assert "8, int8, 0%" in seen
    assert "704 B" in seen
    # Bob: all of energy and memory, two thirds of latency.
    assert '1.50 ms<br><small class="soft">67</small>' in seen


def test_a_raspberry_pi_competes_with_the_same_network(bench: Bench, deployed: Deploy) -> None:
    deployed(bench.kit(tasks=BOARD_TASKS), activity="olympics")
    pi = bench.kit("pi", board="raspberry-pi-5", tasks=["digits_host"])
    deployed(pi, "bea", activity="olympics", board="raspberry-pi-5", time_s=3e-5, energy_j=None)

    shown = page(bench, "olympics", who="bea")

    assert "Recomputed: the server" in shown
    assert "Raspberry Pi 5" in shown
    assert '30.0 µs<br><small class="soft">100</small>' in shown
    assert '1.50 ms<br><small class="soft">2</small>' in shown


def test_a_made_up_name_shows_and_who_leaves_is_gone_from_the_table(
    bench: Bench, deployed: Deploy
) -> None:
    kit = bench.kit(tasks=BOARD_TASKS)
    deployed(kit, activity="olympics", time_s=1.5e-3, energy_j=3e-4)
    deployed(kit, "bea", activity="olympics", width="4", time_s=1.0e-3, energy_j=None)
    path = f"/deploy/{bench.course.id}/olympics/name/"

    bench.client(bench.bea).post(path, {"pseudonym": "Tensor Fox", "action": "stay"})
    assert "Tensor Fox" in page(bench, "olympics")
    assert "Bea Wei, as Tensor Fox" in page(bench, "olympics", who="alice")
    bench.client(bench.bea).post(path, {"pseudonym": "Tensor Fox", "action": "leave"})
    assert "Tensor Fox" not in page(bench, "olympics")
    assert bench.client(bench.charlie).post(path, {"pseudonym": "Fox"}).status_code == 404


def test_only_verified_results_of_institution_kits_are_ranked(
    bench: Bench, deployed: Deploy
) -> None:
    kit = bench.kit(tasks=BOARD_TASKS)
    job = deployed(kit, activity="olympics")
    assert "Measured on boards" in page(bench, "olympics")

    Measurement.objects.filter(job=job).update(verdict="plausible")
    assert "No entry yet that the server recomputed" in page(bench, "olympics")
    Measurement.objects.filter(job=job).update(verdict="recomputed")
    KitJob.objects.filter(pk=job.pk).update(institution_only=False)
    assert "No entry yet that the server recomputed" in page(bench, "olympics")
    assert job.institution_only


def test_a_rehearsal_is_not_ranked(bench: Bench, deployed: Deploy) -> None:
    job = deployed(bench.kit(tasks=BOARD_TASKS), activity="olympics")
    Measurement.objects.filter(job=job).update(flags=["rehearsal"])

    assert "No entry yet that the server recomputed" in page(bench, "olympics")


def test_emulators_are_ranked_apart(bench: Bench, deployed: Deploy) -> None:
    deployed(bench.kit(tasks=BOARD_TASKS), activity="olympics", evidence="emulated")

    shown = page(bench, "olympics")

    assert "In emulators" in shown
    assert "Measured on boards" not in shown
