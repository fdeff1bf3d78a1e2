"""serve, sweep, compare, optimize and schema on the command line."""

import csv
import json
from xml.etree import ElementTree

import pytest

from simcore.__main__ import main

SERVE = ("serve", "llama-3-8b", "h100-sxm", "--prompt", "2048", "--answer", "256",
         "--efficiency", "0.5")  # fmt: skip
STEP = ("--set", "flop=2 TFLOP", "--set", "traffic=25 GB", "--set", "efficiency=0.5")


def run(capsys, *argv):
    code = main(argv)
    written = capsys.readouterr()
    return code, written.out, written.err


def test_schema_lists_the_solvers_and_describes_one(capsys):
    _, everything, _ = run(capsys, "schema", "--json")
    _, one, _ = run(capsys, "schema", "serving", "--json")

    assert "cluster_goodput" in json.loads(everything)
    prompt = json.loads(one)["inputs"]["prompt"]
    assert (prompt["unit"], prompt["low"]) == ("token", 1)


def test_serve_prints_the_result_with_its_sources(capsys):
    code, out, _ = run(capsys, *SERVE, "--json")

    answer = json.loads(out)
    assert code == 0
    assert answer["value"]["unit"] == "s"
    assert answer["terms"]["first_token"]["value"] > 0
    assert any("h100-sxm bandwidth" in source for source in answer["sources"])


@pytest.mark.parametrize(("limit", "code"), [("first_token < 1 us", 3), ("first_token < 10 s", 0)])
def test_a_violated_assertion_exits_with_3(capsys, limit, code):
    found, out, _ = run(capsys, *SERVE, "--assert", limit)

    assert found == code
    assert ("VIOLATED" in out) == (code == 3)


def test_a_sweep_prints_and_streams_its_points(capsys, tmp_path):
    file = tmp_path / "points.csv"
    code, out, _ = run(capsys, "sweep", "single_node", "--over", "hardware=h100-sxm,l4", "--over",
                       "flop=1 TFLOP:100 TFLOP:log:5", "--set", "traffic=25 GB", "--set",
                       "efficiency=0.5", "--most", "3", "--output", str(file), "--assert",
                       "value < 10 ms", "--json")  # fmt: skip

    answer = json.loads(out)
    assert code == 3
    assert (answer["points"], len(answer["rows"])) == (10, 3)
    assert answer["assertions"][0]["violations"] > 0
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    assert len(rows) == 10
    assert min(float(row["value"]) for row in rows) == pytest.approx(answer["least"])


def test_a_sweep_draws_a_line_for_each_machine_with_units_on_its_axes(capsys, tmp_path):
    file = tmp_path / "points.svg"
    code, _, _ = run(capsys, "sweep", "single_node", "--over", "hardware=h100-sxm,l4", "--over",
                     "flop=1 TFLOP:1000 TFLOP:log:7", "--set", "traffic=25 GB", "--set",
                     "efficiency=0.5", "--plot", str(file), "--column", "compute")  # fmt: skip

    drawing = ElementTree.fromstring(file.read_text(encoding="utf-8"))
    lines = _drawn(drawing)
    texts = [element.text for element in drawing.findall("{*}text")]
    assert code == 0
    assert len(lines) == 2
    assert all(len(line.get("points").split()) == 7 for line in lines)
    assert {"compute [s]", "arithmetic of the step [FLOP]", "hardware l4"} <= set(texts)
    slow, fast = (float(line.get("points").split()[-1].split(",")[1]) for line in lines[::-1])
    assert slow < fast  # up on the page is less


def _drawn(drawing):
    """Return the lines of a plot without its grid, and without those beside the labels."""
    return [line for line in drawing.findall("{*}polyline[@stroke-width='2']")
            if len(line.get("points").split()) > 2]  # fmt: skip


