"""Part B: bytes over a link, and the size up to which moving them pays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import column, floats, given, rows, same
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
    log_steps,
    nearest,
    with_value,
)
from labs.text import quantity
from simcore import catalog
from simcore.equations.storage import break_even_size, data_transfer

MARGIN, CLEAR = 1.5, 1.3
DAY = 86_400.0
BITS = 8
GB = 1e9
JOBS = (1, 2, 3, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a track moves: sizes [byte], links [bit/s], local storage [byte/s], money.

    `price` of moving [USD/byte]; `savings` of one job at the other place. [USD]
    """

    sizes: Sequence[float]
    links: Mapping[float, str]
    local: float
    local_name: str
    price: float
    savings: Sequence[float]
    there: str


MOVES: Mapping[str, Move] = {
    "cloud": Move(
        sizes=(20e12, 50e12, 100e12),
        links={10e9: "a dedicated line", 25e9: "a dedicated line", 100e9: "a dedicated line"},
        local=catalog.item("storage", "nvme-gen4").value("bandwidth"), local_name="local NVMe",
        price=catalog.item("prices", "egress").value("transfer"), savings=(60.0, 200.0),
        there="at the cheaper provider",
    ),
    "edge": Move(
        sizes=(0.5e12, 2e12), links={100e6: "the plant's line", 1e9: "the plant's line"},
        local=500e6, local_name="the box's SSD", price=0.5 / GB, savings=(20.0, 60.0),
        there="on the office's machine",
    ),
    "mobile": Move(
        sizes=(20e9, 50e9), links={20e6: "the cellular network", 50e6: "the cellular network"},
        local=1e9, local_name="the phone's flash", price=2.0 / GB, savings=(5.0, 20.0),
        there="on a server",
    ),
    "tiny": Move(
        sizes=(1e6, 10e6), links={1e6: "Bluetooth LE", 5470.0: "a long-range radio"},
        local=10e6, local_name="external flash", price=700.0 / GB, savings=(0.5, 2.0),
        there="on the gateway",
    ),
}  # fmt: skip
PRICES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Over what a track pays. [1]"""
ASKED_JOBS = (1, 5, 20)


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        move = MOVES[track]
        draws = list(product(move.savings, ASKED_JOBS))
        sets: list[Params] = []
        for i, (size, (rate, link)) in enumerate(product(move.sizes, move.links.items())):
            for step in (0, 2, 5):
                saving, jobs = draws[(i + step) % len(draws)]
                sets.append(_params(track, move, size, rate, link, saving, jobs))
        return [p for p in sets if _stands_apart(p)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = [Option(id=name, value=value) for name, value in _wrong(p).items()]
        return (
            Choice(id="moving", options=(Option(id=RIGHT, value=_time(p)), *options)),
            Numeric(id="even", key=_even(p)),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        size, even, time = float(p["size"]), _even(p), _time(p)
        bill = size * float(p["price"])
        saved = float(p["saving"]) * float(p["jobs"])
        return {
            "time": time,
            "bill": bill,
            "even": even,
            "saved": saved,
            "verdict": "the data should move" if size < even else "the job should move",
            "choice": "move the data" if size < even else "move the job",
            "over_even": size / even,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        move = MOVES[str(p["track"])]
        sizes, _ = with_value(_sizes(move), float(p["size"]))
        rates, start = with_value(_rates(move), float(p["rate"]))
        calm = min(float(p["size"]), 0.25 * DAY * float(p["rate"]) / BITS)
        return (
            Knob(id="moved", steps=sizes, default=nearest(sizes, calm / 2)),
            Knob(id="link_now", steps=rates, default=start),
            Knob(id="jobs_now", steps=JOBS, default=JOBS.index(int(p["jobs"]))),
            Knob(id="price_times", steps=PRICES, default=PRICES.index(1.0)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        move = MOVES[str(p["track"])]
        price = move.price * floats(k["price_times"])
        moved = data_transfer(k["moved"], rate=floats(k["link_now"]) / BITS, price=price)
        saved = float(p["saving"]) * floats(k["jobs_now"])
        even = break_even_size(float(p["saving"]), jobs=k["jobs_now"], price=price)
        return {
            "move_time": moved.time,
            "move_cost": moved.cost,
            "stay_cost": saved,
            "even_now": even,
            "better": np.where(floats(k["moved"]) < even, "move the data", "move the job"),
            "size_now": floats(k["moved"]),
            "day": same(DAY, moved.time),
            "too_late": moved.time > DAY,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        move = MOVES[str(p["track"])]
        sizes, count = floats(_sizes(move)), len(k["moved"])
        price = move.price * column(k["price_times"])
        saved = float(p["saving"]) * column(k["jobs_now"])
        shape = (count, sizes.size)
        return {
            "sizes": rows(sizes, count),
            "move_line": np.broadcast_to(sizes * price, shape),
            "stay_line": np.broadcast_to(saved, shape),
            "time_line": np.broadcast_to(BITS * sizes / column(k["link_now"]), shape),
        }


def _params(
    track: str, move: Move, size: float, rate: float, link: str, saving: float, jobs: int
) -> Params:
    return {
        "track": track,
        "size": size,
        "size_text": given(size, "si B"),
        "rate": rate,
        "rate_text": quantity(rate, "si bit/s") if rate == 5470.0 else given(rate, "si bit/s"),
        "link_name": link,
        "local": move.local,
        "local_name": move.local_name,
        "price": move.price,
        "price_text": f"{_dollars(move.price * GB)} a GB",
        "price_known": "published" if track == "cloud" else "given",
        "saving": saving,
        "saving_text": _dollars(saving),
        "jobs": jobs,
        "jobs_text": "one job uses" if jobs == 1 else f"{jobs} jobs use",
        "there": move.there,
    }


def _dollars(amount: float) -> str:
    """Return a given amount as people write it: $5, $0.50."""
    return f"${amount:,.0f}" if amount == round(amount) else f"${amount:.2f}"


def _time(p: Params) -> float:
    return float(data_transfer(float(p["size"]), rate=float(p["rate"]) / BITS).time)


def _even(p: Params) -> float:
    found = break_even_size(float(p["saving"]), jobs=float(p["jobs"]), price=float(p["price"]))
    return float(found)


def _wrong(p: Params) -> dict[str, float]:
    time = _time(p)
    return {
        "bits_for_bytes": time / BITS,
        "turned_twice": time * BITS,
        "link_forgotten": float(p["size"]) / float(p["local"]),
    }


def _stands_apart(p: Params) -> bool:
    key, wrong = _time(p), list(_wrong(p).values())
    size, even = float(p["size"]), _even(p)
    if max(size / even, even / size) < CLEAR:
        return False
    others = [max(a / b, b / a) for i, a in enumerate(wrong) for b in wrong[i + 1 :]]
    return min(max(key / x, x / key) for x in wrong) >= MARGIN and min(others) >= 1.05


def _sizes(move: Move) -> tuple[float, ...]:
    return log_steps(move.sizes[0] / 1000, move.sizes[-1] * 5, 41, digits=2)


def _rates(move: Move) -> tuple[float, ...]:
    slow, fast = min(move.links), max(move.links)
    return log_steps(slow / 10, fast * 4, 25, digits=2)
