"""A language model answering: first token, gap between tokens, drafts, and places in the cache.

Reading a prompt is bound by arithmetic, writing an answer by memory: each token reads all weights
and the whole cache once.
"""

import numpy as np
from numpy.typing import ArrayLike

from simcore.equations.arguments import Floats, below_one, not_negative, positive, share, whole


def prompt_flop(
    tokens: ArrayLike,
    *,
    parameters: ArrayLike,
    layers: ArrayLike,
    hidden: ArrayLike,
    cached: ArrayLike = 0,
    masked: bool = False,
) -> Floats:
    """Return the arithmetic of reading a prompt, part of which may be in the cache already.

    Parameters
    ----------
    tokens : array_like, shape (n,)
        Tokens of the whole prompt. [token]
    parameters : array_like, shape (n,)
        Parameters of the model. [1]
    layers : array_like, shape (n,)
        Layers. [1]
    hidden : array_like, shape (n,)
        Width of the model: query heads times head width. [1]
    cached : array_like, shape (n,)
        Leading tokens whose keys and values are kept from before. [token]
    masked : bool
        Whether the kernel skips the half of the scores that a causal mask removes.

    Returns
    -------
    ndarray, shape (n,)
        Arithmetic for the tokens that are not cached. [FLOP]

    Raises
    ------
    ValueError
        If an argument is not positive, or more is cached than the prompt holds.

    References
    ----------
    R. Pope et al., "Efficiently scaling transformer inference", MLSys 2023. arXiv:2211.05102
    """
    whole_prompt, kept = positive(tokens, "tokens"), not_negative(cached, "cached")
    new = whole_prompt - kept
    if np.any(new < 0):
        raise ValueError(f"cached must not exceed the prompt's tokens: {cached=}, {tokens=}")
    pairs = new * (whole_prompt - new / 2.0) if masked else new * whole_prompt
    width = positive(layers, "layers") * positive(hidden, "hidden")
    return 2.0 * positive(parameters, "parameters") * new + 4.0 * width * pairs


def first_token_time(
    flop: ArrayLike,
    *,
    flop_rate: ArrayLike,
    overhead: ArrayLike = 0.0,
    pieces: ArrayLike = 1,
    moved: ArrayLike = 0.0,
    network_bandwidth: ArrayLike = 1.0,
) -> Floats:
    """Return the time from the start of a prompt to its first token.

    Parameters
    ----------
    flop : array_like, shape (n,)
        Arithmetic of the prompts. [FLOP]
    flop_rate : array_like, shape (n,)
        Rate that the arithmetic really reaches. [FLOP/s]
    overhead : array_like, shape (n,)
        Fixed cost of each piece. [s]
    pieces : array_like, shape (n,)
        Pieces the prompt is read in, whole. [1]
    moved : array_like, shape (n,)
        Cache sent to another machine that writes the answer. [byte]
    network_bandwidth : array_like, shape (n,)
        Rate of that transfer. [byte/s]

    Returns
    -------
    ndarray, shape (n,)
        Time to the first token. [s]

    Raises
    ------
    ValueError
        If a rate is not positive, an amount negative, or a number of pieces not whole.

    References
    ----------
    Y. Zhong et al., "DistServe", OSDI 2024 (a machine for prompts, another for answers).
    arXiv:2401.09670
    """
    reading = not_negative(flop, "flop") / positive(flop_rate, "flop_rate")
    transfer = not_negative(moved, "moved") / positive(network_bandwidth, "network_bandwidth")
    return reading + whole(pieces, "pieces") * not_negative(overhead, "overhead") + transfer


def token_gap(
    weights: ArrayLike, cache: ArrayLike, *, bandwidth: ArrayLike, overhead: ArrayLike = 0.0
) -> Floats:
    """Return the time between two tokens of an answer, for every request of a batch.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Weights read in each step. [byte]
    cache : array_like, shape (n,)
        Cache of all requests of the batch. [byte]
    bandwidth : array_like, shape (n,)
        Memory bandwidth of all devices that share the model. [byte/s]
    overhead : array_like, shape (n,)
        Fixed cost of a step: launches, all layers. [s]

    Returns
    -------
    ndarray, shape (n,)
        Gap between tokens. [s]

    Raises
    ------
    ValueError
        If a bandwidth is not positive or an amount negative.

    References
    ----------
    R. Pope et al., "Efficiently scaling transformer inference", MLSys 2023, section 2.
    arXiv:2211.05102
    """
    moved = not_negative(weights, "weights") + not_negative(cache, "cache")
    return moved / positive(bandwidth, "bandwidth") + not_negative(overhead, "overhead")


def drafted_tokens(accepted: ArrayLike, drafted: ArrayLike) -> Floats:
    """Return the tokens a round of speculative decoding yields on average.

    A small model drafts K tokens, the large one checks them in one step and keeps those up to the
    first it rejects, and adds one of its own.

    Parameters
    ----------
    accepted : array_like, shape (n,)
        Probability that a drafted token is accepted, independent, below 1. [1]
    drafted : array_like, shape (n,)
        Tokens drafted in each round, whole. [token]

    Returns
    -------
    ndarray, shape (n,)
        Tokens of each round. [token]

    Raises
    ------
    ValueError
        If a probability is outside [0, 1) or a number not whole.

    References
    ----------
    Y. Leviathan et al., "Fast inference from transformers via speculative decoding", ICML 2023,
    equation 1. arXiv:2211.17192
    """
    a, k = below_one(accepted, "accepted"), whole(drafted, "drafted")
    return (1.0 - a ** (k + 1.0)) / (1.0 - a)