def test_what_does_not_fit_is_not_drawn(capsys, tmp_path):
    file = tmp_path / "points.svg"
    run(capsys, "sweep", "single_node", "--over", "footprint=1 GB:1 TB:log:7", "--set",
        "hardware=h100-sxm", *STEP, "--plot", str(file))  # fmt: skip

    (line,) = _drawn(ElementTree.fromstring(file.read_text(encoding="utf-8")))
    assert len(line.get("points").split()) == 4  # 1, 3.2, 10 and 32 GB fit 80 GB


def test_a_plot_without_a_numeric_axis_is_refused(capsys, tmp_path):
    code, _, err = run(capsys, "sweep", "single_node", "--over", "hardware=h100-sxm,l4", *STEP,
                       "--plot", str(tmp_path / "none.svg"))  # fmt: skip

    assert code == 2
    assert "needs a numeric axis" in err


def test_compare_marks_the_best_and_says_what_moves_it(capsys):
    code, out, _ = run(capsys, "compare", "single_node", "--over", "hardware=l4,h100-sxm", *STEP,
                       "--sensitivity", "--json")  # fmt: skip

    slow, fast = json.loads(out)["candidates"]
    assert code == 0
    assert (slow["best"], fast["best"]) == (False, True)
    assert fast["sensitivity"]["bandwidth"] == pytest.approx(-1)


def test_optimize_prints_the_front_or_fails_where_nothing_is_left(capsys):
    grid = ("optimize", "single_node", "--over", "hardware=l4,h100-sxm", "--minimize", "value",
            *STEP, "--json")  # fmt: skip
    code, out, _ = run(capsys, *grid)
    refused, _, _ = run(capsys, *grid, "--subject", "value < 1 us")

    assert (code, refused) == (0, 3)
    assert [row["hardware"] for row in json.loads(out)["front"]] == ["h100-sxm"]


def test_optimize_draws_the_front_of_two_objectives(capsys, tmp_path):
    grid = ("optimize", "serving", "--over", "batch=1:64:log:7", "--set", "model=llama-3-8b",
            "--set", "hardware=h100-sxm", "--set", "prompt=2048 token", "--set", "answer=256 token",
            "--set", "efficiency=0.5", "--minimize", "token_gap")  # fmt: skip
    code, out, _ = run(capsys, *grid, "--maximize", "tokens_per_second", "--plot",
                       str(tmp_path / "front.svg"))  # fmt: skip
    refused, _, err = run(capsys, *grid, "--plot", str(tmp_path / "one.svg"))

    drawing = ElementTree.fromstring((tmp_path / "front.svg").read_text(encoding="utf-8"))
    assert (code, refused) == (0, 2)
    assert len(drawing.findall("{*}circle")) == 7 + 1  # and one beside its name
    assert "7 of 7 points are on the front" in out
    assert "needs two objectives" in err


def test_optimize_solves_for_an_input(capsys):
    code, out, _ = run(capsys, "optimize", "single_node", "--solve-for", "bandwidth", "--target",
                       "5 ms", "--set", "hardware=h100-sxm", *STEP, "--json")  # fmt: skip

    assert code == 0
    assert json.loads(out)["solved"]["value"] == pytest.approx(5e12)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("schema", "servin"), "did you mean 'serving'"),
        (("sweep", "single_node", "--over", "flop=1:2:3"), "is no range"),
        (("sweep", "single_node", "--over", "flop=0 FLOP:1 TFLOP:log:3"), "needs ends above 0"),
        (
            ("sweep", "single_node", "--over", "flop=1 FLOP:2 FLOP:lin:99999999"),
            "takes 1 to 10,000,000",
        ),
        (("sweep", "single_node", "--over", "hardware=h100"), "more"),
        (("compare", "single_node", "--set", "flop"), "write NAME=VALUE"),
        (("compare", "single_node", "--set", "flop=2 GB"), "FLOP is needed"),
        ((*SERVE, "--set", "devices=0"), "devices must be a whole number from 1"),
        (("optimize", "single_node", "--solve-for", "bandwidth", *STEP), "needs --target"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_sentence(capsys, argv, message):
    code, out, err = run(capsys, *argv)

    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
