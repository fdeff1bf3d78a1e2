"""First tokens, gaps, drafts and pages, against published cases and by hand."""

import numpy as np
import pytest

from simcore.equations.serving import (
    drafted_gap,
    drafted_tokens,
    first_token_time,
    mean_pages,
    paged_places,
    prompt_flop,
    reserved_places,
    token_gap,
)

H100 = 989e12
TOKEN_8B, TOKEN_70B = 131_072, 327_680


def llama_8b(tokens: int, *, cached: int = 0, masked: bool = False) -> float:
    return float(
        prompt_flop(tokens, parameters=8.03e9, layers=32, hidden=4096, cached=cached, masked=masked)
    )


def test_a_prompt_of_2048_tokens_takes_a_70b_model_607_ms() -> None:
    flop = prompt_flop(2048, parameters=70.6e9, layers=80, hidden=8192)

    assert first_token_time(flop, flop_rate=H100 / 2, overhead=1e-5) == pytest.approx(
        0.6070326820581598, rel=1e-9
    )


def test_a_batch_of_sixteen_long_prompts_takes_sixteen_times_as_long() -> None:
    flop = 16 * llama_8b(8192)

    assert first_token_time(flop, flop_rate=H100 / 2, overhead=1e-5) == pytest.approx(
        5.395290633814585, rel=1e-9
    )


def test_half_a_prompt_in_the_cache_halves_the_arithmetic() -> None:
    new = llama_8b(8192, cached=4096)

    assert new == pytest.approx(llama_8b(8192) / 2)
    assert first_token_time(new, flop_rate=H100 / 2, overhead=1e-5, pieces=8) == pytest.approx(
        0.16868251980670578, rel=1e-9
    )


def test_a_cache_sent_to_another_machine_comes_on_top() -> None:
    flop, cache = llama_8b(8192), 8192 * TOKEN_8B

    assert first_token_time(
        flop, flop_rate=H100 / 2, overhead=1e-5, moved=cache, network_bandwidth=50e9
    ) == pytest.approx(0.35868987609341156, rel=1e-9)


def test_a_causal_mask_saves_half_of_the_scores_of_a_fresh_prompt() -> None:
    full, masked = (llama_8b(1000, masked=mask) for mask in (False, True))
    linear = 2 * 8.03e9 * 1000

    assert (masked - linear) == pytest.approx((full - linear) / 2)


@pytest.mark.parametrize(
    ("weights", "cache", "bandwidth", "overhead", "gap"),
    [
        (141.2e9, 2048 * TOKEN_70B, 3.35e12, 80e-5, 0.04314957869850746),
        (16.06e9, 16 * 8192 * TOKEN_8B, 3.35e12, 32e-5, 0.010242349010149255),
        (16.06e9, 8192 * TOKEN_8B, 4.8e12, 32e-5, 0.003889529546666667),
    ],
)
def test_the_gap_between_tokens_is_weights_and_cache_over_bandwidth(
    weights: float, cache: float, bandwidth: float, overhead: float, gap: float
) -> None:
    found = token_gap(weights, cache, bandwidth=bandwidth, overhead=overhead)

    assert found == pytest.approx(gap, rel=1e-9)


def test_drafts_that_are_always_refused_yield_one_token_a_round() -> None:
    assert drafted_tokens(0.0, 4) == 1.0
    assert drafted_gap(0.04, 0.004, accepted=0.0, drafted=4) == pytest.approx(0.056)


def test_drafts_at_eighty_per_cent_yield_the_published_count() -> None:
    # Leviathan et al., table 1 region: 4 drafts at 0.8 give 3.36 tokens a round.
    assert drafted_tokens(0.8, 4) == pytest.approx(1 + 0.8 + 0.64 + 0.512 + 0.4096)


def test_more_accepted_drafts_are_never_slower() -> None:
    gaps = drafted_gap(0.04, 0.004, accepted=np.linspace(0, 0.99, 30), drafted=4)

    assert (np.diff(gaps) < 0).all()


def test_pages_hold_what_reservations_waste() -> None:
    pages = mean_pages(1024, longest=8192, page=16)

    assert 1 - 1024 / (16 * pages) == pytest.approx(0.007769367691763729, rel=1e-6)
    assert mean_pages(8192, longest=8192, page=16) == pytest.approx(512)


def test_paging_multiplies_the_places_by_the_unused_share() -> None:
    memory = 69.8e9
    reserved = reserved_places(memory, TOKEN_8B, 8192)
    paged = paged_places(memory, TOKEN_8B, 8192, mean=1024, page=16)

    assert reserved == 65
    assert paged == np.floor(memory / (TOKEN_8B * 16 * mean_pages(1024, longest=8192, page=16)))
    assert paged / reserved == pytest.approx(8, rel=0.02)


def test_arrays_and_scalars_agree() -> None:
    means = np.array([100.0, 1024.0, 8192.0])

    np.testing.assert_allclose(
        mean_pages(means, longest=8192, page=16),
        [float(mean_pages(m, longest=8192, page=16)) for m in means],
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: llama_8b(10, cached=11), "must not exceed the prompt"),
        (lambda: drafted_tokens(1.0, 4), "accepted must be below 1"),
        (lambda: mean_pages(9000, longest=8192, page=16), "must not exceed the longest"),
        (lambda: first_token_time(1.0, flop_rate=0.0), "flop_rate must be positive"),
    ],
)
def test_what_has_no_meaning_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
