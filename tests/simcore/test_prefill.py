import numpy as np
import pytest

from simcore.equations import prefill

LLAMA_70B = {"parameters": 70e9, "layers": 80, "hidden": 8192}


def test_reading_a_conversation_back_takes_a_third_of_a_second_on_eight_accelerators():
    time = prefill.prefill_time(8192 + 600, **LLAMA_70B, peak_flop_rate=8 * 989e12, efficiency=0.5)

    assert time == pytest.approx(0.337, abs=5e-4)


def test_attention_is_a_small_part_of_a_short_prefill_and_most_of_a_long_one():
    tokens = np.array([8792, 1_000_000])
    attention = 1 - 2 * 70e9 * tokens / prefill.prefill_flop(tokens, **LLAMA_70B)

    assert attention[0] == pytest.approx(0.076, abs=5e-4)
    assert attention[1] > 0.9


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="efficiency"):
        prefill.prefill_time(10, **LLAMA_70B, peak_flop_rate=1e12, efficiency=1.2)
    with pytest.raises(ValueError, match="tokens"):
        prefill.prefill_flop(-1, **LLAMA_70B)
