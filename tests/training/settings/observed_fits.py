"""What depends on the settings of fits: small functions of a config, each of which looks at what a setting decides."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from models.fitting.boosting import BoostingFold, BoostingParameters
from models.fitting.design import FittedScore
from models.fitting.learners import fit_logistic, fit_xgboost, fit_xgboost_at
from models.score import LinearScore, Trees
from tests.models.training_sets import drawn_training_data
from tests.training.metrics.fitted import fitted
from tests.training.trainings import remission_with
from training.config import TrainingConfig
from training.learning.fit import HeadFit, candidates_for, fit_heads
from training.learning.learning_curve import fit_on_fewer
from training.learning.refits import fit_refits
from training.learning.splits import Folds, draw_folds

DATA = drawn_training_data(3, 160, (1.0, -0.5, 0.0), missing=0.1, signs=(1, 0, 0))
Observation = Callable[[TrainingConfig], Any]


def folds_of(patients: int, sites: int = 1) -> Observation:
    """How patients, half of them with the outcome, are held out."""

    def observe(config: TrainingConfig) -> tuple[str, int, int, list[int]]:
        site = (np.arange(patients) // 2 % sites).astype(np.int32)
        folds = draw_folds(np.arange(patients) % 2, site, tuple("abcdefgh"[:sites]), config)
        return folds.kind, folds.repeats, len(folds.names), folds.fold[0].tolist()

    return observe


def candidates(config: TrainingConfig) -> tuple[str, ...]:
    """The candidates of a head with 40 outcomes of either kind."""
    return candidates_for(remission_with(40, 80), config)


def logistic(config: TrainingConfig) -> FittedScore:
    """The tuned logistic regression on a small data set."""
    return fit_logistic(config.tuning)(DATA)


def searched_logistic(config: TrainingConfig) -> int:
    """How many trials Optuna makes."""
    return len(fit_logistic(replace(config.tuning, search="optuna"))(DATA).trials)


def lower_limits(config: TrainingConfig) -> list[float]:
    """The values to which small ones are clipped."""
    score = logistic(config).score
    assert isinstance(score, LinearScore)
    return score.lower.tolist()


def missing_weights(config: TrainingConfig) -> int:
    """How many features have a weight of their own where they are missing."""
    score = logistic(config).score
    assert isinstance(score, LinearScore)
    return int((score.missing_weight != 0).sum())


def tuned_trees(config: TrainingConfig) -> dict[str, float]:
    """The parameters that tuning chooses for trees."""
    return fit_xgboost(config.tuning)(DATA).parameters


def boosted_rounds(config: TrainingConfig) -> int:
    """The rounds after which boosting ends on a fold."""
    held = np.arange(160) % 4 == 0
    boosting = BoostingParameters.from_settings(config.tuning, {"max_depth": 2})
    fold = BoostingFold.from_flags(DATA, ~held, held)
    return len(fold.losses(boosting, config.tuning, config.tuning.most_rounds))


def trees(config: TrainingConfig) -> Trees:
    """Thirty trees of depth two."""
    score = fit_xgboost_at(2, 30, config.tuning)(DATA).score
    assert isinstance(score, Trees)
    return score


def spread_of_trees(config: TrainingConfig) -> float:
    """How far the trees tell patients apart, on the log-odds."""
    return float(trees(config).predict(DATA.rows).std())


def splits_of_trees(config: TrainingConfig) -> int:
    """The distinct splits of the trees."""
    table = trees(config).booster.trees_to_dataframe()
    return len(table[table["Feature"] != "Leaf"].drop_duplicates(["Feature", "Split"]))


def searched(name: str) -> Observation:
    """The values of one parameter that Optuna tries."""

    def observe(config: TrainingConfig) -> list[float]:
        tuning = replace(config.tuning, search="optuna", trials=3, most_rounds=4)
        return [trial.parameters[name] for trial in fit_xgboost(tuning)(DATA).trials]

    return observe


@cache
def _fit(config: TrainingConfig, effect: float) -> HeadFit:
    task = remission_with(60, 150, effect, seed=4)
    fold = np.arange(150) % 3
    folds = Folds("patients", fold[None, :], ("1", "2", "3"), (np.arange(150) % 5).astype(np.int32))
    (found,) = fit_heads([task], folds, replace(config, candidates=("no_model", "logistic")), lambda: None, 1)
    return found


def winner_of_a_weak_signal(config: TrainingConfig) -> str | None:
    """The winner where the best candidate beats the average, and not significantly."""
    found = _fit(config, 0.45)
    assert found.choice is not None
    assert found.choice.best == "logistic"
    return found.winner


def units_of_the_test(config: TrainingConfig) -> int:
    """Patients or sites; there are five sites."""
    choice = _fit(config, 0.45).choice
    assert choice is not None
    return choice.differences["no_model"].units


def recalibrated(config: TrainingConfig) -> bool:
    """Whether a winner is recalibrated whose held-out predictions are about right."""
    recalibration = _fit(config, 1.5).recalibration
    assert recalibration is not None
    return recalibration.supported


def refits(config: TrainingConfig) -> tuple[int, float, list[float]]:
    """The number of refits, the spread of what is unexplained, and the first refit's weights."""
    head = fitted().remission
    (found,) = fit_refits([{"remission": head}], np.zeros(400, dtype=np.int32), config, lambda: None, 1)
    assert found.remission is not None
    return len(found.remission.weight), float(found.remission.unexplained.std()), found.remission.weight[0].tolist()


def smaller_fits(config: TrainingConfig) -> tuple[int, int]:
    """The sizes and the held-out folds of a learning curve."""
    found = fitted()
    (sets,) = fit_on_fewer([found.remission], found.folds, config, lambda: None, 1)
    assert sets is not None
    return len(sets.fitted_on), len(sets.outs[0])
