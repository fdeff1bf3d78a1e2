"""Serving a language model from one replica: first token, gap, memory, places in the batch."""

from dataclasses import dataclass
from math import ceil

from simcore.crosscheck.case import Machine, Workload
from simcore.crosscheck.roofline_step import LAYER_OVERHEAD
from simcore.equations.kv_cache import kv_bytes_per_token
from simcore.equations.serving import (
    drafted_gap,
    first_token_time,
    mean_pages,
    prompt_flop,
    reserved_places,
    token_gap,
)

DRAFTED = 4
"""Tokens drafted in each round of speculative decoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Times in s, sizes in bytes."""

    first_token: float
    gap: float
    cache: float
    weights: float
    memory: float
    capacity: float
    pieces: int
    longest_piece: float | None

    @property
    def fits(self) -> bool:
        return self.memory <= self.capacity


def cache_of(work: Workload, element: float) -> float:
    """Return the keys and values of one token. [byte]"""
    if work.latent_width:
        return work.layers * work.latent_width * element
    return float(
        kv_bytes_per_token(
            layers=work.layers,
            kv_heads=work.kv_heads,
            head_width=work.head_width,
            bytes_per_value=element,
        )
    )


def reading(
    machine: Machine,
    work: Workload,
    *,
    tokens: float,
    new: float,
    batch: float,
    precision: str,
    efficiency: float,
) -> float:
    """Return the arithmetic time of reading `new` of a prompt's tokens. [s]"""
    flop = prompt_flop(
        tokens,
        parameters=work.parameters,
        layers=work.layers,
        hidden=work.hidden,
        cached=tokens - new,
    )
    return float(first_token_time(flop * batch, flop_rate=machine.peak(precision) * efficiency))


def serve(
    machine: Machine,
    work: Workload,
    *,
    tokens: int,
    batch: int = 1,
    precision: str = "fp16",
    element: float = 2.0,
    efficiency: float = 0.5,
    cached: int = 0,
    chunk: int | None = None,
    decoder: Machine | None = None,
    network: float = 100e9,
    draft: Workload | None = None,
    accepted: float = 0.7,
) -> Serving:
    """Return one replica's figures; `decoder` takes over after the prompt where it is given."""
    new = max(1, tokens - cached)
    pieces = 1 if chunk is None else max(1, ceil(new / chunk))

    def read(amount: float) -> float:
        return reading(machine, work, tokens=tokens, new=amount, batch=batch,
                       precision=precision, efficiency=efficiency)  # fmt: skip

    cache = cache_of(work, element) * tokens * batch
    first = read(new) + pieces * machine.overhead + (cache / network if decoder else 0.0)
    writer = decoder or machine
    weights = work.size(element)
    gap = float(
        token_gap(weights, cache, bandwidth=writer.bandwidth, overhead=LAYER_OVERHEAD * work.layers)
    )
    memory = weights + cache
    if draft is not None:
        small = cache_of(draft, element) * tokens * batch
        draft_gap = token_gap(draft.size(element), small, bandwidth=writer.bandwidth)
        gap = _speculative(gap, float(draft_gap), accepted)
        memory += draft.size(element)
    return Serving(
        first_token=first,
        gap=gap,
        cache=cache,
        weights=weights,
        memory=memory,
        capacity=writer.capacity,
        pieces=pieces,
        longest_piece=None if chunk is None else read(min(chunk, new)) + machine.overhead,
    )


def _speculative(gap: float, draft_gap: float, accepted: float) -> float:
    if accepted == 1.0:
        return (DRAFTED * draft_gap + gap) / (DRAFTED + 1)
    return float(drafted_gap(gap, draft_gap, accepted=accepted, drafted=DRAFTED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Requests that share a replica with the cache reserved whole and given out by pages."""

    reserved: int
    paged: int
    page_tokens: float
    """Mean tokens of cache a request holds, its last page counted full."""
    rate: float
    reserved_rate: float
    gap: float

    @property
    def speedup(self) -> float:
        if self.reserved_rate > 0:
            return self.rate / self.reserved_rate
        return float("inf") if self.rate > 0 else 1.0


def places(
    machine: Machine,
    work: Workload,
    *,
    longest: int,
    mean: float,
    most: int,
    page: int,
    element: float,
) -> Places | None:
    """Return the places, None where the weights alone do not fit."""
    weights, token = work.size(element), cache_of(work, element)
    free = machine.capacity - weights
    if free <= 0:
        return None
    reserved = min(most, int(reserved_places(free, token, longest)))
    pages = float(mean_pages(mean, longest=longest, page=page))
    # The pool holds whole pages; the small amount keeps a share that is whole from falling short.
    paged = min(most, int(free / token // page / pages + 1e-9))

    def gap(requests: int) -> float:
        return float(token_gap(weights, token * requests * mean, bandwidth=machine.bandwidth))

    return Places(
        reserved=reserved,
        paged=paged,
        page_tokens=page * pages,
        rate=paged / gap(paged),
        reserved_rate=reserved / gap(reserved),
        gap=gap(paged),
    )
