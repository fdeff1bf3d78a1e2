"""Part D: the answer breaks off in mid-sentence. Rebuilding a cache, owning enough replicas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Numeric,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    linear_steps,
    log_steps,
)
from labs.explore.vol2.lab_06_fault_tolerance.common import (
    DAY,
    column,
    knob_at,
    number,
    rows,
    settings,
)
from simcore.equations import kv_cache, prefill, reliability

MONTH = 30 * DAY
WEIGHT_BYTES = KV_BYTES = 2.0  # fp16
LOAD_RATE = 10e9  # assumed: weights from a shared store to a fresh replica
UPS = (0.98, 0.99, 0.995)
GOALS = (0.999, 0.9999)
NEEDS = (6, 12)
PROMPT_AXIS = np.geomspace(512, 65_536, 29)
OWNED_AXIS = np.arange(1.0, 25.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A model and what one replica of it runs on. Widths in values, rates in SI."""

    parameters: float
    layers: int
    hidden: int
    kv_heads: int
    head_width: int
    peak: float
    efficiency: float
    link: float
    streams: int
    prompts: tuple[int, ...]
    sent: tuple[int, ...]
    token_times: tuple[float, ...]
    words: Mapping[str, str]

    @property
    def shape(self) -> dict[str, float]:
        return {"parameters": self.parameters, "layers": self.layers, "hidden": self.hidden}

    def pause(self, tokens: Any) -> Any:
        return prefill.prefill_time(
            tokens, **self.shape, peak_flop_rate=self.peak, efficiency=self.efficiency
        )

    def kv(self, tokens: Any) -> Any:
        return tokens * kv_cache.kv_bytes_per_token(
            self.layers, self.kv_heads, self.head_width, KV_BYTES
        )


_EDGE = Machine(
    parameters=8e9, layers=32, hidden=4096, kv_heads=8, head_width=128, peak=25e12,
    efficiency=0.5, link=1.25e9, streams=4, prompts=(1024, 2048, 4096), sent=(150, 300),
    token_times=(0.160, 0.200),
    words={
        "model_text": "eight billion parameters", "rate_text": "12.5 TFLOP/s",
        "breaks": "the box dies, and its key-value cache with it",
        "takes_over": "The second box of the pair takes over at once, idle and with the "
        "weights loaded",
        "replicas": "boxes",
    },
)  # fmt: skip
MACHINES = {
    "cloud": Machine(
        parameters=70e9, layers=80, hidden=8192, kv_heads=8, head_width=128, peak=8 * 989e12,
        efficiency=0.5, link=50e9, streams=64, prompts=(4096, 8192, 16_384),
        sent=(300, 600, 1200), token_times=(0.020, 0.030, 0.040),
        words={
            "model_text": "70 billion parameters", "rate_text": "3.96 PFLOP/s",
            "breaks": "the replica dies, and its key-value cache with it",
            "takes_over": "The router knows at once and picks an idle, healthy replica with "
            "the weights loaded",
            "replicas": "replicas",
        },
    ),
    "edge": _EDGE,
    "tiny": _EDGE,
    "mobile": Machine(
        parameters=1e9, layers=16, hidden=2048, kv_heads=8, head_width=64, peak=35e12,
        efficiency=0.2, link=1e9, streams=1, prompts=(512, 1024, 2048), sent=(80, 160),
        token_times=(0.030, 0.040),
        words={
            "model_text": "one billion parameters", "rate_text": "7,000 GFLOP/s",
            "breaks": "the system kills the app, and its key-value cache with it",
            "takes_over": "A fresh process takes over at once, idle and with the weights still "
            "in memory",
            "replicas": "replicas",
        },
    ),
}  # fmt: skip


