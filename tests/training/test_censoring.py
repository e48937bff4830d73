"""Those who were observed stand for those who were not."""

import numpy as np
import pytest

from models.learners import Lesson
from models.outcomes import Floats, expit
from tests.models.lessons import lesson_of
from training.censoring import observation_weights, scaled

PATIENTS = 6000


def loss_that_follows_severity(seed: int) -> tuple[Lesson, Floats, np.ndarray]:
    """Severe patients recover less and come less to the deciding visit; what all of them did is known here."""
    rng = np.random.default_rng(seed)
    severity = rng.standard_normal((PATIENTS, 1))
    recovered = (rng.random(PATIENTS) < expit(-1.2 * severity[:, 0])).astype(np.float64)
    seen = rng.random(PATIENTS) < expit(0.4 - 1.2 * severity[:, 0])
    return lesson_of(severity, np.full(PATIENTS, np.nan)), recovered, seen


def weights_for(lesson: Lesson, seen: np.ndarray, eligible: np.ndarray, largest: float = 10.0) -> Floats:
    found = observation_weights(lesson, np.zeros(len(seen), dtype=np.intp), seen, eligible)
    return scaled(found, seen & eligible, largest)


def test_the_true_rate_is_recovered_where_the_naive_one_is_off() -> None:
    lesson, recovered, seen = loss_that_follows_severity(1)
    weights = weights_for(lesson, seen, np.ones(PATIENTS, dtype=np.bool_))
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
    lesson = lesson_of(rng.standard_normal((PATIENTS, 1)), np.full(PATIENTS, np.nan))
    weights = observation_weights(lesson, site.astype(np.intp), seen, np.ones(PATIENTS, dtype=np.bool_))
    assert np.average(recovered[seen], weights=weights[seen]) == pytest.approx(recovered.mean(), abs=0.02)
    assert recovered[seen].mean() > recovered.mean() + 0.1


def test_who_was_not_seen_or_is_not_analysed_weighs_nothing() -> None:
    lesson, _, seen = loss_that_follows_severity(3)
    eligible = np.arange(PATIENTS) % 3 > 0
    weights = weights_for(lesson, seen, eligible)
    assert not weights[~(seen & eligible)].any()
    assert (weights[seen & eligible] > 0).all()
    assert weights[seen & eligible].mean() == pytest.approx(1)


def test_no_weight_exceeds_the_cap_by_more_than_the_rescaling() -> None:
    lesson, _, seen = loss_that_follows_severity(4)
    everybody = np.ones(PATIENTS, dtype=np.bool_)
    free, held = (weights_for(lesson, seen, everybody, largest) for largest in (1000.0, 2.0))
    spread = held[seen].max() / held[seen].min()
    assert free[seen].max() / free[seen].min() > spread
    # The overall over the own chance averages about 1 among those seen, before any cap.
    rescaled = np.minimum(free[seen], 2.0)
    np.testing.assert_allclose(held[seen], rescaled / rescaled.mean(), rtol=0.1)


@pytest.mark.parametrize(("missing", "equal"), [(0, True), (19, True), (20, False), (21, False)])
def test_below_twenty_not_observed_nothing_is_estimated(missing: int, equal: bool) -> None:
    lesson, _, _ = loss_that_follows_severity(5)
    seen = np.ones(PATIENTS, dtype=np.bool_)
    seen[np.argsort(lesson.rows[:, 0])[::-1][:missing]] = False
    weights = weights_for(lesson, seen, np.ones(PATIENTS, dtype=np.bool_))
    assert (np.ptp(weights[seen]) == 0) == equal
