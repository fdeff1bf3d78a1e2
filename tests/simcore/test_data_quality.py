import numpy as np
import pytest

from simcore.equations.data_quality import spoiled_share


def test_two_records_in_a_hundred_spoil_a_quarter_of_all_fortnights():
    assert spoiled_share(0.02, 14) == pytest.approx(1 - 0.98**14)
    assert spoiled_share(0.02, 60) == pytest.approx(0.7024, abs=1e-4)
    assert spoiled_share([0.0, 1.0, 0.3], [5, 5, 1]).tolist() == pytest.approx([0, 1, 0.3])


def test_faults_that_come_together_spoil_fewer_features():
    # By hand: a window of 3 meets two blocks of 2 wherever it begins.
    assert spoiled_share(0.1, 3, run=2) == pytest.approx(1 - 0.9**2)
    # A window of 2 meets one block or two, as it begins.
    assert spoiled_share(0.1, 2, run=2) == pytest.approx(0.5 * 0.1 + 0.5 * (1 - 0.9**2))
    runs = spoiled_share(0.02, 30, run=np.asarray([1, 2, 5, 30, 1000]))
    assert np.all(np.diff(runs) < 0)
    assert runs[-1] == pytest.approx(0.02, rel=0.1)


def test_runs_by_simulation():
    rng = np.random.default_rng(1)
    blocks = rng.random(200_000) < 0.03
    wrong = np.repeat(blocks, 5)
    sums = np.concatenate([[0], np.cumsum(wrong)])

    spoiled = np.mean(sums[12:] > sums[:-12])

    assert spoiled == pytest.approx(float(spoiled_share(0.03, 12, run=5)), abs=0.002)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="records must be"):
        spoiled_share(0.1, 0)
    with pytest.raises(ValueError, match="error must lie in 0 to 1"):
        spoiled_share(1.1, 3)
