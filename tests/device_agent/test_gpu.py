"""The CUDA suite on a double of PyTorch and of the driver: what is timed, how, and what is told."""

import gc
import json
import sys
import weakref
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from device_agent import config
from device_agent.__main__ import main
from device_agent.benchmarks import cuda, cuda_clock, gpu
from device_agent.benchmarks.cuda_clock import GpuClock
from device_agent.commands import bench
from device_agent.meters import nvml
from firmware_specs import tasks
from firmware_specs.wire import bundle_read, signing_key
from tests.doubles.gpu import BUSY_W, WORK_S, Driver, Torch

Made = Callable[..., tuple[Torch, Driver]]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Made:
    """A GPU with its driver; time is the double's own."""

    def make(*, gpus: int = 1, is_old: bool = False, **about: Any) -> tuple[Torch, Driver]:
        torch = Torch(**about)
        driver = Driver(torch.time, gpus=gpus, is_old=is_old)
        attention = ModuleType("torch.nn.attention")
        backend = SimpleNamespace(FLASH_ATTENTION=1, MATH=2)
        vars(attention).update(SDPBackend=backend, sdpa_kernel=torch.cuda.stream)
        for name, module in (
            ("torch", torch), ("torch.nn", torch.nn), ("torch.nn.attention", attention),
        ):  # fmt: skip
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(cuda_clock, "time", torch.time)
        monkeypatch.setattr(nvml.ctypes, "CDLL", lambda name: driver)
        nvml.gpu.cache_clear()
        return torch, driver

    yield make
    nvml.gpu.cache_clear()


def test_the_cuda_suites_cases_are_named_once_and_counted() -> None:
    for quick in (False, True):
        cases = list(cuda.cases(quick=quick))

        assert len({case.id for case in cases}) == len(cases)
        for case in cases:
            assert json.dumps(dict(case.arguments))
            if case.work not in ("launch", "round_trip", "copy", "to_gpu", "from_gpu"):
                assert case.flop > 0
                assert case.traffic_bytes > 0
            tasks.task("gpu").check(case.arguments)


def test_every_precision_is_measured_at_every_size() -> None:
    gemms = {
        (case.dtype, case.size) for case in cuda.cases()
        if case.work == "gemm" and not case.columns
    }  # fmt: skip

    assert gemms == {(p, n) for p in cuda.PRECISIONS for n in cuda.GEMM_SIZES}


def test_a_decode_step_reads_every_weight_and_the_whole_cache_once() -> None:
    case = next(c for c in cuda.cases() if c.id == "decode_eager_1")
    layers, width, ffn, context = 8, 4096, 11008, 2048

    weights = layers * (4 * width * width + 3 * width * ffn)
    assert case.traffic_bytes == 2 * (weights + layers * 2 * context * width)


# --- a row ----------------------------------------------------------------------------------------
def row_of(clock: GpuClock, case: cuda.Case) -> dict[str, Any]:
    return bench._cuda_row(clock, case, {}, Namespace(quick=True, no_energy=False))


def busy(torch: Torch, seconds: float = 1e-3) -> cuda.Case:
    return cuda.Case(
        id="x", work="gemm", build=lambda made, device: lambda: torch.time.advance(seconds, 500.0),
        flop=1e6, traffic_bytes=1e3, with_energy=True,
    )  # fmt: skip


def test_on_a_processor_a_case_becomes_a_row_with_rate_and_reason_for_missing_energy() -> None:
    case = cuda.Case(
        id="x", work="gemm", build=lambda torch, device: lambda: sum(range(1000)),
        flop=1e6, traffic_bytes=1e3, with_energy=True,
    )  # fmt: skip

    row = row_of(GpuClock(SimpleNamespace(), "cpu"), case)

    assert (row["outcome"], row["unit"], row["task"]) == ("measured", "s", "gpu")
    assert row["environment"]["flop_per_s"] == pytest.approx(1e6 / row["value"])
    assert row["energy"]["why_not"] == "not a GPU"
    assert "FLOP/s" in bench.line_of(row)


