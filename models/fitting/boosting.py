"""Gradient-boosted trees, monotone where a sign is expected: one fit at given parameters, and a curve of its losses."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from models.calibration import fit_baseline
from models.fitting.design import FittedScore, Learner, TrainingData
from models.outcomes import Floats
from models.score import Trees
from models.settings.sections import TuningSettings


@dataclass(frozen=True)
class BoostingParameters:
    """The parameters of a fit of trees that may be tuned; the names are XGBoost's."""

    max_depth: int
    learning_rate: float
    min_child_weight: float
    subsample: float
    colsample_bynode: float
    reg_lambda: float

    @staticmethod
    def from_settings(tuning: TuningSettings, parameters: Mapping[str, float]) -> "BoostingParameters":
        """The tuned ``parameters``, by XGBoost's names, and the settings for the others; the depth is always tuned."""
        names = [one.name for one in fields(BoostingParameters) if one.name != "max_depth"]
        others = {name: parameters.get(name, getattr(tuning, name)) for name in names}
        return BoostingParameters(max_depth=int(parameters["max_depth"]), **others)

    def for_training(self, training_data: TrainingData, tuning: TuningSettings) -> dict[str, Any]:
        """As `xgboost.train` takes them; one thread, so that sums keep their order."""
        return {
            "objective": "binary:logistic",
            "base_score": 0.5,
            "eta": self.learning_rate,
            "max_depth": self.max_depth,
            "min_child_weight": self.min_child_weight,
            "subsample": self.subsample,
            "colsample_bynode": self.colsample_bynode,
            "lambda": self.reg_lambda,
            "tree_method": "hist",
            "max_bin": tuning.max_bin,
            "monotone_constraints": tuple(training_data.signs),
            "nthread": 1,
            "seed": training_data.seed,
        }


def fit_xgboost_with(parameters: Mapping[str, float], tuning: TuningSettings) -> Learner:
    """Boosted trees at the parameters that a fit recorded: ``max_depth``, ``rounds``, and others that were tuned."""

    def fit(training_data: TrainingData) -> FittedScore:
        boosting = BoostingParameters.from_settings(tuning, parameters)
        matrix = _matrix(training_data, fit_baseline(training_data.binomial, np.zeros(training_data.binomial.patients)))
        booster = xgboost.train(
            boosting.for_training(training_data, tuning), matrix, num_boost_round=int(parameters["rounds"])
        )
        trees = Trees(bytes(booster.save_raw("ubj")), len(training_data.names))
        return FittedScore(trees, dict(parameters))

    return fit


def fit_xgboost_at(depth: int, rounds: int, tuning: TuningSettings | None = None) -> Learner:
    """Boosted trees of a fixed depth and number of rounds; all other parameters are those of the settings."""
    return fit_xgboost_with({"max_depth": depth, "rounds": rounds}, tuning or TuningSettings())


@dataclass(frozen=True, eq=False)
class BoostingFold:
    """A fold of a search for parameters: the patients that are fitted on, and those held out, as XGBoost takes them.

    XGBoost keeps what it has sorted into bins, so that only the first fit on a fold sorts.
    """

    training_data: TrainingData
    fitted_on: xgboost.DMatrix
    held_out: xgboost.DMatrix

    @staticmethod
    def from_flags(
        training_data: TrainingData, fitted_on: NDArray[np.bool_], held_out: NDArray[np.bool_]
    ) -> "BoostingFold":
        """The fold of these flags of patients."""
        part = training_data.subset(fitted_on)
        baseline = fit_baseline(part.binomial, np.zeros(training_data.binomial.patients))
        return BoostingFold(training_data, _matrix(part, baseline), _matrix(training_data.subset(held_out), baseline))

    def losses(self, boosting: BoostingParameters, tuning: TuningSettings, most_rounds: int) -> NDArray[np.float64]:
        """Summed held-out loss after each round, until it stops falling, or up to ``most_rounds``."""
        history: dict[str, Any] = {}
        xgboost.train(
            boosting.for_training(self.training_data, tuning),
            self.fitted_on,
            num_boost_round=most_rounds,
            evals=[(self.held_out, "held_out")],
            early_stopping_rounds=tuning.patience,
            evals_result=history,
            verbose_eval=False,
        )
        return np.array(history["held_out"]["logloss"]) * self.held_out.get_weight().sum()


def _matrix(training_data: TrainingData, baseline: Floats) -> xgboost.DMatrix:
    binomial = training_data.binomial
    rows, outcome, weight = binomial.weighted_outcomes()
    return xgboost.DMatrix(
        training_data.rows[binomial.patient[rows]].astype(np.float32),
        label=outcome,
        weight=weight,
        base_margin=baseline[binomial.band[rows]],
        nthread=1,
    )
