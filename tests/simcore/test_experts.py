import numpy as np
import pytest

from simcore import solvers
from simcore.equations.experts import touched_parameters

MIXTRAL = {"parameters": 46.7e9, "active": 12.9e9, "experts": 8, "experts_per_token": 2}


def test_one_token_reads_the_active_parameters_and_many_read_all():
    read = touched_parameters(**MIXTRAL, tokens=np.asarray([0, 1, 2, 1000]))

    # 33.8 billion lie beyond the two of eight experts, so 45.07 in all of them and 1.63 outside.
    assert read[0] == pytest.approx(46.7e9 - 33.8e9 / 0.75)
    assert read[1] == pytest.approx(12.9e9)
    assert read[2] == pytest.approx(read[0] + 33.8e9 / 0.75 * (1 - 0.75**2))
    assert read[3] == pytest.approx(46.7e9)


def test_a_dense_model_reads_itself():
    read = touched_parameters(7e9, 7e9, experts=1, experts_per_token=1, tokens=[1, 64])

    assert read.tolist() == [7e9, 7e9]


def test_random_choices_touch_as_many_experts_as_predicted():
    rng = np.random.default_rng(5)
    picks = rng.random((2000, 4, 8)).argsort(axis=2)[:, :, :2].reshape(2000, 8)
    touched = np.mean([np.unique(row).size for row in picks]) / 8

    assert touched == pytest.approx(1 - 0.75**4, rel=0.01)


def test_a_mixture_is_fast_alone_and_no_faster_in_a_large_batch():
    given = {"hardware": "h200-sxm", "devices": 8, "prompt": 1024, "answer": 2, "efficiency": 0.5}
    sparse = {"parameters": 46.7e9, "active_parameters": 12.9e9, "experts": 8,
              "experts_per_token": 2, "layers": 32, "hidden": 4096, "kv_heads": 8,
              "head_width": 128}  # fmt: skip
    dense = {**sparse, "active_parameters": 46.7e9, "experts": 1, "experts_per_token": 1}
    one, all_of = (
        [solvers.solve("serving", **given, **shape, batch=batch).terms["token_gap"].value
         for shape in (sparse, dense)] for batch in (1, 256)
    )  # fmt: skip

    assert one[0] / one[1] == pytest.approx(12.9 / 46.7, rel=0.02)
    assert all_of[0] == pytest.approx(all_of[1], rel=1e-6)


def test_compressed_keys_are_counted_as_they_are_kept():
    found = solvers.solve("serving", model="deepseek-v3", hardware="h200-sxm", devices=16,
                          prompt=1024, answer=1, efficiency=0.5)  # fmt: skip

    assert found.terms["cache"].value == 61 * 576 * 2 * 1025
    with pytest.raises(ValueError, match="or kv_width above 0"):
        solvers.solve("serving", parameters=7e9, layers=32, hidden=4096, hardware="h200-sxm",
                      prompt=1024, answer=1, efficiency=0.5)  # fmt: skip


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="active must not exceed parameters"):
        touched_parameters(1e9, 2e9, experts=8, experts_per_token=2, tokens=1)