def test_a_case_the_gpu_cannot_run_is_reported_and_does_not_end_the_suite() -> None:
    def build(torch: Any, device: str) -> Any:
        raise cuda.Unavailable("fp8 needs a newer GPU")

    row = row_of(GpuClock(SimpleNamespace(), "cpu"), cuda.Case(id="x", work="gemm", build=build))

    assert (row["outcome"], row["detail"]) == ("unavailable", "fp8 needs a newer GPU")


def test_a_row_tells_clocks_and_what_holds_them_down_while_it_worked(machine: Made) -> None:
    torch, _ = machine()

    row = row_of(GpuClock(torch, "cuda:0"), busy(torch))

    told = row["environment"]
    assert (told["gpu_sm_hz"], told["gpu_memory_hz"]) == (1980e6, 3201e6)
    assert (told["gpu_temperature_c"], told["gpu_limited_by"]) == (61, "power cap")
    assert "gpu_power_limit_w" not in told
    assert (row["flags"], row["detail"]) == (["limited"], "clocks held down by power cap")


def test_an_older_drivers_name_for_the_limits_is_understood(machine: Made) -> None:
    torch, driver = machine(is_old=True)
    driver.limits = 0x1

    assert GpuClock(torch, "cuda:0").state()["gpu_limited_by"] == ""


# --- energy ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("call_s", [1e-5, 1e-3, 0.03, 0.3])
def test_energy_is_taken_from_step_to_step_of_the_counter_under_steady_load(
    machine: Made, call_s: float
) -> None:
    torch, _ = machine()
    clock = GpuClock(torch, "cuda:0")
    clock.measure_idle()
    assert clock.idle_w == pytest.approx(100.0, rel=0.01)

    found = clock.energy_of(lambda: torch.time.advance(call_s, 500.0), call_s=call_s)

    assert found.energy.total_j == pytest.approx(500 * call_s, rel=0.01)
    assert found.energy.dynamic_j == pytest.approx(400 * call_s, rel=0.02)
    assert found.facts["energy_by_power_j"] == pytest.approx(500 * call_s, rel=0.01)
    assert "energy_doubt" not in found.facts


def test_a_counter_that_its_own_power_contradicts_is_doubted(machine: Made) -> None:
    torch, driver = machine()
    driver.nvmlDeviceGetPowerUsage = lambda handle, value: driver._tell(value, 250_000)  # type: ignore[method-assign]

    found = GpuClock(torch, "cuda:0").energy_of(
        lambda: torch.time.advance(1e-3, 500.0), call_s=1e-3
    )

    assert "J, its own power over the time" in str(found.facts["energy_doubt"])


def test_a_counter_that_stands_still_is_no_energy(machine: Made) -> None:
    torch, driver = machine()
    driver.counts = False
    clock = GpuClock(torch, "cuda:0")
    clock.measure_idle()

    found = clock.energy_of(lambda: torch.time.advance(1e-3, 500.0), call_s=1e-3)

    assert clock.idle_w is None
    assert found.energy.total_j is None
    assert "does not move" in found.energy.why_not


def test_the_driver_is_asked_for_the_gpu_by_what_cuda_calls_it(machine: Made) -> None:
    torch, driver = machine(gpus=2)
    GpuClock(torch, "cuda:0").gpu()
    assert driver.asked_for == ["GPU-1234-5678"]

    torch.cuda.uuid = ""
    with pytest.raises(OSError, match="which one is which"):
        GpuClock(torch, "cuda:0").gpu()


