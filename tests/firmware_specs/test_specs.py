"""Tasks and boards: every file loads, and arguments outside a spec are refused."""

from pathlib import Path

import pytest

from firmware_specs import boards, tasks
from firmware_specs.tasks import SpecError

EXPECTED = {
    "call_overhead", "copy_bandwidth", "fused_chain", "gemm", "gemv", "int8_gemm", "mlp", "triad",
}  # fmt: skip


def test_every_host_task_is_there() -> None:
    assert set(tasks.all_tasks()) >= EXPECTED


@pytest.mark.parametrize("task_id", sorted(EXPECTED))
def test_a_task_says_what_it_measures_and_accepts_its_own_defaults(task_id: str) -> None:
    task = tasks.task(task_id)

    assert task.unit in ("s", "B/s")
    assert task.about
    assert task.quantity
    assert task.estimate_s > 0
    assert set(task.check({})) == set(task.arguments)


def test_a_choice_left_out_gets_its_default() -> None:
    assert tasks.task("gemm").check({"m": 64, "n": 4, "k": 64})["dtype"] == "float32"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"m": 0}, "m = 0 is below 1"),
        ({"m": 9000}, "above 8192"),
        ({"m": 1.5}, "kind int"),
        ({"m": True}, "kind int"),
        ({"m": "64"}, "kind int"),
        ({"dtype": "float16"}, "none of float32, float64"),
        ({"width": 3}, "no argument width"),
    ],
)
def test_an_argument_outside_the_spec_is_refused_with_value_and_limit(
    arguments: dict[str, tasks.Scalar], words: str
) -> None:
    with pytest.raises(SpecError, match=words):
        tasks.task("gemm").check(arguments)


def test_an_unknown_task_names_those_there_are() -> None:
    with pytest.raises(SpecError, match="copy_bandwidth"):
        tasks.task("mine_bitcoin")


def test_a_spec_that_lacks_its_unit_is_refused_by_name(tmp_path: Path) -> None:
    broken = tmp_path / "half.toml"
    broken.write_text('title="t"\nabout="a"\nfamily="host"\nestimate_s=1\n[result]\nquantity="q"\n')

    with pytest.raises(SpecError, match=r"half.toml lacks 'unit'"):
        tasks._load(broken)


def test_every_board_folder_loads_under_its_own_name() -> None:
    for board_id, board in boards.all_boards().items():
        assert board.id == board_id
        assert board.about


def test_an_unknown_board_names_those_there_are() -> None:
    with pytest.raises(boards.BoardError, match="host-linux"):
        boards.board("toaster")
