"""Volume I, lab 1: clear keys, safe starts, the published values, tables that are measured."""

from collections import Counter

import numpy as np
import pytest

from labs.contract import RIGHT, TRACKS
from labs.explore.vol1.lab_01_ml_intro import measured
from labs.explore.vol1.lab_01_ml_intro.iron import MARGIN
from labs.explore.vol1.lab_01_ml_intro.machines import memory_text
from labs.explore.vol1.lab_01_ml_intro.patients import ASKED, CHANGES, CURED_SHARE, LITTLE, band
from labs.loader import load_lab
from tests.labs import measure_drift
from tests.labs.trying import Trying

LAB = load_lab("v1-01-ai-triad")
TRYING = Trying(LAB)
PARTS, combinations, one, at = TRYING.parts, TRYING.combinations, TRYING.one, TRYING.at


@pytest.mark.parametrize("part", ["a", "b"])
@pytest.mark.parametrize("track", TRACKS)
def test_no_answer_in_words_is_right_for_nearly_everybody(part, track):
    questions = [PARTS[part].model.questions(p)[0] for p in combinations(part, track)]

    keys = Counter(question.key for question in questions)

    assert len(keys) == 2
    assert max(keys.values()) <= 0.75 * len(questions)


def test_part_a_asks_only_where_ten_seeds_agree():
    for change in CHANGES:
        for fix, fresh in ASKED.values():
            share = measured.recovered(change, fix, fresh)
            error = measured.recovered_error(change, fix, fresh)
            assert min(abs(share - edge) for edge in (LITTLE, -LITTLE, CURED_SHARE)) > 2.5 * error
    with pytest.raises(ValueError, match=r"0\.250 lies between"):
        band(0.25)
    assert band(0.5) == "half"


@pytest.mark.parametrize("track", TRACKS)
def test_each_cure_of_part_a_moves_its_own_patient_only(track):
    p = combinations("a", track)[0]
    knob = next(k for k in PARTS["a"].model.knobs(p) if k.id == "fix")
    cured = {
        patient: {
            fix for fix in knob.steps if at("a", p, patient=patient, fix=fix)["state"] == "cured"
        }
        for patient in ("reader", "slow", "large")
    }

    assert cured["reader"] == {"fresh"}
    assert cured["slow"] == {"smaller", "machine"}
    # A phone of twelve gigabytes is still too small for a network of six billion parameters.
    assert cured["large"] == {"bits", "smaller"} | (set() if track == "mobile" else {"machine"})


def test_part_b_gives_the_terms_worked_out_by_hand():
    p = one("b", "cloud", machine="h100-sxm", model_name="ResNet-50", batch=1)
    facts = PARTS["b"].model.facts(p)

    assert facts["compute"] == pytest.approx(8.178e9 / 494.5e12, rel=1e-3)
    assert facts["memory"] == pytest.approx(51.114e6 / 3.35e12, rel=1e-3)
    assert facts["overhead"] == pytest.approx(54 * 5e-6)
    assert facts["flip_batch"] == 32
    shares = [at("b", p, batch=batch)["mfu"] for batch in (1, 16, 64, 256)]
    assert shares == pytest.approx([0.0288, 0.248, 0.399, 0.470], abs=2e-3)
    assert facts["arithmetic_twice"] == pytest.approx(1.0047, abs=1e-3)


@pytest.mark.parametrize("track", TRACKS)
def test_the_largest_term_of_part_b_leads_clearly(track):
    for p in combinations("b", track):
        assert PARTS["b"].model.facts(p)["ahead"] >= MARGIN


def test_part_b_faster_arithmetic_helps_only_where_it_binds():
    decoding = one("b", "edge", batch=1)
    prompt = one("b", "edge", batch=512)

    assert at("b", decoding, compute_faster=8.0)["gain"] == pytest.approx(1)
    assert at("b", decoding, memory_faster=4.0)["gain"] > 2
    assert at("b", prompt, batch=512, compute_faster=4.0)["gain"] > 2
    assert at("b", prompt, batch=512, memory_faster=4.0)["gain"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("precision", "ratio"), [("fp16", 97.5), ("fp32", 195.0)]
)  # the published key of 200 was that of 32-bit floats, its question one of 16-bit floats
def test_part_c_gives_the_ratio_of_the_network_on_the_sensor(precision, ratio):
    p = one("c", "tiny", model="resnet-50-v1", machine="esp32-s3-sram", precision=precision)

    assert PARTS["c"].model.questions(p)[0].key == pytest.approx(ratio, abs=0.1)
    assert at("c", p, model="resnet-50-v1", format="int8")["ratio"] == pytest.approx(48.7, abs=0.1)
    assert at("c", p, model="mobilenet-v2", format="int8")["infeasible"]
    assert not at("c", p, model="dscnn-kws", format="fp32")["infeasible"]