def test_another_gpu_than_the_first_is_made_the_current_one(
    machine: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch, _ = machine()
    monkeypatch.setattr(cuda, "cases", lambda quick: [cuda._gemm(8, 8, 8, "bf16")])

    assert main(["bench", "--suite", "cuda", "--no-energy", "--device", "cuda:1"]) == 0

    assert torch.cuda.recorded_on == {1}


# --- what is worked out -------------------------------------------------------------------------
def test_fp32_that_is_rounded_to_tf32_is_not_sold_as_fp32(machine: Made) -> None:
    torch, _ = machine(overrides_tf32=True)

    with pytest.raises(cuda.Unavailable, match="NVIDIA_TF32_OVERRIDE"):
        cuda.case_of({"work": "gemm", "size": 8, "columns": 0, "dtype": "fp32"}).build(
            torch, "cuda:0"
        )


def test_tf32_where_there_is_none_is_not_sold_as_such(
    machine: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch, _ = machine()
    case = cuda.case_of({"work": "gemm", "size": 8, "columns": 0, "dtype": "tf32"})
    case.build(torch, "cuda:0")
    torch.set_float32_matmul_precision("highest")
    monkeypatch.setattr(torch, "set_float32_matmul_precision", lambda how: None)

    with pytest.raises(cuda.Unavailable, match="no TF32 here"):
        case.build(torch, "cuda:0")


def test_a_recorded_graph_keeps_its_weights_alive(machine: Made) -> None:
    torch, _ = machine()

    class Weights:
        def __call__(self) -> None: ...

    weights = Weights()
    seen = weakref.ref(weights)
    call = cuda._as_graph(torch, "cuda:0", weights)
    del weights
    gc.collect()

    call()
    assert seen() is not None


# --- the whole ------------------------------------------------------------------------------------
def test_one_command_measures_every_case_and_signs_it(
    machine: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine()
    for name in ("_ENERGY_S", "_SETTLE_S", "_IDLE_S"):
        monkeypatch.setattr(cuda_clock, name, 0.8)
    settings, path = tmp_path / "agent.toml", tmp_path / "gpu.bundle"
    config.write(settings, {"device_id": "kit_gpu", "secret": "s3cret"})

    code = main(["bench", "--suite", "cuda", "--quick", "--bundle", str(path),
                 "--config", str(settings), "--json", str(tmp_path / "gpu.json")])  # fmt: skip

    assert code == 0
    results = bundle_read(path.read_bytes()).opened(signing_key("s3cret")).results
    wanted = [case.id for case in cuda.cases(quick=True)]
    failed = {r.request_id: r.detail for r in results if r.outcome != "measured"}
    assert (failed, [r.request_id for r in results]) == ({}, wanted)
    product = next(r for r in results if r.request_id == "gemm_fp32_512x512x512")
    assert (product.task, product.arguments["dtype"]) == ("gpu", "fp32")
    assert product.environment["driver"] == "580.1"
    assert product.energy.total_j == pytest.approx(WORK_S * BUSY_W, rel=0.02)
    facts = json.loads((tmp_path / "gpu.json").read_text())["facts"]
    assert (facts["gpu"], facts["gpu_uuid"]) == ("Double", "1234-5678")


def test_a_job_may_ask_for_one_piece_of_work(machine: Made) -> None:
    machine()
    asked = tasks.task("gpu").check({"work": "gemm", "size": 64, "dtype": "bf16"})

    done = gpu.gpu(asked)

    assert max(done.times_s) == pytest.approx(WORK_S)
    assert done.environment["flop"] == 2 * 64**3
    assert done.energy.total_j == pytest.approx(WORK_S * BUSY_W, rel=0.02)


@pytest.mark.parametrize("work", ["launch", "copy", "to_gpu", "attention_flash", "gemm"])
def test_a_job_gets_the_size_that_it_asked_for(work: str) -> None:
    asked = tasks.task("gpu").check({"work": work, "size": 1024})

    case = cuda.case_of(asked)

    assert (case.work, case.size) == (work, 1 if work == "launch" else 1024)


def test_attention_whose_scores_would_fill_the_memory_is_refused() -> None:
    asked = tasks.task("gpu").check({"work": "attention_math", "size": 16384})

    with pytest.raises(cuda.Unavailable, match="fill the memory"):
        cuda.case_of(asked)
