"""What a landmark adds, what its patients were like, and how two cohorts' patients differ."""

import numpy as np
import pytest

from features.catalogue import Feature, catalogue
from features.protocol.document import Protocol
from tests.training.evaluation.evaluated_examples import NAN, asked_of, evaluated_of, once, outcomes_of
from tests.training.evidences import good_evidence, with_landmarks
from training.evaluation.case_mix import case_mix
from training.evaluation.case_mix_comparison import compare_case_mix
from training.evaluation.gains import gain
from training.evaluation.gather import _gains
from training.evidence.document import FeatureSummary
from training.metrics.draws import Draws
from training.outcomes.labels import EndedBy


def test_the_gain_is_later_less_earlier_on_the_patients_asked_at_both() -> None:
    earlier = asked_of([1, 0, 1], [0.5, 0.5, 0.9], patient=[0, 1, 2])
    later = asked_of([1, 0, NAN, 0], [0.8, 0.4, 0.5, 0.1], patient=[0, 1, 2, 3])
    found = gain("before", earlier, later, once(4))
    assert found is not None
    assert found.n == 2  # patients 0 and 1
    # Brier 0.25 for both before; (0.2^2 + 0.4^2) / 2 after.
    assert found.measures["brier"].estimate == pytest.approx(0.10 - 0.25)
    assert found.measures["auc"].estimate == pytest.approx(1.0 - 0.5)


def test_the_same_predictions_gain_nothing_though_the_weights_of_the_landmarks_differ() -> None:
    answers, predicted = [1.0, 0, 1, 0], [0.8, 0.3, 0.4, 0.6]
    earlier = asked_of(answers, predicted, weights=[1.0, 2.0, 3.0, 1.0])
    later = asked_of(answers, predicted, weights=[3.0, 1.0, 1.0, 2.0])
    found = gain("before", earlier, later, once(4))
    assert found is not None
    assert [measure.estimate for measure in found.measures.values()] == pytest.approx([0.0, 0.0, 0.0])


def test_where_nobody_was_asked_at_both_there_is_no_gain() -> None:
    assert gain("before", asked_of([1, 0], [0.5, 0.5]), asked_of([NAN, NAN], [0.5, 0.5]), once(2)) is None


def test_landmarks_from_which_different_days_are_counted_are_not_compared() -> None:
    outcomes = outcomes_of([1.0] * 12, [200.0] * 12, [EndedBy.CENSORED] * 12)
    seen = evaluated_of(outcomes, None, [[0.2]] * 12, at_landmark=True)
    draws = Draws(once(12), once(12), "patients", 2, 1)
    assert _gains([seen, seen], 1, draws) == []
    seen = evaluated_of(outcomes, [0.4] * 12, [[0.2]] * 12)
    assert [(found.head, found.n) for found in _gains([seen, seen], 1, draws)] == [("remission", 12), ("relapse", 12)]
    assert _gains([seen, seen], 0, draws) == []


def summaries(*columns: list[float], eligible: list[bool] | None = None) -> list[FeatureSummary]:
    declared: tuple[Feature, ...] = catalogue(Protocol())[: len(columns)]
    values = np.array(columns, dtype=np.float64).T
    return case_mix(values, declared, np.array(eligible or [True] * len(values)))


def test_the_case_mix_is_of_those_recorded_among_the_eligible() -> None:
    values = [float(value) for value in range(11)] + [NAN] * 4 + [1000.0]
    (found,) = summaries(values, eligible=[True] * 15 + [False])
    assert (found.recorded, found.missing_share) == (11, pytest.approx(4 / 15))
    assert (found.mean, found.q05, found.q50, found.q95) == (5.0, 0.5, 5.0, 9.5)
    assert found.sd == pytest.approx(np.sqrt(10.0))  # the mean of 0^2, 1^2 ... 5^2 on both sides: 110 / 11


def test_figures_of_fewer_than_ten_are_left_out_and_nobody_has_none() -> None:
    few, enough = summaries([1.0] * 9 + [NAN], [0.0, 1.0] * 5)
    assert (few.recorded, few.mean, few.q50) == (9, None, None)
    assert (enough.mean, enough.sd, enough.q50) == (0.5, 0.5, None)  # yes or no: a share only
    (nobody,) = summaries([1.0] * 12, eligible=[False] * 12)
    assert (nobody.recorded, nobody.missing_share, nobody.mean) == (0, 1.0, None)


def summary(name: str, mean: float | None, sd: float | None) -> FeatureSummary:
    return FeatureSummary(
        name=name, meaning="", unit="", recorded=20, missing_share=0.0, mean=mean, sd=sd, q05=None, q50=None, q95=None
    )


def test_cohorts_are_compared_in_pooled_standard_deviations_the_most_different_first() -> None:
    before = [summary("a", 10.0, 3.0), summary("b", 1.0, 1.0), summary("c", None, None), summary("d", 2.0, 0.0)]
    after = [summary("b", 1.1, 1.0), summary("a", 7.5, 4.0), summary("c", 1.0, 1.0), summary("d", 3.0, 0.0)]
    after.append(summary("new", 1.0, 1.0))
    development = with_landmarks(good_evidence(), lambda mark: mark.model_copy(update={"case_mix": before}))
    validation = with_landmarks(good_evidence(), lambda mark: mark.model_copy(update={"case_mix": after}))
    first = development.landmarks[0].name
    rows = {row.feature: row for row in compare_case_mix(development, validation) if row.landmark == first}
    assert list(rows) == ["a", "b", "c", "d"]
    # sqrt((3^2 + 4^2) / 2) = sqrt(12.5)
    assert rows["a"].standardised_difference == pytest.approx((7.5 - 10.0) / np.sqrt(12.5))
    assert rows["b"].standardised_difference == pytest.approx(0.1)
    assert rows["c"].standardised_difference is None
    assert rows["d"].standardised_difference is None
