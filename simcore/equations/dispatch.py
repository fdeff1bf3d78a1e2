"""What a framework adds to the work: calls in a queue, passes over memory, one-off preparation."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from simcore.equations.arguments import Floats, not_negative, positive


class QueuedStep(NamedTuple):
    """A step of many kernels that a host hands to a device, each of shape (n,)."""

    time: Floats
    """From the first call to the end of the last kernel. [s]"""
    host: Floats
    """The host's share of it: calls. [s]"""
    device: Floats
    """The device's share of it: kernels. [s]"""

    @property
    def busy(self) -> Floats:
        """Share of the step in which the device works. [1]"""
        return np.asarray(self.device / self.time)


def queued_step(
    kernels: ArrayLike,
    device_time: ArrayLike,
    *,
    dispatch_time: ArrayLike,
    waits: ArrayLike = False,
) -> QueuedStep:
    """Return the time of a step whose kernels one host calls and one device runs in order.

    Without waiting the host runs ahead: a kernel begins once it has been called and the one before
    it has ended. Alike kernels then take the slower of the two queues, and one call or one kernel
    more. With waiting after each kernel, calls and kernels add up.

    Parameters
    ----------
    kernels : array_like, shape (n,)
        Kernels of the step, alike. [1]
    device_time : array_like, shape (n,)
        Time of all of them on the device. [s]
    dispatch_time : array_like, shape (n,)
        Time of one call on the host. [s]
    waits : array_like of bool, shape (n,)
        Whether the host waits for each kernel before it calls the next. [1]

    Returns
    -------
    QueuedStep
        Time of the step, and what host and device are busy for. [s]

    Raises
    ------
    ValueError
        If a count is below 1, a kernel takes no time, or a call a negative one.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009, for overlap; J. Hennessy, D. Patterson,
    Computer Architecture, 6th ed., 2017, app. C, for two stages of a pipeline.
    """
    count, device = positive(kernels, "kernels"), positive(device_time, "device_time")
    if np.any(count < 1):
        raise ValueError(f"kernels must be 1 or more, got {kernels!r}")
    call = not_negative(dispatch_time, "dispatch_time")
    calls = count * call
    ahead = np.maximum(call + device, calls + device / count)
    time = np.where(np.asarray(waits, dtype=bool), calls + device, ahead)
    wide = np.broadcast_arrays(time, calls, device)
    return QueuedStep(*(np.asarray(values) for values in wide))


class Queues(NamedTuple):
    """When the first kernels of a step are called and run, each of shape (n, jobs). [s]"""

    call_start: Floats
    call_end: Floats
    kernel_start: Floats
    kernel_end: Floats


def queued_kernels(
    jobs: int, kernel_time: ArrayLike, *, dispatch_time: ArrayLike, waits: ArrayLike = False
) -> Queues:
    """Return when a host calls alike kernels and a device runs them, one after the other.

    Parameters
    ----------
    jobs : int
        Kernels to follow from the first one on. [1]
    kernel_time : array_like, shape (n,)
        Time of one kernel. [s]
    dispatch_time : array_like, shape (n,)
        Time of one call on the host. [s]
    waits : array_like of bool, shape (n,)
        Whether the host waits for each kernel before it calls the next. [1]

    Returns
    -------
    Queues
        Starts and ends of calls and kernels. [s]

    Raises
    ------
    ValueError
        If there is no job, a kernel takes no time, or a call a negative one.

    References
    ----------
    J. Hennessy, D. Patterson, Computer Architecture, 6th ed., 2017, app. C, for two stages of a
    pipeline.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be 1 or more, got {jobs}")
    kernel = positive(kernel_time, "kernel_time")[..., np.newaxis]
    call = not_negative(dispatch_time, "dispatch_time")[..., np.newaxis]
    kernel, call = np.broadcast_arrays(kernel, call)
    waiting = np.asarray(waits, dtype=bool)[..., np.newaxis]
    place = np.arange(jobs, dtype=float)
    call_start = place * np.where(waiting, call + kernel, call)
    # The slower queue sets the pace; the first kernel waits for the first call.
    pace = np.where(waiting, call + kernel, np.maximum(call, kernel))
    kernel_start = call + place * pace
    return Queues(call_start, call_start + call, kernel_start, kernel_start + kernel)


def chain_traffic(
    steps: ArrayLike, tensor_size: ArrayLike, *, extra: ArrayLike = 0, fused: ArrayLike = False
) -> Floats:
    """Return the traffic of element-wise steps, some of which read a second tensor.

    Apart, each step reads its tensor and writes it; fused, it is read and written once. Second
    tensors are read either way.

    Parameters
    ----------
    steps : array_like, shape (n,)
        Element-wise operations. [1]
    tensor_size : array_like, shape (n,)
        Size of each tensor, much larger than the cache. [byte]
    extra : array_like, shape (n,)
        Steps that read a second tensor, a residual or a mask. [1]
    fused : array_like of bool, shape (n,)
        Whether one kernel does all steps. [1]

    Returns
    -------
    ndarray, shape (n,)
        Data moved to and from main memory. [byte]

    Raises
    ------
    ValueError
        If a number is not positive, or the second tensors negative.

    References
    ----------
    T. Dao et al., "FlashAttention", NeurIPS 2022, sec. 2.1. arXiv:2205.14135; A. Ivanov et al.,
    "Data movement is all you need", MLSys 2021. arXiv:2007.00072
    """
    passes = np.where(np.asarray(fused, dtype=bool), 2.0, 2.0 * positive(steps, "steps"))
    return np.asarray(
        (passes + not_negative(extra, "extra")) * positive(tensor_size, "tensor_size")
    )


def repaid_after(one_off: ArrayLike, before: ArrayLike, after: ArrayLike) -> Floats:
    """Return after how many requests a preparation has paid for itself.

    Parameters
    ----------
    one_off : array_like, shape (n,)
        Time of the preparation: of one compilation, times the shapes that each need one. [s]
    before, after : array_like, shape (n,)
        Time of a request without and with it. [s]

    Returns
    -------
    ndarray, shape (n,)
        Requests at which both ways have taken as long; infinite where it makes nothing faster. [1]

    Raises
    ------
    ValueError
        If the preparation takes a negative time, or a request none.

    References
    ----------
    J. Ansel et al., "PyTorch 2", ASPLOS 2024 (time to compile beside time saved).
    doi:10.1145/3620665.3640366
    """
    first, then = positive(before, "before"), positive(after, "after")
    saved = first - then
    paid = not_negative(one_off, "one_off") / np.where(saved > 0, saved, 1.0)
    return np.asarray(np.where(saved > 0, paid, np.inf))


def served_total(one_off: ArrayLike, each: ArrayLike, requests: ArrayLike) -> Floats:
    """Return the time of a preparation and of all requests after it.

    Parameters
    ----------
    one_off : array_like, shape (n,)
        Time of the preparation. [s]
    each : array_like, shape (n,)
        Time of one request. [s]
    requests : array_like, shape (n,)
        Requests. [1]

    Returns
    -------
    ndarray, shape (n,)
        Time of everything. [s]

    Raises
    ------
    ValueError
        If a number is negative.

    References
    ----------
    J. Ansel et al., "PyTorch 2", ASPLOS 2024. doi:10.1145/3620665.3640366
    """
    served = not_negative(each, "each") * not_negative(requests, "requests")
    return np.asarray(not_negative(one_off, "one_off") + served)
