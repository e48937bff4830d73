"""Tuning by Optuna: the same trials for the same data, within the ranges, and no patient held out among them."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from models.fitting.learners import Learner, fit_logistic, fit_xgboost, fit_xgboost_with
from models.fitting.optuna_search import SearchRange, search_by_optuna
from models.settings.sections import TuningSettings
from tests.models.training_sets import drawn_training_data

FEW = TuningSettings(search="optuna", trials=4, most_rounds=20)
DATA = drawn_training_data(3, 160, (1.0, -0.5, 0.0), signs=(1, 0, 0))


def test_the_search_finds_a_minimum_better_than_its_first_tries() -> None:
    ranges = [SearchRange("x", -10, 10), SearchRange("y", 1e-3, 1e3, "logarithmic")]
    trials = search_by_optuna(ranges, lambda p: ((p["x"] - 3) ** 2 + np.log(p["y"]) ** 2, {}), 60, seed=1)
    losses = [trial.loss for trial in trials]
    assert min(losses[:10]) > 2 * min(losses)
    assert all(-10 <= trial.parameters["x"] <= 10 and 1e-3 <= trial.parameters["y"] <= 1e3 for trial in trials)


@pytest.mark.parametrize("learner", [fit_logistic, fit_xgboost])
def test_the_same_data_give_the_same_search_and_the_best_one_is_fitted(
    learner: Callable[[TuningSettings], Learner],
) -> None:
    first, again = (learner(FEW)(DATA) for _ in range(2))
    assert first.trials == again.trials
    assert len(first.trials) == first.parameters["trials"] == 4
    best = min(first.trials, key=lambda trial: trial.loss)
    assert {name: first.parameters[name] for name in best.parameters} == best.parameters
    assert np.array_equal(first.score.predict(DATA.rows), again.score.predict(DATA.rows))


def test_what_was_tuned_can_be_fitted_again_from_the_record() -> None:
    found = fit_xgboost(FEW)(DATA)
    again = fit_xgboost_with(found.parameters, FEW)(DATA)
    assert np.array_equal(found.score.predict(DATA.rows), again.score.predict(DATA.rows))


def test_a_time_limit_ends_the_search_after_at_least_one_trial() -> None:
    assert len(fit_logistic(TuningSettings(search="optuna", time_limit_seconds=1e-9))(DATA).trials) == 1


@pytest.mark.parametrize(("limit", "made"), [(0.0, 6), (2.0, 2), (2.5, 3), (60.0, 6)])
def test_no_trial_begins_after_the_time_limit(limit: float, made: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock by which each trial takes one second; 0 is no limit."""
    seconds = [100.0]
    monkeypatch.setattr("models.fitting.optuna_search.time.monotonic", lambda: seconds[0])

    def loss(parameters: Mapping[str, float]) -> tuple[float, Mapping[str, float]]:
        seconds[0] += 1.0
        return parameters["x"], {}

    assert len(search_by_optuna([SearchRange("x", 0, 1)], loss, 6, 1, limit)) == made


def test_patients_without_a_count_have_no_part_in_the_search() -> None:
    """Those held out from a fit have no counts; whatever their rows hold, the trials are the same."""
    some = DATA.subset(np.arange(160) < 120)
    strange = drawn_training_data(3, 160, (1.0, -0.5, 0.0), signs=(1, 0, 0)).subset(np.arange(160) < 120)
    strange.rows[120:] = 99.0
    assert fit_logistic(FEW)(some).trials == fit_logistic(FEW)(strange).trials
