"""What is compared at a landmark, and how large a change is said to be: a hand-made reference, and a log beside it.

Of a hundred training patients ninety had the age recorded, ten of each decade from under 30 to over 100, and eighty
were women.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from training.monitoring.statistics.calendar import Calendar
from training.monitoring.statistics.checks import Kind, MonitoredItem, MonitoringFinding
from training.monitoring.statistics.drift import drift_at
from training.monitoring.statistics.e_processes import change_in_ranks
from training.monitoring.statistics.logged import LandmarkPredictions, LoggedPrediction
from training.monitoring.statistics.ranks import ranks, ties
from training.monitoring.statistics.reference import (
    AnsweredReference,
    AnswerReference,
    FeatureReference,
    LandmarkReference,
    Spread,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
AGES = Spread(cuts=[20.0 + 10 * number for number in range(1, 9)], counts=[10] * 9)
REFERENCE = LandmarkReference(
    name="first",
    patients=100,
    features=[
        FeatureReference(name="age_years", recorded=90, spread=AGES),
        FeatureReference(name="sex_female", recorded=100, spread=Spread(cuts=[0.0], counts=[20, 80])),
    ],
    answers=[
        AnswerReference(
            head="remission",
            horizon_days=None,
            patients=100,
            mean=0.3,
            spread=Spread(cuts=[0.2, 0.4], counts=[30, 40, 30]),
        )
    ],
    answered=AnsweredReference(groups=[["inside"], ["at_the_edge", "not_predicted"]], counts=[90, 10]),
)


def log_of(
    ages: Sequence[float | None], female: float = 1.0, verdict: str = "inside", remission: float = 0.3
) -> LandmarkPredictions:
    """A patient every day with these ages, and the same answers for all."""
    answer = {"outcome": "predicted", "applicability": {"verdict": verdict}, "remission": {"probability": remission}}
    made = [
        LoggedPrediction(
            prediction_id=f"p{number}",
            at=START + timedelta(days=number),
            model_digest="d",
            model_version="1",
            run_id="r",
            landmark="first",
            landmark_day=0,
            patient=f"h{number}",
            row={"sex_female": female} | ({} if age is None else {"age_years": age}),
            answer=answer,
        )
        for number, age in enumerate(ages)
    ]
    return LandmarkPredictions("first", made, made, made)


def found_of(at: LandmarkPredictions, kind: Kind, name: str = "") -> MonitoringFinding:
    """What is found of one thing, whose share of the false alarms is all."""
    item = MonitoredItem("first", kind, name)
    calendar = Calendar.between(START, at.asked[-1].at)
    (found,) = drift_at(REFERENCE, at, calendar, {item: 1.0})
    return found


def test_values_are_ranked_among_the_training_s_in_the_order_of_their_coming() -> None:
    at = log_of([25.0, None, 85.0, 44.0])
    found = found_of(at, "value", "age_years")
    kept = ["p0", "p2", "p3"]
    ranked = ranks(np.full(9, 10.0), np.array([0, 6, 2]), ties(kept, "value age_years"))
    expected = change_in_ranks(ranked, np.zeros(3, np.intp), 1, np.full(4, 0.25))
    assert found.course.log_wealth == pytest.approx(expected.log_wealth)
    assert found.patients == 3


def test_recorded_or_not_is_ranked_by_the_proportions_of_the_training() -> None:
    at = log_of([25.0, None, 85.0])
    ranked = ranks(np.array([90.0, 10.0]), np.array([0, 1, 0]), ties(["p0", "p1", "p2"], "recorded age_years"))
    expected = change_in_ranks(ranked, np.zeros(3, np.intp), 1, np.array([91 / 102, 11 / 102]))
    assert found_of(at, "recorded", "age_years").course.log_wealth == pytest.approx(expected.log_wealth)


def test_the_size_of_a_share_is_the_difference() -> None:
    size = found_of(log_of([40.0] * 6 + [None] * 6), "recorded", "age_years").size
    assert size is not None
    assert (size.reference, size.recent, size.difference, size.patients) == pytest.approx((0.9, 0.5, -0.4, 12))


def test_a_shift_is_in_standard_deviations_of_the_training() -> None:
    """All in the third bin from the top: 65 of 90 are below, half of their own bin included, 0.7222 of them.

    Of two normal distributions with the standard deviation 1 the second lies above the first with this chance when
    it is sqrt(2) times 0.5895 = 0.834 higher.
    """
    size = found_of(log_of([85.0] * 15), "value", "age_years").size
    assert size is not None
    assert size.difference == pytest.approx(0.834, abs=0.001)


def test_a_yes_is_reported_by_its_proportion_too() -> None:
    size = found_of(log_of([40.0] * 12, female=0.0), "value", "sex_female").size
    assert size is not None
    assert (size.reference, size.recent) == (0.8, 0.0)
    assert size.difference < -0.5


def test_a_share_that_would_disclose_a_few_patients_is_not_disclosed() -> None:
    for missing, disclosed in ((0, True), (1, False), (4, False), (5, True)):
        size = found_of(log_of([40.0] * 20 + [None] * missing), "recorded", "age_years").size
        assert size is not None
        assert size.disclosed == disclosed, missing


def test_of_fewer_than_ten_recent_patients_there_is_no_size() -> None:
    assert found_of(log_of([40.0] * 9), "value", "age_years").size is None
    assert found_of(log_of([40.0] * 10), "value", "age_years").size is not None


def test_recent_are_the_last_ninety_days() -> None:
    """A patient a day: 200 of 25 years, then 91 of 95 years, the first of whom came ninety days before the last."""
    size = found_of(log_of([25.0] * 200 + [95.0] * 91), "value", "age_years").size
    assert size is not None
    assert size.patients == 91
    assert size.difference == pytest.approx(np.sqrt(2) * 0.967, abs=0.01)  # above 75 of 90


def test_answers_are_compared_with_the_training_s() -> None:
    size = found_of(log_of([40.0] * 12, remission=0.6), "probability", "remission").size
    assert size is not None
    assert (size.reference, size.recent) == pytest.approx((0.3, 0.6))
    assert size.difference > 1


def test_who_is_at_the_edge_is_counted_with_who_gets_no_prediction_where_the_reference_does() -> None:
    size = found_of(log_of([40.0] * 12, verdict="at_the_edge"), "answered").size
    assert size is not None
    assert (size.reference, size.recent) == pytest.approx((0.1, 1.0))
