"""The dialect of Edge Impulse's firmware: AT commands, and the timings it prints.

Facts from the public command-line tools and examples: 115200 baud, commands end with a carriage
return, `b` with one stops what runs, the prompt is `> `, slow boards want five characters at a
time. Older firmware prints `Predictions (DSP: 12 ms., Classification: 34 ms., Anomaly: 0 ms.):`,
newer `Timing: DSP 12 ms, inference 34 ms, anomaly 0 ms`. `golden/edge_impulse.txt` has each form
seen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PROMPT = b"> "
STOP = b"b\r"
PIECE_BYTES = 5
PIECE_PAUSE_S = 0.02
RUN = b"AT+RUNIMPULSE\r"
CONFIG = b"AT+CONFIG?\r"

_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)\s*(us|ms)"
_TIMINGS = re.compile(
    rf"DSP:?\s*{_NUMBER}\.?,\s*(?:Classification|inference|NN):?\s*{_NUMBER}\.?"
    rf"(?:,\s*Anomaly:?\s*{_NUMBER}\.?)?",
    re.IGNORECASE,
)
_CLASS = re.compile(r"^\s*([^:]{1,80}):\s+(\d+\.\d+)\s*$")
_SECONDS = {"us": 1e-6, "ms": 1e-3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """One printed line of timings. [s]"""

    dsp_s: float
    classification_s: float
    anomaly_s: float


def timings(text: str) -> Timings | None:
    """Return the timings that a line prints, or None."""
    found = _TIMINGS.search(text)
    if found is None:
        return None
    dsp, dsp_unit, run, run_unit, anomaly, anomaly_unit = found.groups()
    return Timings(
        dsp_s=_seconds(dsp, dsp_unit),
        classification_s=_seconds(run, run_unit),
        anomaly_s=_seconds(anomaly, anomaly_unit) if anomaly else 0.0,
    )


def _seconds(number: str, unit: str) -> float:
    return float(number) * _SECONDS[unit.lower()]


def score(text: str) -> tuple[str, float] | None:
    """Return a class and its score where a line prints one, else None."""
    found = _CLASS.match(text)
    return (found[1], float(found[2])) if found else None


def config(lines: Iterator[str]) -> dict[str, str]:
    """Return the `key: value` lines of `AT+CONFIG?`, sections left out."""
    pairs = (line.partition(":") for line in lines if ":" in line and not line.startswith("="))
    return {key.strip(): value.strip() for key, _, value in pairs}
