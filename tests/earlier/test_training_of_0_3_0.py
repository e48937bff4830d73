"""What version 0.3.0 trained on comes out again, and a fit on it gives the same numbers.

The outcomes are those of 0.3.0 for the same records. On the training data of 0.3.0, at its parameters, boosted trees
are the same. A logistic regression differs by its solver: that of 0.4.0, with which coefficients can keep declared
signs, stops within 1e-7 and penalises the level a little. On other data or at other parameters a training of today
differs from one of 0.3.0 by what 0.4.0 changed: the features in `changes_since_0_3_0`, the weights for unobserved
outcomes, the signs of linear coefficients, and the penalties that are tuned.
"""

import numpy as np
import pytest

from features.records.landmark import left_before
from models.calibration import BinomialCounts, fit_baseline
from models.fitting import regression
from models.fitting.learners import Penalty, TrainingData, fit_logistic_at, fit_xgboost_at
from models.fitting.regression import BASELINE_PENALTY
from models.outcomes import Floats
from models.score import Score
from tests.earlier.stored_numbers import StoredNumbers
from training.outcomes.labels import derive_outcomes

LANDMARKS = range(3)
HEADS = ("remission", "relapse")
OUTCOMES = ("remission", "remission_day", "followed_days", "ended_by", "sustained")
SEED = 7
STRENGTH = 0.01
DEPTH, ROUNDS = 2, 15
SOLVER = 1e-7
"""Largest difference of log-odds between the solvers."""
WITH_LEVEL = 1e-5
"""The same where the level is penalised as it is today, for some forty patients."""
UNPENALISED = 1e-12


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredNumbers:
    return StoredNumbers.unpacked("0_3_0", tmp_path_factory.mktemp("version_0_3_0"))


@pytest.mark.parametrize("name", ["simulated", "random"])
@pytest.mark.parametrize("landmark", LANDMARKS)
def test_outcomes_are_those_of_0_3_0_but_for_records_after_a_withdrawal(
    stored: StoredNumbers, name: str, landmark: int
) -> None:
    """0.4.0, rules: such records date no outcome."""
    cohort, then = stored.cohort(name), stored.below(f"{name}/{landmark}/outcomes")
    now = derive_outcomes(cohort, cohort.protocol.landmarks[landmark])
    decided_on = then["remission_day"].astype(np.float64)
    last = int(np.nanmax(decided_on))
    after = np.array([left_before(cohort, day, "withdrawal") & (decided_on == day) for day in range(last + 1)]).any(0)
    assert after.sum() == (1 if name == "random" else 0)
    for outcome in OUTCOMES:
        np.testing.assert_array_equal(getattr(now, outcome)[~after], then[outcome][~after], err_msg=outcome)
    assert np.isnan(now.remission[after]).all()


def training_data(stored: StoredNumbers, landmark: int, head: str) -> TrainingData:
    arrays = stored.below(f"retrained/{landmark}/{head}")
    rows = stored.rows("simulated", landmark)
    binomial = BinomialCounts(
        arrays["patient"].astype(np.intp),
        arrays["band"].astype(np.intp),
        arrays["successes"].astype(np.float64),
        arrays["failures"].astype(np.float64),
        patients=len(rows),
        bands=int(arrays["bands"].item()),
    )
    signs = tuple(arrays["signs"].astype(int).tolist())
    return TrainingData(rows, binomial, tuple(stored.names("simulated")), signs, SEED)


def log_odds(data: TrainingData, score: Score) -> tuple[Floats, Floats]:
    """The score of each patient, and the baseline of each band."""
    scores = score.predict(data.rows)
    return scores, fit_baseline(data.binomial, scores)


def then(stored: StoredNumbers, landmark: int, head: str, kind: str) -> tuple[Floats, Floats]:
    arrays = stored.below(f"retrained/{landmark}/{head}")
    return arrays[f"{kind}_score"].astype(np.float64), np.atleast_1d(arrays[f"{kind}_baseline"].astype(np.float64))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("landmark", LANDMARKS)
def test_boosted_trees_are_those_of_0_3_0(stored: StoredNumbers, landmark: int, head: str) -> None:
    data = training_data(stored, landmark, head)
    scores, baseline = log_odds(data, fit_xgboost_at(DEPTH, ROUNDS)(data).score)
    for now, was in zip((scores, baseline), then(stored, landmark, head, "xgboost"), strict=True):
        stored.assert_same(now, was, "log-odds")


@pytest.mark.parametrize(("level", "tolerance"), [(UNPENALISED, SOLVER), (BASELINE_PENALTY, WITH_LEVEL)])
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("landmark", LANDMARKS)
def test_a_logistic_regression_without_signs_is_that_of_0_3_0(
    stored: StoredNumbers, monkeypatch: pytest.MonkeyPatch, landmark: int, head: str, level: float, tolerance: float
) -> None:
    monkeypatch.setattr(regression, "BASELINE_PENALTY", level)
    data = training_data(stored, landmark, head)
    free = TrainingData(data.rows, data.binomial, data.names, (0,) * len(data.names), SEED)
    scores, baseline = log_odds(free, fit_logistic_at(Penalty(STRENGTH))(free).score)
    for now, was in zip((scores, baseline), then(stored, landmark, head, "logistic"), strict=True):
        np.testing.assert_allclose(now, was, rtol=0, atol=tolerance)
