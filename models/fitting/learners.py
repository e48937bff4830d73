"""The four candidates, from no model to boosted trees; each is fitted on feature rows and binomial counts.

Tuning uses a candidate's training data only, with folds over patients, so that no held-out patient influences it.
`design` and `boosting` have the fits at given parameters, and their names are at this address too.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from models.calibration import fit_baseline
from models.fitting.boosting import BoostingParameters, boosting_losses, fit_xgboost_at, fit_xgboost_with
from models.fitting.design import NONE, Design, FittedScore, Learner, Penalty, TrainingData, penalties
from models.fitting.optuna_search import Scale, SearchRange, TuningTrial, search_by_optuna
from models.score import Constant, Score
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
]

Fold = tuple[NDArray[np.bool_], NDArray[np.bool_]]
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
    losses = dict.fromkeys(penalties(training_data, tuning), 0.0)
    for fitted_on, held_out in _tuning_folds(training_data, tuning):
        part = training_data.subset(fitted_on)
        design = Design.from_data(part, tuning)
        regression, parameters = design.regression(part), None
        for penalty in losses:
            parameters = regression.fit(design.strengths(penalty), parameters)
            losses[penalty] += _held_out_loss(training_data, design.score(parameters), fitted_on, held_out)
    return min(losses, key=lambda penalty: losses[penalty])


def _search_penalty(training_data: TrainingData, tuning: TuningSettings) -> tuple[TuningTrial, ...]:
    parts = []
    for fitted_on, held_out in _tuning_folds(training_data, tuning):
        part = training_data.subset(fitted_on)
        design = Design.from_data(part, tuning)
        parts.append((design, design.regression(part), fitted_on, held_out))

    def loss(parameters: Mapping[str, float]) -> tuple[float, Mapping[str, float]]:
        penalty, total = Penalty(parameters["C"], parameters.get("unsigned", 1.0)), 0.0
        for design, regression, fitted_on, held_out in parts:
            score = design.score(regression.fit(design.strengths(penalty)))
            total += _held_out_loss(training_data, score, fitted_on, held_out)
        return total / len(training_data.fitted_on), penalty.parameters()

    ranges = [_range("C", tuning.strengths, "logarithmic")]
    if any(training_data.signs):
        ranges.append(_range("unsigned", tuning.unsigned, "logarithmic"))
    return search_by_optuna(ranges, loss, tuning.trials, training_data.seed, tuning.time_limit_seconds)


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
    folds = list(_tuning_folds(training_data, tuning))

    def loss(parameters: Mapping[str, float]) -> tuple[float, Mapping[str, float]]:
        value, rounds = _best_rounds(training_data, folds, parameters, tuning)
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
    training_data: TrainingData, folds: list[Fold], parameters: Mapping[str, float], tuning: TuningSettings
) -> tuple[float, int]:
    """The least summed held-out loss over the rounds that every fold reached, and the rounds."""
    boosting = BoostingParameters.from_settings(tuning, parameters)
    curve = np.zeros(tuning.most_rounds)
    shortest = tuning.most_rounds
    for fold in folds:
        losses = boosting_losses(training_data, fold, boosting, tuning)
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


def _held_out_loss(
    training_data: TrainingData, score: Score, fitted_on: NDArray[np.bool_], held_out: NDArray[np.bool_]
) -> float:
    linear_predictor = score.predict(training_data.rows)
    baseline = fit_baseline(training_data.binomial.subset(fitted_on), linear_predictor)
    return float(training_data.binomial.subset(held_out).loss_for_patient(linear_predictor, baseline).sum())


def _tuning_folds(training_data: TrainingData, tuning: TuningSettings) -> Iterator[Fold]:
    """Flags of the training and the held-out patients, stratified by whether a patient had a success."""
    patients = training_data.fitted_on
    binomial = training_data.binomial
    successes = np.bincount(binomial.patient, weights=binomial.successes, minlength=binomial.patients)
    folds = StratifiedKFold(tuning.inner_folds, shuffle=True, random_state=training_data.seed)
    for _, held in folds.split(patients, successes[patients] > 0):
        held_out = np.zeros(binomial.patients, dtype=np.bool_)
        held_out[patients[held]] = True
        yield ~held_out, held_out