class D(Part):
    """How fast does a conversation come back, and how many replicas keep the promise?"""

    def combinations(self, track: str) -> Sequence[Params]:
        return _combinations(track)

    def questions(self, p: Params) -> tuple[Question, ...]:
        machine = MACHINES[str(p["track"])]
        prompt, sent = number(p, "prompt"), number(p, "sent")
        read, again = machine.pause(prompt + sent), machine.pause(prompt)
        options = (
            Option(id=RIGHT, value=float(read)),
            Option(id="stateless", value=0.0),
            Option(id="cache_follows", value=float(machine.kv(prompt + sent) / machine.link)),
            Option(id="say_it_again", value=float(again + sent * number(p, "token_time"))),
        )
        owned = reliability.units_for_k(number(p, "k"), number(p, "up"), number(p, "goal"))
        return Choice(id="pause", options=options), Numeric(id="replicas", key=float(owned))

    def facts(self, p: Params) -> dict[str, Scalar]:
        machine = MACHINES[str(p["track"])]
        prompt, sent, k = number(p, "prompt"), number(p, "sent"), number(p, "k")
        tokens = prompt + sent
        read = float(machine.pause(tokens))
        say_again = float(machine.pause(prompt)) + sent * number(p, "token_time")
        own = int(reliability.units_for_k(k, number(p, "up"), number(p, "goal")))
        naive = int(reliability.units_for_k(1, number(p, "up"), number(p, "goal")))
        flop = prefill.prefill_flop(tokens, **machine.shape)
        return {
            "tokens": tokens,
            "read": read,
            "say_again": say_again,
            "ratio": say_again / read,
            "kv": float(machine.kv(tokens)),
            "kv_per_token": float(machine.kv(1)),
            "copy": float(machine.kv(tokens) / machine.link),
            "attention": 1 - 2 * machine.parameters * tokens / float(flop),
            "weights": WEIGHT_BYTES * machine.parameters,
            "load": WEIGHT_BYTES * machine.parameters / LOAD_RATE,
            "load_rate": LOAD_RATE,
            "owned": own,
            "spare": own - k,
            "naive": naive,
            "short_owned": MONTH * float(reliability.fewer_than_k_of_n(k, own, number(p, "up"))),
            "short_one_less": MONTH
            * float(reliability.fewer_than_k_of_n(k, own - 1, number(p, "up"))),
            "link": machine.link,
            "layers": machine.layers,
            "hidden": machine.hidden,
            "kv_heads": machine.kv_heads,
            "head_width": machine.head_width,
            "parameters": machine.parameters,
            "flop_rate": machine.peak * machine.efficiency,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        # In tenths of a percent, as they are written; each once.
        ups = tuple(dict.fromkeys(round(1 - x, 3) for x in np.geomspace(0.1, 0.001, 21).tolist()))
        needed = tuple(float(x) for x in range(1, 21))
        loads = tuple(round(x, 2) for x in linear_steps(0.10, 0.95, 18))
        return (
            knob_at("prompt", log_steps(512, 65_536, 15), number(p, "prompt")),
            knob_at("sent", log_steps(16, 4096, 14), number(p, "sent")),
            Knob(id="policy", steps=("rebuild", "copy", "wait")),
            Knob(id="load_rate", steps=log_steps(1e9, 50e9, 12), default=7),
            Knob(id="n", steps=tuple(OWNED_AXIS.tolist()), default=2 * int(number(p, "k")) - 1),
            knob_at("k", needed, number(p, "k")),
            knob_at("up", ups, number(p, "up")),
            Knob(id="load", steps=loads, default=loads.index(0.7)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        machine, tokens = MACHINES[str(p["track"])], k["prompt"] + k["sent"]
        pauses = _pauses(machine, number(p, "token_time"), tokens, k["load_rate"])
        short = reliability.fewer_than_k_of_n(k["k"], k["n"], k["up"])
        traffic = _copy_traffic(machine, number(p, "token_time"), k)
        survivors = _survivors(k)
        return {
            "pause": np.select([k["policy"] == name for name in pauses], list(pauses.values())),
            "kv": machine.kv(tokens),
            "copy_traffic": traffic,
            "copy_share": traffic / machine.link,
            "available": 1 - short,
            "short": short * MONTH,
            "survivors": survivors,
            "tokens": tokens,
            "n_now": np.asarray(k["n"], dtype=float),
            # A machine alone leaves nobody behind who could drown.
            "cascade": np.isfinite(survivors) & (survivors >= 1),
            "not_enough": np.asarray(k["n"] < k["k"], dtype=bool),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        m, machine = settings(k), MACHINES[str(p["track"])]
        tokens = PROMPT_AXIS + column(k["sent"])
        pauses = _pauses(machine, number(p, "token_time"), tokens, column(k["load_rate"]))
        needed, up = column(k["k"]), column(k["up"])
        return {
            "prompt_axis": rows(PROMPT_AXIS, m),
            **{f"pause_{name}": _digits(line) for name, line in pauses.items()},
            "owned_axis": rows(OWNED_AXIS, m),
            "short_line": _digits(
                MONTH * np.maximum(reliability.fewer_than_k_of_n(needed, OWNED_AXIS, up), 1e-12)
            ),
            "naive_line": _digits(MONTH * np.maximum((1 - up) ** OWNED_AXIS, 1e-12)),
        }


@cache
def _combinations(track: str) -> tuple[Params, ...]:
    machine = MACHINES[track]
    listed = (
        _parameters(track, machine, talk, (k, up, goal))
        for talk in (
            (prompt, sent, token_time)
            for prompt in machine.prompts
            for sent in machine.sent
            for token_time in machine.token_times
        )
        for k in NEEDS
        for up in UPS
        for goal in GOALS
    )
    return tuple(p for p in listed if not _need_looks_like_the_pause(p, machine))


def _parameters(
    track: str,
    machine: Machine,
    talk: tuple[int, int, float],
    promise: tuple[int, float, float],
) -> Params:
    prompt, sent, token_time = talk
    k, up, goal = promise
    return {
        "track": track,
        "prompt": prompt,
        "sent": sent,
        "token_time": token_time,
        "token_text": f"{round(1000 * token_time)} ms",
        "k": k,
        "up": up,
        "goal": goal,
        "up_text": f"{100 * up:g}%",
        "goal_text": f"{100 * goal:g}%",
        **machine.words,
    }


def _need_looks_like_the_pause(p: Params, machine: Machine) -> bool:
    """Whether the second question's k comes within 3% of the first question's key in seconds."""
    key = float(machine.pause(number(p, "prompt") + number(p, "sent")))
    return abs(key - number(p, "k")) <= 0.03 * key


def _pauses(machine: Machine, token_time: float, tokens: Any, load_rate: Any) -> dict[str, Any]:
    read = machine.pause(tokens)
    loading = WEIGHT_BYTES * machine.parameters / load_rate
    return {"rebuild": read, "copy": token_time + 0 * read, "wait": loading + read}


def _copy_traffic(machine: Machine, token_time: float, k: Knobs) -> NDArray[np.float64]:
    """Return the standing traffic of partner copies: prompt and answer cross once per answer."""
    per_answer = machine.kv(k["prompt"] + k["sent"])
    return np.asarray(machine.streams * per_answer / (k["sent"] * token_time), dtype=float)


def _survivors(k: Knobs) -> NDArray[np.float64]:
    """Return each survivor's load after one death; a lone replica leaves none."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(k["n"] > 1, k["load"] * k["n"] / (k["n"] - 1), np.inf), float)


def _digits(line: Any) -> NDArray[np.float64]:
    """Return numbers for a plot with four significant digits."""
    values = np.asarray(line, dtype=float)
    magnitude = 10.0 ** (np.floor(np.log10(values)) - 3)
    return np.asarray(np.round(values / magnitude) * magnitude, dtype=float)
