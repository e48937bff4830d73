"""Those who were observed stand for those who were not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.build import build_features
from features.records.cohort import Cohort
from models.fitting.learners import TrainingData
from models.outcomes import Floats, expit
from tests.models.training_sets import training_data_of
from tests.training.outcomes.followed import DECIDING, PatientCourse, cohort_of
from tests.training.trainings import QUICK
from training.cohort.reader import read_cohort
from training.outcomes.labels import derive_outcomes
from training.outcomes.observation_weights import observation_weights, remission_weights, scaled

PATIENTS = 6000


def loss_that_follows_severity(seed: int) -> tuple[TrainingData, Floats, np.ndarray]:
    """Severe patients recover less and come less to the deciding visit; what all of them did is known here."""
    rng = np.random.default_rng(seed)
    severity = rng.standard_normal((PATIENTS, 1))
    recovered = (rng.random(PATIENTS) < expit(-1.2 * severity[:, 0])).astype(np.float64)
    seen = rng.random(PATIENTS) < expit(0.4 - 1.2 * severity[:, 0])
    return training_data_of(severity, np.full(PATIENTS, np.nan)), recovered, seen


def weights_for(training_data: TrainingData, seen: np.ndarray, eligible: np.ndarray, largest: float = 10.0) -> Floats:
    found = observation_weights(training_data, np.zeros(len(seen), dtype=np.intp), seen, eligible, QUICK)
    return scaled(found, seen & eligible, largest)


def test_the_true_rate_is_recovered_where_the_naive_one_is_off() -> None:
    training_data, recovered, seen = loss_that_follows_severity(1)
    weights = weights_for(training_data, seen, np.ones(PATIENTS, dtype=np.bool_))
    true, naive = recovered.mean(), recovered[seen].mean()
    noise = np.sqrt(0.25 / PATIENTS)
    assert naive - true > 10 * noise
    assert np.average(recovered[seen], weights=weights[seen]) == pytest.approx(true, abs=4 * noise)


def test_sites_that_follow_up_badly_are_made_up_for() -> None:
    """Two sites without any feature to tell them apart: 90% seen where 70% recover, 30% seen where 20% do."""
    site = np.repeat([0, 1], PATIENTS // 2)
    rng = np.random.default_rng(2)
    recovered = (rng.random(PATIENTS) < np.where(site == 0, 0.7, 0.2)).astype(np.float64)
    seen = rng.random(PATIENTS) < np.where(site == 0, 0.9, 0.3)
    training_data = training_data_of(rng.standard_normal((PATIENTS, 1)), np.full(PATIENTS, np.nan))
    weights = observation_weights(training_data, site.astype(np.intp), seen, np.ones(PATIENTS, dtype=np.bool_), QUICK)
    assert np.average(recovered[seen], weights=weights[seen]) == pytest.approx(recovered.mean(), abs=0.02)
    assert recovered[seen].mean() > recovered.mean() + 0.1


def test_who_was_not_seen_or_is_not_analysed_weighs_nothing() -> None:
    training_data, _, seen = loss_that_follows_severity(3)
    eligible = np.arange(PATIENTS) % 3 > 0
    weights = weights_for(training_data, seen, eligible)
    assert not weights[~(seen & eligible)].any()
    assert (weights[seen & eligible] > 0).all()
    assert weights[seen & eligible].mean() == pytest.approx(1)


def test_no_weight_exceeds_the_cap_by_more_than_the_rescaling() -> None:
    training_data, _, seen = loss_that_follows_severity(4)
    everybody = np.ones(PATIENTS, dtype=np.bool_)
    free, held = (weights_for(training_data, seen, everybody, largest) for largest in (1000.0, 2.0))
    spread = held[seen].max() / held[seen].min()
    assert free[seen].max() / free[seen].min() > spread
    # The overall over the own chance averages about 1 among those seen, before any cap.
    rescaled = np.minimum(free[seen], 2.0)
    np.testing.assert_allclose(held[seen], rescaled / rescaled.mean(), rtol=0.1)


@pytest.mark.parametrize(("missing", "equal"), [(0, True), (19, True), (20, False), (21, False)])
def test_below_twenty_not_observed_nothing_is_estimated(missing: int, equal: bool) -> None:
    training_data, _, _ = loss_that_follows_severity(5)
    seen = np.ones(PATIENTS, dtype=np.bool_)
    seen[np.argsort(training_data.rows[:, 0])[::-1][:missing]] = False
    weights = weights_for(training_data, seen, np.ones(PATIENTS, dtype=np.bool_))
    assert (np.ptp(weights[seen]) == 0) == equal


def seen_by_the_last_rating() -> tuple[Cohort, Floats]:
    """Who came to the deciding visit depends on the rating of day 5 alone, before the window; and who recovered too.

    At the landmark, on day 0, the baseline alone is known, from which the rating of day 5 hardly follows. The
    cohort as it was seen, and who recovered, shape (patients,).
    """
    rng = np.random.default_rng(6)
    baseline = rng.integers(12, 22, PATIENTS)
    rating = np.clip(baseline - rng.integers(0, 17, PATIENTS), 0, 21)
    recovered = rng.random(PATIENTS) < expit(-0.3 * (rating - 6.0))
    seen = rng.random(PATIENTS) < expit(0.8 - 0.25 * (rating - 6.0))
    patients = [
        PatientCourse([(0, worst), (5, later), *([(DECIDING, 3 if well else 14)] if here else [])])
        for worst, later, well, here in zip(
            baseline.tolist(), rating.tolist(), recovered.tolist(), seen.tolist(), strict=True
        )
    ]
    return cohort_of(patients), recovered.astype(np.float64)


def test_the_true_rate_is_recovered_where_being_seen_depends_on_the_last_rating_before_the_window() -> None:
    """Weights from the landmark's features leave it off: the rating came after the landmark."""
    cohort, recovered = seen_by_the_last_rating()
    outcomes = derive_outcomes(cohort, cohort.protocol.landmarks[0])
    seen = ~np.isnan(outcomes.remission)
    assert (outcomes.remission[seen] == recovered[seen]).all()
    true, noise = recovered.mean(), np.sqrt(0.25 / PATIENTS)
    (weights,) = remission_weights(cohort, [outcomes], QUICK)
    assert np.average(recovered[seen], weights=weights[seen]) == pytest.approx(true, abs=4 * noise)
    features = build_features(cohort, cohort.protocol.landmarks[0])
    binomial, signs = training_data_of(features.values, outcomes.remission).binomial, (0,) * len(features.names)
    training_data = TrainingData(features.values, binomial, features.names, signs, 7)
    before = observation_weights(training_data, cohort.site, seen, outcomes.eligible, QUICK)
    assert np.average(recovered[seen], weights=before[seen]) > true + 10 * noise
    assert recovered[seen].mean() > true + 10 * noise


