import numpy as np
import pytest

from simcore.equations.workflow import best_of, growth_steps, redone_work, rollout_step


def test_a_constraint_of_stage_one_found_at_stage_five_costs_sixteen_times():
    assert redone_work(2, found=5) == 16
    assert redone_work(3, found=[1, 2, 6]).tolist() == [1, 3, 243]


def test_a_constraint_of_a_later_stage_spares_what_was_done_before():
    # By the end of stages 1 to 5: 1, 2, 4, 8, 16; stage 3 and later are done again.
    assert redone_work(2, found=5, bound=3) == 16 - 2
    assert redone_work(2, found=2, bound=4) == 0


def test_the_best_of_one_is_the_mean_and_the_best_of_many_the_largest():
    results = [0.2, 0.9, 0.4]

    assert best_of(results, 1) == pytest.approx(0.5)
    # By hand: the larger of two draws is 0.2 in 1, 0.4 in 3 and 0.9 in 5 of 9 cases.
    assert best_of(results, 2) == pytest.approx((0.2 + 3 * 0.4 + 5 * 0.9) / 9)
    assert best_of(results, [1e4]) == pytest.approx([0.9])
    assert np.all(np.diff(best_of(results, np.arange(1, 40))) > 0)


def test_five_sites_become_two_hundred_in_six_doublings():
    assert growth_steps(5, 200, factor=2) == 6
    assert growth_steps(1, [1, 8, 9, 1000], factor=2).tolist() == [0, 3, 4, 10]
    assert growth_steps(10, 1000, factor=10) == 2


def test_a_step_exposes_those_whom_new_sites_see_before_its_verdict():
    # Of 25 to 200 sites with 20 patients a day: 2,523 of them take 0.63 days, people take 7.
    step = rollout_step(25, 200, rate=20, needed=2523, pause=7)

    assert step.time == pytest.approx(7.63, abs=0.01)
    assert step.exposed == pytest.approx(175 * 20 * step.time)
    assert rollout_step(200, 200, rate=20, needed=2523).exposed == 0


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="growth must be above 1"):
        redone_work(1, found=3)
    with pytest.raises(ValueError, match="found must be"):
        redone_work(2, found=0)
    with pytest.raises(ValueError, match="factor must be above 1"):
        growth_steps(1, 2, factor=1)
    with pytest.raises(ValueError, match="at least one"):
        best_of([], 3)
