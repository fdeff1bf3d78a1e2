"""One piece of work on this machine's GPU, as a job asks for it (all: `bench --suite cuda`)."""

from collections.abc import Callable, Mapping

from device_agent.benchmarks import cuda
from device_agent.benchmarks.base import Arguments, DriverError, Measured
from device_agent.benchmarks.cuda_clock import GpuClock

_DEVICE = "cuda:0"


def why_not() -> str:
    return cuda.why_not(_DEVICE)


def gpu(arguments: Arguments) -> Measured:
    """Time one piece of work, its energy and the state of the GPU meanwhile."""
    import torch

    try:
        with torch.inference_mode():
            return measured(GpuClock(torch, _DEVICE), cuda.case_of(arguments))
    # PyTorch raises RuntimeError for a full memory and for a kernel that it lacks.
    except (RuntimeError, NotImplementedError) as error:
        raise DriverError(str(error)[:300]) from error


TASKS: Mapping[str, Callable[[Arguments], Measured]] = {"gpu": gpu}


def measured(clock: GpuClock, case: cuda.Case) -> Measured:
    clock.take()
    if case.with_energy:
        clock.measure_idle()
    call = case.build(clock.torch, clock.device)
    times, calls = clock.times_of(call)
    time_s = sorted(times)[len(times) // 2]
    energy = clock.energy_of(call, call_s=time_s)
    return Measured(
        times_s=tuple(times),
        calls=calls,
        evidence="measured",
        energy=energy.energy,
        environment={
            **cuda.facts(clock.torch, clock.device),
            **case.facts(time_s),
            **clock.state_under(call, time_s),
            **energy.facts,
        },
    )
