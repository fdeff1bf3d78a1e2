"""Part E: attention in tiles, and the design challenge of a matrix product in tiles."""

from collections.abc import Mapping, Sequence

import numpy as np

from labs.contract import (
    RIGHT,
    Challenge,
    Choice,
    Curves,
    Knob,
    Knobs,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
)
from labs.explore.vol1.lab_11_hw_accel.machines import (
    OWN_MACHINE,
    PRECISION,
    described,
    floats,
    machine_of,
    octave_steps,
    roof_curve,
    tile_machine,
    with_whole,
)
from simcore.equations.operators import (
    attention_block_size,
    attention_flop,
    attention_traffic_standard,
    attention_traffic_tiled,
)
from simcore.equations.precision import element_size
from simcore.equations.roofline import step_terms, step_time
from simcore.equations.tiling import tiled_gemm_times

_LARGE = [
    (s, d, rows) for d, rows in ((64, 128), (64, 256), (128, 256)) for s in (4096, 8192, 16384)
]
_SMALL = [(s, 64, 128) for s in (512, 1024)]
HEADS: Mapping[str, Sequence[tuple[int, int, int]]] = {
    "cloud": _LARGE,
    "edge": _LARGE,
    "mobile": _SMALL,
    "tiny": _SMALL,
}
"""Sequence length, head width, query rows on chip."""

PROBLEMS: Mapping[str, Sequence[tuple[int, int, int]]] = {
    "cloud": ((4096, 4096, 4096), (3072, 4096, 1024), (2048, 2048, 8192)),
    "edge": ((1024, 1024, 1024), (768, 768, 3072), (512, 512, 2048)),
    "mobile": ((1024, 1024, 1024), (768, 768, 3072), (2048, 1024, 1024)),
    "tiny": ((96, 96, 256), (64, 128, 128), (192, 64, 256)),
}
"""Rows, columns and shared length of the challenge's product."""

TILES: Mapping[str, tuple[int, ...]] = {
    "cloud": (16, 32, 64, 128, 256),
    "edge": (16, 32, 64, 128, 256),
    "mobile": (32, 64, 128, 256, 512),
    "tiny": (8, 16, 32, 64, 96, 128),
}


