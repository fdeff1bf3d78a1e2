"""Part A: three patients, one of the data, one of the work there is, one of the room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from labs.arranging import floats
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
)
from simcore import catalog
from simcore.equations.mcu import inference_time, operator_cycles
from simcore.equations.precision import quantized_size
from simcore.equations.roofline import step_terms

from .machines import CORES, NAMES, capacity, rates
from .measured import BEFORE, FRESH_STEPS, OLD, accuracy, recovered, recovered_error

CHANGES: Mapping[str, str] = {
    "right": "everything lies one pixel further to the right",
    "left": "everything lies one pixel further to the left",
    "down": "everything lies one pixel lower",
    "inverted": "dark and bright are exchanged",
    "turned": "every image is turned by a quarter",
}
ASKED: Mapping[str, tuple[str, int]] = {
    "passes": ("passes", 0),
    "wider": ("wider", 0),
    "some": ("fresh", 200),
    "many": ("fresh", 400),
}
"""What is asked about: the fix, and the newly labelled images it takes."""
ACTIONS: Mapping[str, str] = {
    "passes": "The network is trained on the same old {old} images with four times the passes, "
    "nothing else",
    "wider": "The network gets four times the hidden units and is trained on the same old "
    "{old} images, nothing else",
    "some": "{fresh} images taken since the change are labelled and added to the old {old}; "
    "the network is trained again, same size, same passes",
    "many": "{fresh} images taken since the change are labelled and added to the old {old}; "
    "the network is trained again, same size, same passes",
}
FIXES = ("none", "passes", "wider", "fresh", "bits", "smaller", "machine")
CURED_SHARE = 0.75
"""Share of the lost accuracy that counts as a cure."""
LITTLE, HALF_LOW, HALF_HIGH = 1 / 6, 0.35, 0.65


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """What the other two patients of a track are: one too slow, one too large.

    Networks and machines by catalogue id; deadline of one item [s], size of one weight at full and
    at few bits, grouped weights in groups of 128. [bit]
    """

    slow: str
    slow_small: str
    slow_machine: str
    slow_better: str
    deadline: float
    large: str
    large_small: str
    large_machine: str
    large_better: str
    full_bits: int
    few_bits: int
    room: float | None = None


WARDS: Mapping[str, Ward] = {
    "cloud": Ward(
        slow="vit-large-16", slow_small="resnet-50-v1", slow_machine="t4", slow_better="h100-sxm",
        deadline=2e-3, large="opt-13b", large_small="llama-3-8b",
        large_machine="l4", large_better="a100-sxm-40gb", full_bits=16, few_bits=4,
    ),
    "edge": Ward(
        slow="resnet-50-v1", slow_small="mobilenet-v2", slow_machine="jetson-nano",
        slow_better="jetson-orin-nano-8gb", deadline=1 / 60, large="gpt-j-6b",
        large_small="llama-3-2-1b", large_machine="jetson-orin-nano-8gb",
        large_better="jetson-agx-orin-64gb", full_bits=16, few_bits=4,
    ),
    "mobile": Ward(
        slow="vgg16", slow_small="mobilenet-v2", slow_machine="phone-cpu",
        slow_better="phone-npu", deadline=1 / 30, large="gpt-j-6b",
        large_small="llama-3-2-1b", large_machine="phone-npu",
        large_better="snapdragon-8-gen-3", full_bits=16, few_bits=4, room=4e9,
    ),
    "tiny": Ward(
        slow="resnet-ic02", slow_small="resnet8-ic", slow_machine="nrf52840",
        slow_better="nucleo-h7a3zi", deadline=1.0, large="resnet-ic02",
        large_small="resnet8-ic", large_machine="nrf52840", large_better="nucleo-h7a3zi",
        full_bits=32, few_bits=8,
    ),
}  # fmt: skip
Bools = NDArray[np.bool_]
PATIENTS = ("reader", "slow", "large")
_GROUP = 128


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        ward = WARDS[track]
        return [
            {
                "track": track,
                "change": change,
                "change_text": CHANGES[change],
                "asked": asked,
                "action_text": ACTIONS[asked].format(old=OLD, fresh=ASKED[asked][1]),
                "slow_machine_name": NAMES[ward.slow_machine],
                "large_machine_name": NAMES[ward.large_machine],
            }
            for change, asked in product(CHANGES, ASKED)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        wrong = (
            {"most": "work_for_evidence", "half": "split_the_difference", "worse": "work_ruins"}
            if p["asked"] in ("passes", "wider")
            else {"little": "too_few_to_matter", "half": "share_of_the_images",
                  "worse": "old_against_new"}
        )  # fmt: skip
        right = band(_share(p))
        options = [Option(id=name, value=value) for value, name in wrong.items()]
        return (Choice(id="recovered", options=(Option(id=RIGHT, value=right), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        change, (fix, fresh) = str(p["change"]), ASKED[str(p["asked"])]
        ward = WARDS[str(p["track"])]
        return {
            "before": BEFORE[0],
            "stale": accuracy(change, "stale"),
            "after": accuracy(change, fix, fresh),
            "share": recovered(change, fix, fresh),
            "share_error": recovered_error(change, fix, fresh),
            "passes_after": accuracy(change, "passes"),
            "wider_after": accuracy(change, "wider"),
            "fresh_after": accuracy(change, "fresh", 200),
            "lost_error": 100 * BEFORE[1],
            "slow_name": _title(ward.slow),
            "slow_time": float(_slow_time(ward.slow, ward.slow_machine)),
            "deadline": ward.deadline,
            "large_name": _title(ward.large),
            "large_size": float(_size(ward.large, ward.full_bits)),
            "large_few": float(_size(ward.large, ward.few_bits)),
            "room": _room(ward, ward.large_machine),
            "few_bits": ward.few_bits,
            "machine_cures_large": bool(
                _size(ward.large, ward.full_bits) <= _room(ward, ward.large_better)
            ),
            "asked_fix": str(p["asked"]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="patient", steps=PATIENTS),
            Knob(id="fix", steps=FIXES),
            Knob(id="fresh", steps=FRESH_STEPS, default=len(FRESH_STEPS) - 2),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        change, ward = str(p["change"]), WARDS[str(p["track"])]
        triples = list(
            zip(k["patient"].tolist(), k["fix"].tolist(), k["fresh"].tolist(), strict=True)
        )
        reader = [fix if patient == "reader" else "none" for patient, fix, _ in triples]
        counts = [int(count) for _, _, count in triples]
        share = floats([recovered(change, *at) for at in zip(reader, counts, strict=True)])
        time = floats([_treated_time(ward, *at[:2]) for at in triples])
        size = floats([_treated_size(ward, *at[:2]) for at in triples])
        room = floats([_treated_room(ward, *at[:2]) for at in triples])
        cured = _is_well(k, share >= CURED_SHARE, time <= ward.deadline, size <= room)
        return {
            "accuracy": floats([accuracy(change, *at) for at in zip(reader, counts, strict=True)]),
            "share": share,
            "before": np.full(share.shape, BEFORE[0]),
            "time": time,
            "deadline": np.full(share.shape, ward.deadline),
            "size": size,
            "room": room,
            "state": np.where(cured, "cured", "still ill"),
            "spent_in_vain": ~cured & (k["fix"] != "none"),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        line = [accuracy(str(p["change"]), "fresh", n) for n in FRESH_STEPS]
        shape = (len(k["fresh"]), len(FRESH_STEPS))
        return {
            "counts": np.broadcast_to(floats(FRESH_STEPS), shape),
            "learning_line": np.broadcast_to(floats(line), shape),
        }


def band(share: float) -> str:
    """Return which of the four answers a share of lost accuracy falls into.

    Raises
    ------
    ValueError
        If it lies between two of them: such a question would have no clear answer.
    """
    if abs(share) < LITTLE:
        return "little"
    if HALF_LOW <= share <= HALF_HIGH:
        return "half"
    if share >= CURED_SHARE:
        return "most"
    raise ValueError(f"a share of {share:.3f} lies between the answers")


def _is_well(k: Knobs, reader: Bools, slow: Bools, large: Bools) -> Bools:
    """Return whether the patient at hand is well."""
    cases = [k["patient"] == "reader", k["patient"] == "slow"]
    return np.asarray(np.select(cases, [reader, slow], large))


def _share(p: Params) -> float:
    return recovered(str(p["change"]), *ASKED[str(p["asked"])])


def _title(model: str) -> str:
    return catalog.item("models", model).name


def _slow_time(model: str, machine: str) -> float:
    """Return the time of one item: arithmetic or weights, whichever is slower. [s]"""
    macs = catalog.item("models", model).value("macs.total")
    if machine in CORES:
        cycles = catalog.item("cores", CORES[machine]).value("cycles.convolution")
        clock = catalog.item("hardware", machine).value("clock")
        work = operator_cycles(macs, 0.0, cycles_per_mac=cycles, cycles_per_output=0.0)
        return float(inference_time(work, clock=clock))
    at = rates(machine, "fp16")
    terms = step_terms(
        2 * macs, _size(model, 16), peak_flop_rate=at.arithmetic, bandwidth=at.bandwidth
    )
    return float(terms.time)


def _treated_time(ward: Ward, patient: str, fix: str) -> float:
    if patient != "slow":
        fix = "none"
    model = ward.slow_small if fix == "smaller" else ward.slow
    machine = ward.slow_better if fix == "machine" else ward.slow_machine
    return _slow_time(model, machine)


def _size(model: str, bits: int) -> float:
    """Return the bytes of the weights; those of few bits share a scale in groups. [byte]"""
    parameters = catalog.item("models", model).value("parameters")
    if bits in (16, 32):
        return parameters * bits / 8
    return float(parameters * quantized_size(bits, group=_GROUP))


def _treated_size(ward: Ward, patient: str, fix: str) -> float:
    if patient != "large":
        fix = "none"
    model = ward.large_small if fix == "smaller" else ward.large
    return _size(model, ward.few_bits if fix == "bits" else ward.full_bits)


def _room(ward: Ward, machine: str) -> float:
    """Return what the weights may take. [byte]"""
    if machine in CORES:
        return catalog.item("hardware", machine).value("flash.capacity")
    if ward.room is not None and machine == ward.large_machine:
        return ward.room
    return capacity(machine)


def _treated_room(ward: Ward, patient: str, fix: str) -> float:
    is_better = patient == "large" and fix == "machine"
    return _room(ward, ward.large_better if is_better else ward.large_machine)
