"""Every activity on every board: predictable, in words, and calibrated by what was measured."""

import itertools
from collections.abc import Iterator

import pytest

from labs.activities import (
    Activity,
    Design,
    Figure,
    Past,
    Told,
    UnknownActivity,
    activity_titled,
    all_activities,
    load_activity,
)
from labs.contract import Evidence, Measured
from labs.course_map import all_maps
from labs.text import quantity
from simcore import catalog

ACTIVITIES = all_activities()


def designs(activity: Activity) -> Iterator[Design]:
    knobs = activity.model.design()
    for values in itertools.product(*(knob.steps for knob in knobs)):
        yield dict(zip((knob.id for knob in knobs), values, strict=True))


def first(activity: Activity) -> Design:
    return {knob.id: knob.steps[knob.default] for knob in activity.model.design()}


@pytest.mark.parametrize("activity", ACTIVITIES, ids=lambda a: a.slug)
def test_every_design_on_every_board_is_predicted_with_a_sensible_interval(
    activity: Activity,
) -> None:
    for board in activity.model.boards():
        assert catalog.item("hardware", board).name
        for design in designs(activity):
            figures = activity.model.predict(design, board)
            assert {figure.id for figure in figures} == set(activity.figures)
            for figure in figures:
                x = figure.predicted
                assert x.value >= 0
                assert (x.low is None) == (x.high is None)
                if x.low is not None and x.high is not None:
                    assert x.low <= x.value <= x.high
                assert quantity(float(x.value), activity.figures[figure.id].format)


@pytest.mark.parametrize("activity", ACTIVITIES, ids=lambda a: a.slug)
def test_a_term_is_a_share_of_its_time(activity: Activity) -> None:
    for board in activity.model.boards():
        for figure in activity.model.predict(first(activity), board):
            if figure.id == "latency":
                assert sum(figure.terms.values()) == pytest.approx(figure.predicted.value)


def test_the_weeks_of_the_course_lead_to_an_installed_activity() -> None:
    named = {week.deploy.activity for m in all_maps() for week in m.weeks if week.deploy}

    assert named <= {activity.title for activity in ACTIVITIES}
    assert all(activity_titled(title) for title in named)


def test_the_four_weeks_of_the_first_semester_have_one_each() -> None:
    (foundations,) = (m for m in all_maps() if m.slug == "foundations")

    weeks = [week.number for week in foundations.weeks if week.deploy]

    assert weeks == [4, 10, 11, 16]


@pytest.mark.parametrize(
    "slug", ["quantised-model", "profile-inference", "profile-microcontroller"]
)
def test_a_measurement_moves_the_next_prediction_and_its_interval_holds_it(slug: str) -> None:
    model = load_activity(slug).model
    board = model.boards()[0]
    *_, wanted = designs(load_activity(slug))
    known = next(d for d in designs(load_activity(slug)) if d != wanted and d.get("precision")
                 == wanted.get("precision"))  # fmt: skip
    slow = 1.4

    def time_s(design: Design, past: tuple[Past, ...] = ()) -> tuple[float, float, float]:
        x = model.predict(design, board, past)[0].predicted
        assert x.low is not None
        assert x.high is not None
        return x.value, x.low, x.high

    past = (Past(design=known, time_s=slow * time_s(known)[0]),)
    before, (after, low, high) = time_s(wanted)[0], time_s(wanted, past)

    truth = slow * before
    assert abs(after - truth) < abs(before - truth)
    assert low < truth < high


def test_published_results_are_of_the_same_board_and_say_where_they_stand() -> None:
    activity = load_activity("profile-microcontroller")

    found = activity.model.published({"network": "kws"}, "nucleo-l4r5zi")

    times = [row.value for row in found if row.figure == "latency"]
    assert len(times) >= 5
    # 43 to 182 ms of the same board, by kernels alone.
    assert 0.03 < min(times) < max(times) < 0.3
    assert all(row.source and "NUCLEO-L4R5ZI" in row.what for row in found)
    assert activity.model.published({"network": "kws"}, "arduino-nicla-vision") == ()


def test_a_network_that_outgrows_the_chip_pays_for_the_cable_as_published() -> None:
    """Google's table: 2.6 ms for MobileNet v2, which fits 8 MB, and 56 ms for ResNet-50."""
    model = load_activity("profile-inference").model

    def figure(network: str) -> Figure:
        return model.predict({"model": network}, "coral-dev-board")[0]

    fits, streams = figure("mobilenet_v2"), figure("resnet_50")

    assert "sending weights" not in fits.terms
    assert streams.bound == "sending weights"
    for network, predicted in (("mobilenet_v2", fits), ("resnet_50", streams)):
        (told,) = model.published({"model": network}, "coral-dev-board")
        x = predicted.predicted
        assert x.low is not None
        assert x.high is not None
        assert x.low < told.value < x.high


def test_sending_takes_its_share_of_the_time_whatever_the_window() -> None:
    model = load_activity("sensor-data").model
    design = {"sensor": "synthetic", "hz": 400, "readings": 128}

    def gap(**changes: object) -> float:
        figures = model.predict({**design, **changes}, "arduino-uno-r3")  # type: ignore[dict-item]
        return next(x.predicted.value for x in figures if x.id == "gap")

    # 6 bytes a reading, 76 characters for 32 bytes, 11,520 characters a second: 1.24 ms each
    # beside 2.5 ms of recording.
    assert gap() == pytest.approx(1.237 / (1.237 + 2.5), rel=1e-3)
    assert gap(readings=32) == pytest.approx(gap())
    assert gap(hz=4000) > 0.8
    assert gap(hz=50) < 0.06


def test_a_kits_window_is_read_into_the_same_figures() -> None:
    model = load_activity("sensor-data").model
    period = Measured(value=2.5e-3, low=2.5e-3, high=2.5e-3, n=640, evidence=Evidence.EMULATED)
    told = Told(measured=period, facts={"readings": 128, "axes": 3, "send_s": 0.16})

    found = {name: x.value for name, x in model.read({"sensor": told}).items()}

    gap = 0.16 / (0.16 + 0.32)
    assert found == pytest.approx(
        {"period": 2.5e-3, "window_bytes": 768, "sending": 0.16, "gap": gap}
    )
    assert model.read({}) == {}


def test_the_size_of_a_model_is_that_of_its_blob() -> None:
    """The reference: `firmware_specs.needs.digits` says 704 bytes for 64-8-10 in int8."""
    model = load_activity("quantised-model").model
    figures = model.predict({"width": 8, "precision": "int8", "sparsity": 0.0}, "arduino-uno-r3")

    assert next(x.predicted.value for x in figures if x.id == "memory") == 704


def test_an_unknown_activity_is_refused() -> None:
    with pytest.raises(UnknownActivity, match="nowhere"):
        load_activity("nowhere")


def test_motion_is_asked_of_the_board_whose_firmware_reads_it() -> None:
    model = load_activity("sensor-data").model
    design = {**first(load_activity("sensor-data")), "sensor": "imu"}

    assert model.tasks(design, "arduino-nano-33-ble-sense")[0].arguments["sensor"] == "imu"
    assert model.tasks(design, "arduino-uno-r3") == ()
