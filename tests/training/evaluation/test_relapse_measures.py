"""The relapse head over its whole curve."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.evaluation.evaluated_examples import NAN, evaluated_of, once, outcomes_of
from tests.training.metrics.fitted import fitted
from training.evaluation.predictions import EvaluatedPredictions
from training.evaluation.relapse_measures import relapse_measures
from training.outcomes.labels import EndedBy

CENSORED, RELAPSE, COMPETING = EndedBy.CENSORED, EndedBy.RELAPSE, EndedBy.COMPETING
DAYS = (7, 14, 21)


def evaluated(followed: list[float], ended_by: list[EndedBy], by_last_day: list[float]) -> EvaluatedPredictions:
    """Everybody is in remission; a third of the risk is there by day 7, two thirds by day 14."""
    outcomes = outcomes_of([1.0] * len(followed), followed, ended_by)
    return evaluated_of(
        outcomes, None, [[risk / 3, 2 * risk / 3, risk] for risk in by_last_day], DAYS, at_landmark=True
    )


def test_concordance_counts_the_comparable_pairs() -> None:
    # Relapses on days 10 and 20, one free through 30, one with a competing event on day 5 (never relapses).
    seen = evaluated([10.0, 20, 30, 5], [RELAPSE, RELAPSE, CENSORED, COMPETING], [0.6, 0.3, 0.4, 0.5])
    # Day 10 against the three others: 3 right. Day 20 (0.3) against 0.4 and 0.5: none. 3 of 5.
    assert relapse_measures(seen, once(4))["c_index"].estimate == pytest.approx(3 / 5)


def test_what_came_after_the_reach_of_the_curve_is_not_seen() -> None:
    # The relapse of day 25 is beyond day 21: only that of day 10 can be compared, and is right twice.
    seen = evaluated([10.0, 25, 30], [RELAPSE, RELAPSE, CENSORED], [0.6, 0.1, 0.4])
    assert relapse_measures(seen, once(3))["c_index"].estimate == pytest.approx(1.0)


def test_the_integrated_brier_score_is_the_mean_over_the_days() -> None:
    # Nobody is lost. Squared errors: by day 7 nobody relapsed; by day 14 the first did; by day 21 too.
    seen = evaluated([10.0, 30], [RELAPSE, CENSORED], [0.6, 0.3])
    by_7, by_14 = (0.2**2 + 0.1**2) / 2, ((1 - 0.4) ** 2 + 0.2**2) / 2
    by_21 = ((1 - 0.6) ** 2 + 0.3**2) / 2
    # By the trapezoid rule over two weeks of equal length.
    expected = (by_7 / 2 + by_14 + by_21 / 2) / 2
    assert relapse_measures(seen, once(2))["integrated_brier"].estimate == pytest.approx(expected)


def test_repeats_are_averaged_and_drawn_together() -> None:
    found = fitted(repeats=2).evaluated
    draws = np.ones((21, 400))
    draws[1:] = np.random.default_rng(1).multinomial(400, np.full(400, 1 / 400), 20)
    both = relapse_measures(found, draws)
    parts = [relapse_measures(one_repeat(found, repeat), draws) for repeat in range(2)]
    for name, measure in both.items():
        estimates = [part[name].estimate for part in parts]
        assert None not in estimates
        assert measure.estimate == pytest.approx(np.mean(np.array(estimates, dtype=np.float64)))
        assert measure.low is not None
        assert measure.high is not None
        assert measure.low <= measure.estimate <= measure.high  # type: ignore[operator]
    slope = both["calibration_slope"]
    assert slope.estimate == pytest.approx(1.0, abs=0.35)


def one_repeat(found: EvaluatedPredictions, repeat: int) -> EvaluatedPredictions:
    kept = found.repeat == repeat
    arrays = ("patient", "fold", "remission_log_odds", "relapse_score", "relapse", "event_free")
    parts = {name: getattr(found, name)[kept] for name in arrays}
    return replace(found, repeat=np.zeros(int(kept.sum()), dtype=np.intp), **parts)


def test_nothing_is_measured_where_there_is_no_head_or_nobody_at_risk() -> None:
    outcomes = outcomes_of([0.0, 1.0], [NAN, 0.0], [EndedBy.NOT_AT_RISK, CENSORED])
    assert relapse_measures(evaluated_of(outcomes, [0.4, 0.4], None), once(2)) == {}
    assert relapse_measures(evaluated_of(outcomes, [0.4, 0.4], [[0.2], [0.3]]), once(2)) == {}
