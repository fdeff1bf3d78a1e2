import pytest

from simcore.equations.drift import retraining_cost
from simcore.equations.monitoring import (
    canary_time,
    compounded,
    decisions_per_alarm,
    false_alarms,
    undetected_loss,
    watching_cost,
)
from simcore.equations.tiers import mean_access_time, tier_index

DAY = 86400.0


def test_a_thousand_metrics_at_three_deviations_alarm_864_times_a_day():
    daily = false_alarms(1000, check_rate=288 / DAY, false_alarm=0.003) * DAY

    assert daily == pytest.approx(864)
    folded = false_alarms(1000, check_rate=288 / DAY, false_alarm=0.003, correlated=10) * DAY
    assert folded == pytest.approx(86.4)


def test_one_false_alarm_a_month_is_one_in_two_and_a_half_million_seconds():
    spacing = decisions_per_alarm(1, 1 / (30 * 86_400))

    assert spacing == pytest.approx(2_592_000)
    assert false_alarms(1, check_rate=1, false_alarm=1 / spacing) * 30 * 86_400 == pytest.approx(1)


def test_one_per_cent_of_a_million_requests_an_hour_gives_ten_thousand_in_an_hour():
    assert canary_time(10_000, traffic=1e6 / 3600, canary_share=0.01) == pytest.approx(3600)


def test_errors_grow_through_stages_and_end_at_one():
    # 2% through six stages of 1.4; 5% through ten cycles of 1.26.
    assert compounded(0.02, factor=1.4, stages=6) == pytest.approx(0.1506, abs=1e-4)
    assert compounded(0.05, factor=1.26, stages=10) == pytest.approx(0.504, abs=1e-3)
    assert compounded(0.5, factor=2, stages=5) == 1


def test_half_a_per_cent_unnoticed_for_a_day_costs_a_million():
    found = undetected_loss(5000, value=0.5, drop=0.005, unnoticed=DAY)

    assert found == pytest.approx(1_080_000)


def test_tiers_are_a_step():
    assert tier_index([16e3, 32e3, 33e3, 1e9], [32e3, 512e3, 8e9]).tolist() == [0, 0, 1, 2]
    assert tier_index(1e10, [32e3, 512e3]) == 2


def test_the_mean_access_time_of_the_book():
    # Hennessy and Patterson, appendix B: hit time + miss rate x miss penalty.
    assert mean_access_time([0.9], [1e-9, 100e-9]) == pytest.approx(11e-9)
    assert mean_access_time([0.9, 0.5], [1e-9, 10e-9, 100e-9]) == pytest.approx(7e-9)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="capacities must grow"):
        tier_index(1, [2e3, 1e3])
    with pytest.raises(ValueError, match="one latency more"):
        mean_access_time([0.9], [1e-9])
    with pytest.raises(ValueError, match="canary_share must be positive"):
        canary_time(1, traffic=1, canary_share=0)
    with pytest.raises(ValueError, match="drop must lie in 0 to 1"):
        undetected_loss(1, value=1, drop=2, unnoticed=1)


WATCHED = {
    "training": 20e3, "decay": 120 / DAY**2, "event_rate": 4 / (365 * DAY),
    "event_loss": 8000 / DAY, "labels_needed": 500.0, "label_price": 1.0,
    "false_alarm": 0.05, "alarm_price": 2000.0,
}  # fmt: skip


def test_watching_by_hand():
    terms = watching_cost(17 * DAY, 100 / DAY, **WATCHED)

    # 20,000 / 17, 120 * 17 / 2, 4 / 365 * 8,000 * 5, 100 labels, a test in 5 days.
    found = [float(term) * DAY for term in terms]
    assert found == pytest.approx([1176.5, 1020.0, 438.4, 100.0, 20.0], abs=0.1)
    assert terms.total * DAY == pytest.approx(sum(found))


def test_without_labels_an_event_lasts_until_the_next_training():
    blind = watching_cost(17 * DAY, 0.0, **WATCHED)

    assert blind.events * DAY == pytest.approx(4 / 365 * 8000 * 8.5)
    assert blind.labels == blind.alarms == 0
    plain = retraining_cost(17 * DAY, cost=20e3, decay=120 / DAY**2)
    assert blind.training + blind.staleness == pytest.approx(float(plain.total))
    with pytest.raises(ValueError, match="labels_needed must be positive"):
        watching_cost(DAY, 0.0, **{**WATCHED, "labels_needed": 0})
