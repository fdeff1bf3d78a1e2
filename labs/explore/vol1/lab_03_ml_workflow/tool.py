"""Part C: a tool that is ten times as fast at a small part, and a link that nobody thought of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, given, rows, same, titled
from labs.contract import (
    RIGHT,
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
    lookup,
    with_value,
)
from labs.text import quantity
from simcore.equations.parallelism import amdahl_speedup
from simcore.equations.storage import data_transfer

HOUR = 3600.0
WINDOW = 10 * HOUR
"""From closing time to the first patient. [s]"""
FASTER: Mapping[float, str] = {5.0: "a fifth", 10.0: "a tenth"}
"""How much faster a tool may make its part, and what then is left of it. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Shares of a data scientist's time as people reported them, and what a tool may speed up."""

    name: str
    shares: Mapping[str, float]
    asked: Mapping[str, Sequence[str]]


SURVEYS: Mapping[str, Survey] = {
    "anaconda": Survey(
        name="Anaconda's survey of 2020 (2,360 answers)",
        shares={"loading": 0.19, "cleansing": 0.26, "visualising": 0.21, "selection": 0.11,
                "training": 0.12, "deploying": 0.11},
        asked={"model selection, training and scoring": ("selection", "training"),
               "training and scoring": ("training",)},
    ),
    "crowdflower": Survey(
        name="CrowdFlower's survey of 2016",
        shares={"cleansing": 0.60, "loading": 0.19, "selection": 0.09, "training": 0.04,
                "visualising": 0.03, "deploying": 0.05},
        asked={"mining data for patterns and refining algorithms": ("selection", "training"),
               "refining algorithms": ("training",)},
    ),
}  # fmt: skip
"""CrowdFlower's own words: cleaning 60, collecting 19, mining 9, refining 4, training sets 3,
others 5%. Mining stands under selection here, training sets under visualising, others last."""
ACTIVITIES = ("loading", "cleansing", "selection", "training", "deploying")


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What a site gathers in a day, and the link that carries it away by night. [byte/s]"""

    images: int
    size: float
    rate: float
    link: str


MBIT = 1e6 / 8
NIGHTS: Mapping[str, Sequence[Night]] = {
    "cloud": (Night(images=4000, size=16e6, rate=8 * MBIT, link="the hospital's share of a line"),
              Night(images=2500, size=16e6, rate=4 * MBIT, link="the hospital's share of a line")),
    "edge": (Night(images=2500, size=16e6, rate=2 * MBIT, link="the clinic's DSL line"),
             Night(images=1000, size=16e6, rate=1 * MBIT, link="the clinic's DSL line")),
    "mobile": (Night(images=1200, size=8e6, rate=1 * MBIT, link="the village's cell"),
               Night(images=600, size=8e6, rate=0.5 * MBIT, link="the village's cell")),
    "tiny": (Night(images=400, size=100e3, rate=5470 / 8, link="a long-range radio"),
             Night(images=900, size=100e3, rate=12500 / 8, link="a long-range radio")),
}  # fmt: skip
SENT = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
LINKS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
SPEEDS = (1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 70.0, 100.0)


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        asked = [(name, words) for name, survey in SURVEYS.items() for words in survey.asked]
        return [
            {
                "track": track,
                "survey": name,
                "survey_name": SURVEYS[name].name,
                "activity": words,
                "activity_title": titled(words),
                "share": round(sum(SURVEYS[name].shares[a] for a in SURVEYS[name].asked[words]), 2),
                "faster": faster,
                "images": night.images,
                "image_text": given(night.size, "si B"),
                "night_bytes": night.images * night.size,
                "link_rate": night.rate,
                "link_name": night.link,
                "link_text": quantity(8 * night.rate, "si bit/s"),
            }
            for (name, words), faster, night in product(asked, FASTER, NIGHTS[track])
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        share, faster = float(p["share"]), float(p["faster"])
        wrong = {
            "whole_project": _saved(1.0, faster),
            "half_the_work": _saved(0.5, faster),
            "what_is_left": share / faster,
        }
        options = [Option(id=name, value=value) for name, value in wrong.items()]
        right = Option(id=RIGHT, value=_saved(share, faster))
        return (Choice(id="saved", options=(right, *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        share, faster = float(p["share"]), float(p["faster"])
        shares = SURVEYS[str(p["survey"])].shares
        upload = _upload(p, 1.0, 1.0)
        largest = max(shares, key=lambda name: shares[name])
        return {
            "saved": _saved(share, faster),
            "faster_part": FASTER[faster],
            "speedup": float(amdahl_speedup(share, faster)),
            "most": share,
            "endless": float(amdahl_speedup(share, np.inf)),
            "largest_name": _WORDS[largest],
            "largest_share": shares[largest],
            "twice_largest": _saved(shares[largest], 2.0),
            "upload": upload,
            "upload_tenth": _upload(p, 0.1, 1.0),
            "window": WINDOW,
            "nights": upload / WINDOW,
            "rest": 1 - share,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        speeds, start = with_value(SPEEDS, float(p["faster"]))
        fits = [share for share in SENT if 2 * _upload(p, share, 1.0) <= WINDOW]
        return (
            Knob(id="activity_now", steps=ACTIVITIES, default=ACTIVITIES.index("training")),
            Knob(id="faster_now", steps=speeds, default=start),
            Knob(id="sent", steps=SENT, default=SENT.index(max(fits, default=SENT[0]))),
            Knob(id="link_faster", steps=LINKS, default=LINKS.index(1.0)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        share = lookup(SURVEYS[str(p["survey"])].shares, k["activity_now"])
        speedup = amdahl_speedup(share, floats(k["faster_now"]))
        upload = _uploads(p, floats(k["sent"]), floats(k["link_faster"]))
        return {
            "saved_now": 1 - 1 / speedup,
            "speedup_now": speedup,
            "share_now": share,
            "faster_at": floats(k["faster_now"]),
            "upload_now": upload,
            "sent_images": floats(k["sent"]) * float(p["images"]),
            "window_now": same(WINDOW, upload),
            "idle": upload > WINDOW,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        speeds, count = floats(SPEEDS), len(k["sent"])
        shares = SURVEYS[str(p["survey"])].shares
        share = column(lookup(shares, k["activity_now"]))
        images = floats(SENT) * float(p["images"])
        uploads = _uploads(p, floats(SENT)[np.newaxis, :], column(k["link_faster"]))
        return {
            "speeds": rows(speeds, count),
            "saved_line": 1 - 1 / amdahl_speedup(share, speeds[np.newaxis, :]),
            "largest_line": rows(1 - 1 / amdahl_speedup(max(shares.values()), speeds), count),
            "images_axis": rows(images, count),
            "upload_line": np.broadcast_to(uploads, (count, images.size)),
        }


_WORDS: Mapping[str, str] = {
    "loading": "loading and collecting data", "cleansing": "cleaning data",
    "visualising": "looking at data", "selection": "choosing models",
    "training": "training", "deploying": "deploying",
}  # fmt: skip


def _saved(share: float, faster: float) -> float:
    """Return the share of the whole that is saved: one minus one over Amdahl's speed-up. [1]"""
    return 1 - 1 / float(amdahl_speedup(share, faster))


def _uploads(p: Params, sent: Array, faster: Array) -> Array:
    size = float(p["night_bytes"]) * sent
    return data_transfer(size, rate=float(p["link_rate"]) * faster).time


def _upload(p: Params, sent: float, faster: float) -> float:
    return float(_uploads(p, floats(sent), floats(faster)))
