"""The four candidates, from no model to boosted trees; each is fitted on feature rows and binomial counts.

Tuning uses a candidate's training data only, with folds over patients, so that no held-out patient influences it.
`design` and `boosting` have the fits at given parameters, and their names are at this address too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from models.calibration import BinomialCounts, fit_baseline
from models.fitting.boosting import BoostingFold, BoostingParameters, fit_xgboost_at, fit_xgboost_with
from models.fitting.design import NONE, Design, FittedScore, Learner, Penalty, TrainingData, penalties
from models.fitting.optuna_search import Scale, SearchRange, TuningTrial, search_by_optuna
from models.fitting.regression import BoundedRegression
from models.outcomes import Floats
from models.score import Constant
from models.settings.sections import TuningSettings

__all__ = [
    "Design",
    "FittedScore",
    "Learner",
    "Penalty",
    "TrainingData",
    "fit_logistic",
    "fit_logistic_at",
    "fit_nothing",
    "fit_one_variable",
    "fit_xgboost",
    "fit_xgboost_at",
    "fit_xgboost_with",
    "penalties",
    "tuning_folds",
]

Flags = NDArray[np.bool_]
Fold = tuple[Flags, Flags]
"""Flags of the patients that are fitted on, and of those held out."""


def fit_nothing(training_data: TrainingData) -> FittedScore:
    """No model: the overall rate, or the overall curve."""
    return FittedScore(Constant(len(training_data.names)), {})


def fit_one_variable(variable: str, tuning: TuningSettings | None = None) -> Learner:
    """A logistic regression on one variable, unpenalised."""

    def fit(training_data: TrainingData) -> FittedScore:
        column = [training_data.names.index(variable)]
        design = Design.from_data(training_data, tuning or TuningSettings(), column)
        return FittedScore(design.score(design.regression(training_data).fit(design.strengths(NONE))), {})

    return fit


def fit_logistic(tuning: TuningSettings) -> Learner:
    """Ridge logistic regression on every recorded feature, its penalty tuned by log-likelihood on inner folds.

    A coefficient keeps to the declared sign of its feature; those without one are penalised more, by a tuned factor.
    """
    return partial(_fit_logistic, tuning)


def _fit_logistic(tuning: TuningSettings, training_data: TrainingData) -> FittedScore:
    trials = _search_penalty(training_data, tuning) if tuning.search == "optuna" else ()
    best = Penalty.from_parameters(_best(trials)) if trials else _best_of_grid(training_data, tuning)
    design = Design.from_data(training_data, tuning)
    regression, strengths = design.regression(training_data), design.strengths(best)
    parameters = regression.fit(strengths)
    used = regression.effective_parameters(parameters, strengths)
    kept = {**best.parameters(), "effective_parameters": used} | _counted(trials)
    return FittedScore(design.score(parameters), kept, trials)


def _best_of_grid(training_data: TrainingData, tuning: TuningSettings) -> Penalty:
    """The penalty of the least held-out loss; of the fits only the order of their losses is kept."""
    losses = dict.fromkeys(penalties(training_data, tuning), 0.0)
    for fold in tuning_folds(training_data, tuning):
        part, parameters = _RegressionFold.from_flags(training_data, *fold, tuning), None
        for penalty in losses:
            parameters = part.fit(penalty, parameters, rough=True)
            losses[penalty] += part.held_out_loss(parameters)
    return min(losses, key=lambda penalty: losses[penalty])


def _search_penalty(training_data: TrainingData, tuning: TuningSettings) -> tuple[TuningTrial, ...]:
    folds = tuning_folds(training_data, tuning)
    parts = [_RegressionFold.from_flags(training_data, *fold, tuning) for fold in folds]

    def loss(parameters: Mapping[str, float]) -> tuple[float, Mapping[str, float]]:
        penalty = Penalty(parameters["C"], parameters.get("unsigned", 1.0))
        total = sum(part.held_out_loss(part.fit(penalty)) for part in parts)
        return total / len(training_data.fitted_on), penalty.parameters()

    ranges = [_range("C", tuning.strengths, "logarithmic")]
    if any(training_data.signs):
        ranges.append(_range("unsigned", tuning.unsigned, "logarithmic"))
    return search_by_optuna(ranges, loss, tuning.trials, training_data.seed, tuning.time_limit_seconds)


@dataclass(frozen=True, eq=False)
class _RegressionFold:
    """A fold of a search for a penalty: the regression of the patients fitted on, and the counts of those held out."""

    design: Design
    regression: BoundedRegression
    held_out: BinomialCounts

    @staticmethod
    def from_flags(
        training_data: TrainingData, fitted_on: Flags, held_out: Flags, tuning: TuningSettings
    ) -> "_RegressionFold":
        part = training_data.subset(fitted_on)
        design = Design.from_data(part, tuning)
        return _RegressionFold(design, design.regression(part), training_data.binomial.subset(held_out))

    def fit(self, penalty: Penalty, start: Floats | None = None, *, rough: bool = False) -> Floats:
        return self.regression.fit(self.design.strengths(penalty), start, rough=rough)

    def held_out_loss(self, parameters: Floats) -> float:
        score = self.design.linear_predictor(parameters)
        baseline = fit_baseline(self.regression.binomial, score, parameters[self.design.columns.shape[1] :])
        return float(self.held_out.loss_for_patient(score, baseline).sum())


def fit_logistic_at(penalty: Penalty, tuning: TuningSettings | None = None) -> Learner:
    """Ridge logistic regression on every recorded feature at a fixed penalty."""

    def fit(training_data: TrainingData) -> FittedScore:
        design = Design.from_data(training_data, tuning or TuningSettings())
        score = design.score(design.regression(training_data).fit(design.strengths(penalty)))
        return FittedScore(score, penalty.parameters())

    return fit


def fit_xgboost(tuning: TuningSettings) -> Learner:
    """Gradient-boosted trees, monotone where a sign is expected; depth and number of rounds tuned on inner folds.

    Optuna also tunes the learning rate, the parts drawn and the penalties of the leaves.
    """
    return partial(_fit_xgboost, tuning)


def _fit_xgboost(tuning: TuningSettings, training_data: TrainingData) -> FittedScore:
    folds = [BoostingFold.from_flags(training_data, *fold) for fold in tuning_folds(training_data, tuning)]

    def loss(parameters: Mapping[str, float]) -> tuple[float, Mapping[str, float]]:
        value, rounds = _best_rounds(folds, parameters, tuning)
        return value / len(training_data.fitted_on), {"rounds": rounds}

    if tuning.search == "optuna":
        ranges, limit = _ranges_of_trees(tuning), tuning.time_limit_seconds
        trials = search_by_optuna(ranges, loss, tuning.trials, training_data.seed, limit)
        fitted = fit_xgboost_with(_best(trials), tuning)(training_data)
        return FittedScore(fitted.score, fitted.parameters | _counted(trials), trials)
    tried: list[dict[str, float]] = [{"max_depth": depth} for depth in tuning.depths]
    losses = [loss(parameters) for parameters in tried]
    best = min(range(len(tried)), key=lambda position: losses[position][0])
    return fit_xgboost_with(tried[best] | dict(losses[best][1]), tuning)(training_data)


def _ranges_of_trees(tuning: TuningSettings) -> list[SearchRange]:
    return [
        _range("max_depth", tuning.depths, "whole"),
        _range("learning_rate", tuning.search_learning_rate, "logarithmic"),
        _range("min_child_weight", tuning.search_min_child_weight, "logarithmic"),
        _range("subsample", tuning.search_subsample),
        _range("colsample_bynode", tuning.search_colsample_bynode),
        _range("reg_lambda", tuning.search_reg_lambda, "logarithmic"),
    ]


def _range(name: str, values: Sequence[float], scale: Scale = "linear") -> SearchRange:
    """From the least to the greatest of the values of a setting."""
    return SearchRange(name, min(values), max(values), scale)


def _best_rounds(
    folds: list[BoostingFold], parameters: Mapping[str, float], tuning: TuningSettings
) -> tuple[float, int]:
    """The least summed held-out loss over the rounds that every fold reached, and the rounds.

    No fold boosts for longer than the shortest one before it.
    """
    boosting = BoostingParameters.from_settings(tuning, parameters)
    curve = np.zeros(tuning.most_rounds)
    shortest = tuning.most_rounds
    for fold in folds:
        losses = fold.losses(boosting, tuning, shortest)
        shortest = min(shortest, len(losses))
        curve[: len(losses)] += losses
    rounds = int(np.argmin(curve[:shortest])) + 1
    return float(curve[rounds - 1]), rounds


def _best(trials: tuple[TuningTrial, ...]) -> Mapping[str, float]:
    """The parameters of the best trial; of equal ones the first."""
    return min(trials, key=lambda trial: trial.loss).parameters


def _counted(trials: tuple[TuningTrial, ...]) -> dict[str, float]:
    """How many trials were made, for the record; nothing for the grid."""
    return {"trials": len(trials)} if trials else {}


def tuning_folds(training_data: TrainingData, tuning: TuningSettings) -> Iterator[Fold]:
    """Flags of the training and the held-out patients, stratified by whether a patient had a success."""
    patients = training_data.fitted_on
    binomial = training_data.binomial
    successes = np.bincount(binomial.patient, weights=binomial.successes, minlength=binomial.patients)
    folds = StratifiedKFold(tuning.inner_folds, shuffle=True, random_state=training_data.seed)
    for _, held in folds.split(patients, successes[patients] > 0):
        held_out = np.zeros(binomial.patients, dtype=np.bool_)
        held_out[patients[held]] = True
        yield ~held_out, held_out