def test_who_enters_at_two_landmarks_weighs_the_same_beside_the_others_at_both(simulated: Path) -> None:
    """One chance of being seen for each patient, whatever the moment of prediction; each landmark's mean is 1."""
    cohort = read_cohort(simulated)
    outcomes = [derive_outcomes(cohort, landmark) for landmark in cohort.protocol.landmarks]
    weights = remission_weights(cohort, outcomes, QUICK)
    for weight, outcome in zip(weights, outcomes, strict=True):
        counted = outcome.eligible & ~np.isnan(outcome.remission)
        assert ((weight > 0) == counted).all()
        assert weight[counted].mean() == pytest.approx(1)
    assert np.ptp(weights[0][weights[0] > 0]) > 0.1
    for later in weights[1:]:
        both = (weights[0] > 0) & (later > 0)
        assert both.sum() > 200
        ratio = later[both] / weights[0][both]
        np.testing.assert_allclose(ratio, ratio[0])


def test_no_outcome_enters_the_weights(simulated: Path) -> None:
    """Remission of everybody turned round, seen where it was seen: not a bit of a weight moves."""
    cohort = read_cohort(simulated)
    outcomes = [derive_outcomes(cohort, landmark) for landmark in cohort.protocol.landmarks]
    turned = [replace(outcome, remission=1 - outcome.remission) for outcome in outcomes]
    for weight, other in zip(
        remission_weights(cohort, outcomes, QUICK), remission_weights(cohort, turned, QUICK), strict=True
    ):
        np.testing.assert_array_equal(weight, other)


def test_nobody_kept_weighs_nothing() -> None:
    assert scaled(np.array([2.0, 3.0]), np.zeros(2, dtype=np.bool_), 10.0).tolist() == [0, 0]


def test_weights_are_capped_before_they_average_1() -> None:
    """9, 1 and 2 with a cap of 3: 3, 1 and 2, whose mean is 2; the one left out has none."""
    kept = np.array([True, True, False, True])
    assert scaled(np.array([9.0, 1, 5, 2]), kept, 3.0).tolist() == [3 / 2, 1 / 2, 0, 2 / 2]
