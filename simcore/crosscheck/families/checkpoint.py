"""Writing a checkpoint through storage that many writers share. A. Eisenman et al., NSDI 2022."""

from typing import Any

from simcore.crosscheck.case import Case

SLOW = 60.0
"""Longer than this counts as held up by storage. [s]"""


INTERVAL = 4 * 3600.0
"""Between saves, where a case names none. [s]"""
SIZES = {"adam": 14.0, "sgd": 4.0}
"""Of one parameter with its optimiser's state, as saved. [byte]"""


def solve(case: Case) -> dict[str, Any]:
    per_parameter = SIZES.get(str(case.get("optimizer", default="adam")).lower(), SIZES["adam"])
    size = case.number("params") * case.number("bytes_per_param", default=per_parameter)
    one = case.number("storage_Bps")
    rate = min(one * case.number("writers", default=1), case.number("fs_cap_Bps", default=500e9))
    time = size / rate
    return {
        "checkpoint_size": size,
        "write_time_seconds": time,
        "max_bandwidth_required": one,
        "storage_bottleneck": time > SLOW,
        "mfu_penalty_pct": time / case.number("interval_s", default=INTERVAL),
    }


SOLVERS = {"CheckpointModel": solve}
