import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from simcore.__main__ import main


def run(capsys, *argv):
    code = main(argv)
    written = capsys.readouterr()
    return code, written.out, written.err


def test_zoo_lists_categories_then_items_then_numbers_with_their_sources(capsys):
    _, categories, _ = run(capsys, "zoo")
    _, items, _ = run(capsys, "zoo", "hardware")
    _, numbers, _ = run(capsys, "zoo", "hardware", "h100-sxm")

    assert "hardware" in categories
    assert "h100-sxm" in items
    assert "NVIDIA H100 SXM5 80 GB" in items
    bandwidth = next(line for line in numbers.splitlines() if line.startswith("bandwidth"))
    assert "3.35 TB/s" in bandwidth
    assert "[datasheet]" in bandwidth


def test_zoo_as_json_gives_value_unit_and_source(capsys):
    _, out, _ = run(capsys, "zoo", "hardware", "h100-sxm", "--json")

    fact = json.loads(out)["peak.fp16"]
    assert (fact["value"], fact["unit"], fact["kind"]) == (989e12, "FLOP/s", "datasheet")
    assert fact["url"].startswith("https://")


def test_eval_says_how_long_a_step_takes_and_what_binds(capsys):
    code, out, _ = run(
        capsys, "eval", "h100-sxm", "--flop", "2.1 TFLOP", "--traffic", "25 GB", "--json"
    )

    answer = json.loads(out)
    assert code == 0
    assert answer["time_s"] == pytest.approx(25e9 / 3.35e12)
    assert answer["bound"] == "memory"
    assert answer["intensity_flop_per_byte"] == pytest.approx(84)
    assert answer["ridge_flop_per_byte"] == pytest.approx(295.2, abs=0.05)


def test_overhead_and_efficiency_are_counted(capsys):
    _, out, _ = run(capsys, "eval", "h100-sxm", "--flop", "989 TFLOP", "--traffic", "1 GB",
                    "--efficiency", "0.5", "--overhead", "5 us", "--json")  # fmt: skip

    answer = json.loads(out)
    assert answer["time_s"] == pytest.approx(2 + 5e-6)
    assert answer["bound"] == "compute"


def test_eval_answers_any_solver_at_a_point(capsys):
    code, out, _ = run(capsys, "eval", "checkpoint_interval", "--set", "save=2 min", "--set",
                       "mtbf=5 h", "--sensitivity", "--json")  # fmt: skip

    answer = json.loads(out)
    assert code == 0
    assert answer["terms"]["young"]["value"] == pytest.approx((2 * 120 * 18000) ** 0.5)
    assert answer["sensitivity"]["mtbf"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("limit", "code"), [("value < 10 ms", 0), ("value < 1 ms", 3)])
@pytest.mark.parametrize("what", [("h100-sxm", "--flop", "2.1 TFLOP", "--traffic", "25 GB"),
                                  ("single_node", "--set", "hardware=h100-sxm", "--set",
                                   "flop=2.1 TFLOP", "--set", "traffic=25 GB", "--set",
                                   "efficiency=1")])  # fmt: skip
def test_eval_exits_with_3_where_an_assertion_does_not_hold(capsys, what, limit, code):
    found, out, _ = run(capsys, "eval", *what, "--assert", limit)

    assert found == code
    assert ("VIOLATED" in out) == (code == 3)
    assert "7.463 ms" in out


def test_a_reader_who_has_read_enough_ends_the_command_quietly():
    script = (
        "python=$0; $python -m simcore zoo hardware | head -1 >/dev/null; echo ${PIPESTATUS[0]}"
    )
    done = subprocess.run(["bash", "-c", script, sys.executable], capture_output=True, text=True)

    assert (done.stdout.strip(), done.stderr) == ("0", "")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("zoo", "hardwear"), "did you mean 'hardware'"),
        (("zoo", "hardware", "h100"), "did you mean 'h100-sxm'"),
        (("eval", "h100"), "did you mean 'h100-sxm'? known: "),
        (("eval", "h100-sxm", "--flop", "2 TFLOP"), "eval h100-sxm needs --traffic"),
        (("eval", "single_node", "--set", "flop=2"), "FLOP is needed"),
        (("eval", "h100-sxm", "--flop", "2 TFLOPS", "--traffic", "1 GB"), "write TFLOP/s"),
        (("eval", "h100-sxm", "--flop", "2 TFLOP", "--traffic", "1 s"), "byte is needed"),
        (("eval", "h100-sxm", "--flop", "-2 TFLOP", "--traffic", "1 GB"), "flop must be 0 or more"),
        (("eval", "h100-sxm", "--precision", "fp12", "--flop", "2 TFLOP", "--traffic", "1 GB"),
         "no precision of h100-sxm 'fp12'"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_in_one_sentence(capsys, argv, message):
    code, out, err = run(capsys, *argv)

    assert code == 2
    assert out == ""
    assert message in err
    assert len(err.splitlines()) == 1


GUIDE = Path(__file__).parents[2] / "docs" / "command-line.md"
EXAMPLES = [line for line in GUIDE.read_text(encoding="utf-8").splitlines()
            if line.startswith("python -m simcore ")]  # fmt: skip


@pytest.mark.parametrize("line", EXAMPLES, ids=lambda line: line[18:50])
def test_the_guides_examples_run(capsys, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)

    code, out, err = run(capsys, *shlex.split(line)[3:])

    assert (code, err) == (0, "")
    assert out
    plotted = [word for word in shlex.split(line) if word.endswith((".png", ".svg"))]
    assert [path.name for path in tmp_path.iterdir()] == plotted