def drafted_gap(
    gap: ArrayLike, draft_gap: ArrayLike, *, accepted: ArrayLike, drafted: ArrayLike
) -> Floats:
    """Return the mean time between tokens with speculative decoding.

    Parameters
    ----------
    gap : array_like, shape (n,)
        Step of the large model. [s]
    draft_gap : array_like, shape (n,)
        Step of the small model. [s]
    accepted : array_like, shape (n,)
        Probability that a drafted token is accepted, independent, below 1. [1]
    drafted : array_like, shape (n,)
        Tokens drafted in each round, whole. [token]

    Returns
    -------
    ndarray, shape (n,)
        Mean gap between tokens. [s]

    Raises
    ------
    ValueError
        If a gap is not positive, a probability outside [0, 1) or a number not whole.

    References
    ----------
    Y. Leviathan et al., "Fast inference from transformers via speculative decoding", ICML 2023,
    theorem 3.8. arXiv:2211.17192
    """
    round_time = whole(drafted, "drafted") * positive(draft_gap, "draft_gap") + positive(gap, "gap")
    return round_time / drafted_tokens(accepted, drafted)


def reserved_places(memory: ArrayLike, token_bytes: ArrayLike, longest: ArrayLike) -> Floats:
    """Return how many requests fit if each reserves its longest possible cache.

    Parameters
    ----------
    memory : array_like, shape (n,)
        Memory for the cache. [byte]
    token_bytes : array_like, shape (n,)
        Cache of one token. [byte]
    longest : array_like, shape (n,)
        Tokens a request may reach. [1]

    Returns
    -------
    ndarray, shape (n,)
        Whole requests. [1]

    Raises
    ------
    ValueError
        If a memory is negative or a size not positive.

    References
    ----------
    W. Kwon et al., "PagedAttention", SOSP 2023, section 3.1. doi:10.1145/3600006.3613165
    """
    request = positive(token_bytes, "token_bytes") * positive(longest, "longest")
    return np.floor(not_negative(memory, "memory") / request)


def paged_places(
    memory: ArrayLike,
    token_bytes: ArrayLike,
    longest: ArrayLike,
    *,
    mean: ArrayLike,
    page: ArrayLike,
) -> Floats:
    """Return how many requests fit on average if cache is given out page by page.

    Lengths are exponential, cut at the longest, with the mean asked for.

    Parameters
    ----------
    memory : array_like, shape (n,)
        Memory for the cache. [byte]
    token_bytes : array_like, shape (n,)
        Cache of one token. [byte]
    longest : array_like, shape (n,)
        Tokens a request may reach. [1]
    mean : array_like, shape (n,)
        Mean tokens of a request, at most the longest. [1]
    page : array_like, shape (n,)
        Tokens of one page, whole. [1]

    Returns
    -------
    ndarray, shape (n,)
        Whole requests. [1]

    Raises
    ------
    ValueError
        If a memory is negative, a size not positive, or the mean exceeds the longest.

    References
    ----------
    W. Kwon et al., "PagedAttention", SOSP 2023, section 4. doi:10.1145/3600006.3613165
    """
    size = whole(page, "page")
    pages = mean_pages(mean, longest=longest, page=size)
    request = positive(token_bytes, "token_bytes") * size * pages
    return np.floor(not_negative(memory, "memory") / request)


def mean_pages(mean: ArrayLike, *, longest: ArrayLike, page: ArrayLike) -> Floats:
    """Return the pages a request takes on average; the last one is seldom full.

    Parameters
    ----------
    mean : array_like, shape (n,)
        Mean tokens of a request, at most the longest. [1]
    longest : array_like, shape (n,)
        Tokens at which exponential lengths are cut. [1]
    page : array_like, shape (n,)
        Tokens of one page, whole. [1]

    Returns
    -------
    ndarray, shape (n,)
        Pages. [1]

    Raises
    ------
    ValueError
        If a length is not positive, or the mean exceeds the longest.

    References
    ----------
    W. Kwon et al., "PagedAttention", SOSP 2023, section 4. doi:10.1145/3600006.3613165 (internal
    fragmentation; the mean is the sum of the tail at whole pages).
    """
    m, top, size = np.broadcast_arrays(
        positive(mean, "mean"), positive(longest, "longest"), whole(page, "page")
    )
    if np.any(m > top):
        raise ValueError(f"mean must not exceed the longest: {mean=}, {longest=}")
    scale = _uncut_scale(share(m / top, "mean / longest"))[..., None] * top[..., None]
    starts = np.arange(int(np.ceil(np.max(top / size))))
    tokens = starts * size[..., None]
    tail = np.where(tokens < top[..., None], np.exp(-tokens / scale), 0.0)
    pages: Floats = tail.sum(axis=-1)
    return pages


def _uncut_scale(relative_mean: Floats) -> Floats:
    """Scale of an exponential, cut at 1, that has this mean: x (1 - exp(-1 / x)) = mean."""
    low = relative_mean.astype(float)
    high = np.full(low.shape, 1e12)
    for _ in range(100):
        middle = np.sqrt(low * high)
        mean = -middle * np.expm1(-1.0 / middle)
        low, high = (
            np.where(mean < relative_mean, middle, low),
            np.where(mean < relative_mean, high, middle),
        )
    return np.where(relative_mean >= 1.0, np.inf, np.sqrt(low * high))
