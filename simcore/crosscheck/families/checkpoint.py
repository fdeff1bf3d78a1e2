"""Writing a checkpoint through storage that many writers share. A. Eisenman et al., NSDI 2022."""

from typing import Any

from simcore.crosscheck.case import Case

SLOW = 60.0
"""Longer than this counts as held up by storage. [s]"""


def solve(case: Case) -> dict[str, Any]:
    size = case.number("params") * case.number("bytes_per_param")
    one = case.number("storage_Bps")
    rate = min(one * case.number("writers", default=1), case.number("fs_cap_Bps", default=500e9))
    time = size / rate
    return {
        "checkpoint_size": size,
        "write_time_seconds": time,
        "max_bandwidth_required": one,
        "storage_bottleneck": time > SLOW,
        "mfu_penalty_pct": time / case.number("interval_s"),
    }


SOLVERS = {"CheckpointModel": solve}
