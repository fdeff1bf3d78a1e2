"""The key-value cache, by hand and for published models."""

import pytest

from simcore.catalog import model, names
from simcore.equations.kv_cache import (
    kv_bytes_per_token,
    kv_concurrency,
    latent_bytes_per_token,
    weight_bytes,
)

GB = 1e9


def test_a_long_conversation_of_llama_2_70b_takes_43_gigabytes() -> None:
    token = kv_bytes_per_token(80, 8, 128, 2)

    assert token == 327_680
    assert token * 131_072 == pytest.approx(42.95 * GB, rel=1e-4)


def test_a_key_value_pair_for_every_head_would_take_eight_times_as_much() -> None:
    assert kv_bytes_per_token(80, 64, 128, 2) == 8 * kv_bytes_per_token(80, 8, 128, 2)


def test_ten_such_conversations_fit_a_node_of_eight() -> None:
    fit = kv_concurrency(8 * 80 * GB * 0.9, weight_bytes(68.98e9, 2), 327_680, 131_072)

    assert fit == 10


def test_where_the_weights_alone_are_too_large_nobody_fits() -> None:
    assert kv_concurrency(72 * GB, 138 * GB, 327_680, 1) == 0


def test_one_request_more_needs_its_whole_cache() -> None:
    assert kv_concurrency([29.9, 30.0], 10.0, 2.0, 5).tolist() == [1, 2]


@pytest.mark.parametrize("name", ["llama-2-70b", "llama-3-70b", "llama-3-8b", "mistral-7b",
                                  "llama-3-2-1b", "smollm-135m"])  # fmt: skip
def test_a_models_parameters_are_those_of_its_layers(name: str) -> None:
    found = model(name)
    item = found.item
    assert name in names("models")
    assert found.layers is not None
    assert found.hidden is not None
    assert found.heads is not None
    assert found.kv_heads is not None
    assert found.head_width is not None
    attention = found.hidden * found.head_width * (2 * found.heads + 2 * found.kv_heads)
    feed_forward = 3 * found.hidden * item.value("feed_forward")
    norms = 2 * found.hidden
    tables = 1 if item.value("tied_embeddings") else 2
    total = (
        found.layers * (attention + feed_forward + norms)
        + tables * item.value("vocabulary") * found.hidden
        + found.hidden
    )

    assert found.parameters == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("bad", [0, 2.5])
def test_heads_come_whole(bad: float) -> None:
    with pytest.raises(ValueError, match="kv_heads must be"):
        kv_bytes_per_token(80, bad, 128, 2)


def test_latent_attention_takes_the_70_kilobytes_a_token_that_its_makers_state() -> None:
    # "Insights into DeepSeek-V3", ISCA 2025, table 1: 70.272 KB; Llama-3.1 405B 516.096 KB.
    assert latent_bytes_per_token(61, 512, 64, 2) == 70_272
    assert kv_bytes_per_token(126, 8, 128, 2) == 516_096


def test_latent_attention_refuses_half_a_width() -> None:
    with pytest.raises(ValueError, match="latent_width must be a whole number"):
        latent_bytes_per_token(61, 512.5, 64, 2)
