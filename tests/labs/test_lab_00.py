"""Volume I, lab 0: the demonstration is measured, and its first setting is safe."""

import numpy as np
import pytest

from labs.contract import RIGHT, TRACKS
from labs.loader import load_lab

LAB = load_lab("v1-00-orientation")
MODEL = LAB.parts[0].model


def at(p, **moved):
    chosen = {knob.id: moved.get(knob.id, knob.steps[knob.default]) for knob in MODEL.knobs(p)}
    outputs = MODEL.evaluate(p, {k: np.asarray([v]) for k, v in chosen.items()})
    return {name: column[0] for name, column in outputs.items()}


@pytest.mark.parametrize("track", TRACKS)
def test_the_energies_stand_apart_from_times_and_clocks(track):
    sets = MODEL.combinations(track)

    assert len(sets) >= 6
    for p in sets:
        (question,) = MODEL.questions(p)
        wrong = [float(o.value) for o in question.options if o.id != RIGHT]
        assert min(max(x / question.key, question.key / x) for x in wrong) >= 1.5
        assert not at(p)["flat"]


def test_a_board_that_answers_sooner_may_spend_more():
    p = next(
        p for p in MODEL.combinations("tiny")
        if (p["task"], p["first"]) == ("kws", "krai-h7a3zi-x-cube-ai")
    )  # fmt: skip
    facts = MODEL.facts(p)

    assert facts["time_ratio"] == pytest.approx(16.39667 / 29.05625, rel=1e-4)
    assert facts["ratio"] == pytest.approx(2362.103 / 656.163, rel=1e-4)


def test_the_track_chosen_here_needs_no_machine_of_its_own():
    assert [track.id for track in LAB.tracks] == list(TRACKS)
    assert LAB.minutes <= 10
    assert LAB.parts[0].challenge is None


@pytest.mark.parametrize("track", TRACKS)
def test_no_board_answers_faster_than_one_answer_takes(track):
    for p in MODEL.combinations(track):
        for board in ("first", "second"):
            busy = at(p, rate=1000.0, board=board)

            assert busy["answered"] == pytest.approx(min(1000.0, 1 / busy["latency"]))
            # At work all the time, it draws what was measured.
            measured = busy["energy"] / busy["latency"]
            assert 2430 / busy["life"] == pytest.approx(measured, rel=1e-2)