class Product(Challenge):
    """Choose the tiles and the pipeline of a matrix product; the least time wins."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        tiles = TILES[str(p["track"])]
        return (
            Knob(id="tile_m", steps=tiles, default=1),
            Knob(id="tile_n", steps=tiles, default=1),
            Knob(id="tile_k", steps=(16, 32, 64, 128), default=1),
            Knob(id="stages", steps=(1, 2, 3, 4)),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        precision = str(p["precision"])
        machine = tile_machine(machine_of(p), precision)
        m, n, length = (float(p[name]) for name in ("m", "n", "k"))
        times = tiled_gemm_times(
            m,
            n,
            length,
            tile_m=floats(k["tile_m"]),
            tile_n=floats(k["tile_n"]),
            tile_k=floats(k["tile_k"]),
            stages=floats(k["stages"]),
            element_size=element_size(precision),
            machine=machine,
        )
        slices_too_large = times.slices > machine.core_memory
        sums_too_large = times.sums > machine.accumulators
        floor = max(2 * m * n * length / machine.peak_flop_rate, float(times.compulsory.flat[0]))
        return {
            "objective": times.time,
            "feasible": ~(slices_too_large | sums_too_large),
            "slices_too_large": slices_too_large,
            "sums_too_large": sums_too_large,
            "share": floor / times.time,
            "waves": times.waves,
            "tile_compute": times.tile_compute,
            "tile_memory": times.tile_memory,
            "fill": times.fill,
            "padding": times.padding,
            "slices": times.slices,
            "sums": times.sums,
        }


class E(Part):
    challenge = Product()

    def combinations(self, track: str) -> Sequence[Params]:
        machine, precision = OWN_MACHINE[track], PRECISION[track]
        return [
            {
                **described(machine, precision),
                "track": track,
                "precision": precision,
                "sequence": sequence,
                "width": width,
                "rows": rows,
                "m": m,
                "n": n,
                "k": k,
            }
            for sequence, width, rows in HEADS[track]
            for m, n, k in PROBLEMS[track]
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        facts = self.facts(p)
        standard, tiled, once = (
            float(facts[f"{name}_traffic"]) for name in ("standard", "tiled", "once")
        )
        return (
            Choice(
                id="factor",
                options=(
                    Option(id=RIGHT, value=standard / tiled),
                    Option(id="flop_decide", value=1.0),
                    Option(id="scores_read_once", value=2 * standard / (standard + once)),
                    Option(id="no_rereads", value=standard / once),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        sequence, width, rows = (int(p[name]) for name in ("sequence", "width", "rows"))
        machine, size = machine_of(p), element_size(str(p["precision"]))
        standard = float(attention_traffic_standard(sequence, width, element_size=size))
        tiled = float(attention_traffic_tiled(sequence, width, rows=rows, element_size=size))
        flop = float(attention_flop(sequence, width))
        # One block of all queries reads K and V once: what no kernel can go below.
        once = attention_traffic_tiled(sequence, width, rows=sequence, element_size=size)
        cores = int(machine.item.value("cores"))
        rates = {
            "peak_flop_rate": machine.peak(str(p["precision"])),
            "bandwidth": machine.bandwidth,
        }
        before, after = (float(step_time(flop, moved, **rates)) for moved in (standard, tiled))
        return {
            "standard_traffic": standard,
            "tiled_traffic": tiled,
            "once_traffic": float(once),
            "factor": standard / tiled,
            "speedup": before / after,
            "limit_factor": 2 * rows / width,
            "blocks": -(-sequence // rows),
            "score_matrix": sequence * sequence * size,
            "flop": flop,
            "standard_intensity": flop / standard,
            "tiled_intensity": flop / tiled,
            "ridge": machine.ridge(str(p["precision"])),
            "cores_text": "one core" if cores == 1 else f"{cores} cores",
            "on_chip_text": _binary(machine.item.value("core_memory.capacity")),
            "accumulators_text": _binary(machine.item.value("core_memory.accumulators")),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        sequences, at = with_whole(octave_steps(256, 65536, 2), int(p["sequence"]))
        # A phone's cores hold more, so its blocks go further before they no longer fit.
        most = 1024 if p["track"] == "mobile" else 512
        widths, rows = (32, 64, 128, 256), octave_steps(16, most, 1)
        return (
            Knob(id="sequence", steps=sequences, default=at),
            Knob(id="width", steps=widths, default=widths.index(int(p["width"]))),
            Knob(id="rows", steps=rows, default=rows.index(int(p["rows"]))),
            Knob(id="columns", steps=rows, default=rows.index(64)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        machine, precision = machine_of(p), str(p["precision"])
        size = element_size(precision)
        s, d, rows, columns = (floats(k[n]) for n in ("sequence", "width", "rows", "columns"))
        flop = attention_flop(s, d)
        standard = attention_traffic_standard(s, d, element_size=size)
        tiled = attention_traffic_tiled(s, d, rows=rows, element_size=size)
        rates = {"peak_flop_rate": machine.peak(precision), "bandwidth": machine.bandwidth}
        before, after = (step_terms(flop, traffic, **rates) for traffic in (standard, tiled))
        needed = attention_block_size(rows, columns, d, element_size=size)
        on_chip = machine.item.value("core_memory.capacity")
        return {
            "factor": standard / tiled,
            "speedup": before.time / after.time,
            "tiled_binds": after.bound,
            "standard_traffic": standard,
            "tiled_traffic": tiled,
            "standard_time": before.time,
            "tiled_time": after.time,
            "standard_intensity": flop / standard,
            "tiled_intensity": flop / tiled,
            "standard_rate": flop / before.time,
            "tiled_rate": flop / after.time,
            "sequence_at": s,
            "ridge": np.full_like(s, machine.ridge(precision)),
            "needed": needed,
            "on_chip": np.full_like(s, on_chip),
            "does_not_fit": needed > on_chip,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        machine, precision = machine_of(p), str(p["precision"])
        size = element_size(precision)
        d, rows = floats(k["width"])[:, None], floats(k["rows"])[:, None]
        x = np.broadcast_to(np.exp2(np.arange(16, 33) / 2), (len(d), 17))
        peak = np.full(len(d), machine.peak(precision))
        roof_x, roof_y = roof_curve(peak, np.full_like(peak, machine.bandwidth), 4.0, 4096.0)
        return {
            "sequence_x": x,
            "standard_y": attention_traffic_standard(x, d, element_size=size),
            "tiled_y": attention_traffic_tiled(x, d, rows=rows, element_size=size),
            "roof_x": roof_x,
            "roof_y": roof_y,
        }


def _binary(size: float) -> str:
    return f"{size / 2**20:g} MiB" if size >= 2**20 else f"{size / 2**10:g} KiB"