@pytest.mark.parametrize("track", TRACKS)
def test_the_numbers_of_parts_c_and_d_stand_apart(track):
    for part, least in (("c", 1.5), ("d", 2.4)):
        for p in combinations(part, track):
            (question,) = PARTS[part].model.questions(p)
            wrong = [float(o.value) for o in question.options if o.id != RIGHT]
            key = float(question.key)
            assert len(wrong) == 3
            assert min(max(x / key, key / x) for x in wrong) >= least


@pytest.mark.parametrize(
    ("machine", "text"),
    [("phone-npu", "8 GB of memory"), ("jetson-nano", "4 GB of memory"),
     ("h100-sxm", "80 GB of memory"), ("nucleo-u575zi", "786 KiB of SRAM")],
)  # fmt: skip
def test_a_memory_is_written_as_its_maker_prints_it(machine, text):
    assert memory_text(machine) == text


def test_part_d_gives_the_decades_between_the_ends():
    p = one("d", "cloud", high="h100-sxm", low="nucleo-h7a3zi")
    facts = PARTS["d"].model.facts(p)

    assert facts["ratio"] == pytest.approx(1979e12 / (2 * 280e6 / 1.18), rel=1e-3)
    assert facts["catch_up"] == pytest.approx(facts["ratio"])
    assert facts["frugality_ratio"] == pytest.approx(facts["ratio"] / 5600, rel=1e-3)
    assert at("d", p, larger="h100-sxm", smaller="nucleo-h7a3zi")["over_a_day"]


@pytest.mark.parametrize(
    ("track", "floor", "rate", "best"),
    [("cloud", 0.75, 4000.0, ("l4", "resnet-50", "int8", 64)),
     ("cloud", 0.77, 3000.0, ("l4", "inception-v3", "int8", 64)),
     ("edge", 0.75, 300.0, ("jetson-orin-nx-16gb", "resnet-50", "int8", 8)),
     ("edge", 0.77, 400.0, ("jetson-orin-nx-16gb", "inception-v3", "int8", 8)),
     ("mobile", 0.715, 60.0, ("snapdragon-8-gen-3", "mobilenet-v2", "int8", 2)),
     ("mobile", 0.735, 120.0, ("snapdragon-8-gen-3", "mobilenet-v3-large", "wide", 4)),
     ("tiny", 0.68, 1 / 60, ("nucleo-u575zi", "shufflenet-v2-10", "int8", 1)),
     ("tiny", 0.715, 1 / 30, ("nucleo-u575zi", "mobilenet-v3-large", "int8", 2))],
)  # fmt: skip
def test_the_best_place_for_the_classifier_is_found_by_search(track, floor, rate, best):
    p = one("d", track, floor=floor, rate=rate)
    challenge = PARTS["d"].model.challenge

    design, least = challenge.optimum(p)

    assert tuple(design.values()) == best
    assert least > 0


@pytest.mark.parametrize("track", TRACKS)
def test_every_constraint_of_the_placement_binds_somewhere_or_is_told_why(track):
    challenge, p = PARTS["d"].model.challenge, combinations("d", track)[0]
    knobs = challenge.variables(p)
    grid = np.meshgrid(*[np.arange(len(knob.steps)) for knob in knobs], indexing="ij")
    k = {knob.id: np.asarray(knob.steps)[i.ravel()] for knob, i in zip(knobs, grid, strict=True)}

    outputs = challenge.assess(p, k)

    bound = [n for n in ("inaccurate", "too_slow", "too_late", "too_hot", "too_large")
             if 0 < outputs[n].mean() < 1]  # fmt: skip
    assert {"inaccurate", "too_late"} <= set(bound)
    assert len(bound) >= 3
    assert 5 <= outputs["feasible"].sum() <= 60


def test_the_accuracies_are_what_training_gives():
    stale, right = measure_drift.stale(), measure_drift.fresh("right", 200)

    found = [measure_drift.tested(stale, None), measure_drift.tested(stale, "turned"),
             measure_drift.tested(right, "right")]  # fmt: skip

    # Sums of floats differ by machine; far less than the answers lie apart.
    expected = [measured.BEFORE, measured.AFTER["turned", "stale"],
                measured.AFTER["right", "fresh_200"]]  # fmt: skip
    assert [mean for mean, _ in found] == pytest.approx([mean for mean, _ in expected], abs=0.02)


def test_the_table_says_how_it_was_measured():
    x, _ = measure_drift.splits()

    assert (measured.OLD, measured.FRESH) == (measure_drift.OLD, measure_drift.FRESH)
    assert x.shape[1] - measured.OLD - measured.FRESH == measured.TESTED
    assert measured.SEEDS == measure_drift.SEEDS
    assert {change for change, _ in measured.AFTER} == set(measure_drift.CHANGES)
    assert (0, *measure_drift.STEPS) == measured.FRESH_STEPS
