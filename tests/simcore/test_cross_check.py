"""Our answers beside another engine's: the sample agrees, differences have reasons, gaps show."""

import copy
import json
from pathlib import Path

import pytest

from simcore.__main__ import main
from simcore.crosscheck import check
from simcore.crosscheck.run import TOLERANCE
from simcore.crosscheck.units import factor
from simcore.errors import UnitError

FILE = Path(__file__).parent / "data" / "peer_cases.json"
SAMPLE = json.loads(FILE.read_text(encoding="utf-8"))
VARIED = json.loads(FILE.with_name("peer_cases_varied.json").read_text(encoding="utf-8"))


def case(prefix):
    return copy.deepcopy(next(c for c in SAMPLE["cases"] if c["id"].startswith(prefix)))


def row(changed):
    return check({"cases": [changed]})["cases"][0]


@pytest.mark.parametrize("given", SAMPLE["cases"] + VARIED["cases"], ids=lambda given: given["id"])
def test_each_case_of_the_sample_agrees_or_says_why_it_differs(given):
    found = row(given)

    assert found["status"] in {"agrees", "differs by design"}
    for name, entry in found["outputs"].items():
        agrees = entry["relative_difference"] <= TOLERANCE
        assert agrees == (entry["status"] == "agrees"), name
        assert agrees or entry["reason"], name


@pytest.mark.parametrize("document", [SAMPLE, VARIED])
def test_at_least_four_in_five_outputs_agree(document):
    summary = check(document)["summary"]

    assert summary["agree_share"] >= 0.95
    assert summary["differ"] == summary["unsupported"] == 0


@pytest.mark.parametrize("given", SAMPLE["cases"], ids=lambda given: given["id"])
def test_an_input_that_is_missing_or_absurd_ends_in_a_row_that_prints(given):
    for group in ("primitive_inputs", "registry_inputs"):
        for name in given[group]:
            for absurd in (None, "x", -1, 0, float("nan"), [1, 2], {}, {"value": 1, "unit": "mph"}):
                changed = copy.deepcopy(given)
                changed[group][name] = absurd
                found = row(changed)
                assert found["status"] in {"agrees", "differs", "differs by design", "unsupported"}
                assert json.dumps(found, allow_nan=False)


def test_no_case_is_known_by_its_name():
    renamed = copy.deepcopy(SAMPLE)
    for given in renamed["cases"]:
        given["id"] = "x"
        given.pop("note", None)
        given.pop("equation", None)

    assert check(renamed)["summary"]["agree"] == check(SAMPLE)["summary"]["agree"]


def test_the_command_prints_cases_and_summary_as_json(capsys):
    code = main(["cross-check", str(FILE), "--json"])

    answer = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(answer) == {"cases", "summary"}
    keys = {"id", "family", "ours", "peer", "relative_difference", "status", "reason"}
    assert all(keys <= found.keys() for found in answer["cases"])


def test_the_command_prints_one_line_per_case_and_the_share(capsys):
    main(["cross-check", str(FILE)])

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(SAMPLE["cases"]) + 2
    assert "outputs agree" in lines[-1]


def test_an_answer_follows_its_inputs_and_not_its_id():
    given = case("amdahl")
    given["id"], given["primitive_inputs"]["speedup"] = "renamed", 55
    given["outputs"] = {"upgraded_stage_time": {"value": 1.0, "unit": "ms"}}

    assert row(given)["status"] == "agrees"


def test_a_wrong_answer_of_the_other_engine_is_not_explained_away():
    given = case("amdahl")
    given["outputs"]["overall_speedup"]["value"] *= 1 + 3e-6

    found = row(given)
    assert found["status"] == "differs"
    assert found["outputs"]["overall_speedup"]["status"] == "differs"


def test_more_bandwidth_never_makes_a_step_slower():
    given = case("single_node")
    slow = row(given)["ours"]["latency"]["value"]
    given["primitive_inputs"]["hardware"]["mem_bandwidth"]["value"] *= 2

    assert row(given)["ours"]["latency"]["value"] < slow


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"family": "amdal"}, "did you mean 'amdahl'"),
        ({"solver": "AmdahlsModel"}, "did you mean 'AmdahlModel'"),
        ({"primitive_inputs": {"stages_ms": {"a": 1}, "stage": "a"}}, "no input 'speedup'"),
    ],
)
def test_what_no_family_answers_is_unsupported_and_says_what_is_missing(change, reason):
    found = row({**case("amdahl"), **change})

    assert found["status"] == "unsupported"
    assert reason in found["reason"]
    assert found["ours"] is None


def test_an_output_that_a_family_does_not_compute_is_unsupported():
    given = case("amdahl")
    given["outputs"]["colour"] = {"value": 1, "unit": "1"}

    assert row(given)["outputs"]["colour"]["status"] == "unsupported"


def test_a_queue_that_only_grows_waits_for_ever_and_prints_as_json(tmp_path, capsys):
    given = case("tail_latency")
    given["primitive_inputs"]["arrival_qps"] = 240
    given["outputs"] = {"p99_latency": {"value": float("inf"), "unit": "ms"}, "is_stable": False}
    file = tmp_path / "unstable.json"
    file.write_text(json.dumps({"cases": [given]}), encoding="utf-8")

    assert main(["cross-check", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["cases"][0]
    assert found["status"] == "agrees"
    assert found["ours"]["p99_latency"] == {"value": "inf", "unit": "ms"}


def test_inputs_of_another_shape_are_unsupported_and_stop_no_other_case():
    broken = case("amdahl")
    broken["primitive_inputs"]["stages_ms"] = 45

    found = check({"cases": [broken, case("amdahl")]})["cases"]
    assert [entry["status"] for entry in found] == ["unsupported", "agrees"]


def test_a_file_without_cases_is_refused(tmp_path, capsys):
    file = tmp_path / "no.json"
    file.write_text("{}", encoding="utf-8")

    assert main(["cross-check", str(file)]) == 2
    assert 'needs {"cases"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("unit", "size"),
    [("GB / s", 1e9), ("flop / B", 1.0), ("GiB", 2.0**30), ("kWh", 3.6e6), ("MB / ms", 1e9),
     ("µs", 1e-6), ("TFLOPs / s", 1e12), ("d", 86400.0), ("1 / s", 1.0), ("mJ", 1e-3)],
)  # fmt: skip
def test_units_of_the_other_engine_are_read(unit, size):
    assert factor(unit) == pytest.approx(size, rel=1e-15)


def test_an_unknown_unit_is_refused():
    with pytest.raises(UnitError, match="unknown unit 'furlong'"):
        factor("furlong / s")
