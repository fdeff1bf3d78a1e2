"""The engine of a replica: what its steps cost, how it gives out memory, when it reads prompts."""

import math
from dataclasses import dataclass
from enum import StrEnum

from simcore.checks import require_not_negative, require_positive


class Admission(StrEnum):
    """How memory for the cache is given out."""

    RESERVE = "reserve"
    """A request is admitted when its whole cache, prompt and answer, fits."""
    PAGED = "paged"
    """A request is admitted when its prompt fits. If memory runs out the newest is pushed out and
    starts over later, prompt and answer so far; nobody is admitted until another one has left."""


class Prefill(StrEnum):
    """When prompts are processed."""

    ALONE = "alone"
    """In steps of their own; decoding waits."""
    MIXED = "mixed"
    """In pieces beside decoding, at most `max_prompt_tokens` in each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """What one step of the engine takes: a linear model, fitted or from a roofline.

    Attributes
    ----------
    base : float
        Step of any size: weights read, kernels launched. [s]
    per_sequence : float
        Each sequence that decodes a token. [s]
    per_kv_token : float
        Each token of cache that is read. [s]
    per_prompt_token : float
        Each prompt token processed. [s]
    """

    base: float
    per_sequence: float = 0.0
    per_kv_token: float = 0.0
    per_prompt_token: float = 0.0

    def __post_init__(self) -> None:
        require_not_negative(
            base=self.base, per_sequence=self.per_sequence, per_kv_token=self.per_kv_token,
            per_prompt_token=self.per_prompt_token,
        )  # fmt: skip
        require_positive(**{"base + per_sequence": self.base + self.per_sequence})


def step_cost(
    *,
    parameters: float,
    weights: float,
    token_bytes: float,
    bandwidth: float,
    flop_rate: float,
    overhead: float = 0.0,
) -> StepCost:
    """Return what steps cost by the roofline, memory and arithmetic added up.

    Adding instead of taking the slower one errs on the slow side, by less than a factor of two.

    Parameters
    ----------
    parameters : float
        Parameters of the model. [1]
    weights : float
        Size of the weights. [byte]
    token_bytes : float
        Cache of one token. [byte]
    bandwidth : float
        Memory bandwidth of all devices of a replica. [byte/s]
    flop_rate : float
        Arithmetic rate they really reach together. [FLOP/s]
    overhead : float
        Fixed cost of a step. [s]

    Returns
    -------
    StepCost

    Raises
    ------
    ValueError
        If a rate or size is not positive, or the overhead negative.

    References
    ----------
    R. Pope et al., "Efficiently scaling transformer inference", MLSys 2023, section 2.
    arXiv:2211.05102
    """
    require_positive(
        parameters=parameters, weights=weights, token_bytes=token_bytes, bandwidth=bandwidth,
        flop_rate=flop_rate,
    )  # fmt: skip
    require_not_negative(overhead=overhead)
    return StepCost(
        base=weights / bandwidth + overhead,
        per_sequence=2.0 * parameters / flop_rate,
        per_kv_token=token_bytes / bandwidth,
        per_prompt_token=2.0 * parameters / flop_rate,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A replica's limits and costs.

    Attributes
    ----------
    cost : StepCost
        Time of a step.
    kv_tokens : float
        Tokens of cache that fit beside the weights; infinite for no limit. [1]
    max_running : float
        Requests that may be in the engine at once; infinite for no limit. [1]
    max_prompt_tokens : float
        Prompt tokens of one step; alone, a longer prompt still goes in one step. [1]
    admission : Admission
        How cache memory is given out.
    prefill : Prefill
        When prompts are processed.
    """

    cost: StepCost
    kv_tokens: float = math.inf
    max_running: float = math.inf
    max_prompt_tokens: float = math.inf
    admission: Admission = Admission.PAGED
    prefill: Prefill = Prefill.ALONE

    def __post_init__(self) -> None:
        if not (self.kv_tokens > 0 and self.max_running >= 1 and self.max_prompt_tokens >= 1):
            raise ValueError(
                "a replica needs memory, a place and a prompt token a step: "
                f"{self.kv_tokens=}, {self.max_running=}, {self.max_prompt_tokens=}"
            )
