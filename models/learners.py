"""The four candidates, from no model to boosted trees; each is fitted on feature rows and binomial counts.

Tuning uses a candidate's training data only, with folds over patients, so that no held-out patient influences it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from models.calibration import BinomialCounts, fit_baseline
from models.outcomes import Floats
from models.regression import BoundedRegression
from models.score import Constant, LinearScore, Score, Trees

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Inverse penalties tried by the penalised logistic regression, weakest last."""
UNSIGNED = (1.0, 1 / 4, 1 / 16)
"""Factors tried for the inverse penalty of a coefficient without a declared sign: a feature without a direction in the
literature is less likely to matter (ridge with differential penalties, Zollinger 2016 [recalled])."""
DEPTHS = (1, 2, 3)
TUNING_FOLDS = 5
MOST_ROUNDS = 400
PATIENCE = 25
UNPENALISED = 1e6
"""Inverse penalty of a practically unpenalised coefficient."""
INDICATOR_FROM = 0.02
"""Smallest share of missing values for which missingness gets a weight of its own."""
BULK = (0.5, 99.5)
"""Percentiles to which a linear score clips a value."""


@dataclass(frozen=True)
class FittedScore:
    """A score, and the parameters that tuning chose for it.

    ``is_absolute`` marks log-odds that need no baseline: those of a classifier with a probability of its own.
    """

    score: Score
    parameters: dict[str, float]
    is_absolute: bool = False


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a candidate is fitted on: feature rows (patients, features), counts, and the columns' names and signs."""

    rows: Floats
    binomial: BinomialCounts
    names: tuple[str, ...]
    signs: tuple[int, ...]
    seed: int

    def subset(self, kept: NDArray[np.bool_]) -> "TrainingData":
        """The same training data with the counts of some patients only."""
        return TrainingData(self.rows, self.binomial.subset(kept), self.names, self.signs, self.seed)

    @property
    def fitted_on(self) -> NDArray[np.intp]:
        """The patients with counts."""
        return np.unique(self.binomial.patient)


Learner = Callable[[TrainingData], FittedScore]


def fit_nothing(training_data: TrainingData) -> FittedScore:
    """No model: the overall rate, or the overall curve."""
    return FittedScore(Constant(len(training_data.names)), {})


@dataclass(frozen=True)
class Penalty:
    """How strongly coefficients are pulled to 0: ``strength`` is the inverse penalty of one with a declared sign.

    ``unsigned`` times that is the inverse penalty of one without.
    """

    strength: float
    unsigned: float = 1.0

    def parameters(self) -> dict[str, float]:
        """The parameters as they are recorded."""
        return {"C": self.strength, "unsigned": self.unsigned}


NONE = Penalty(UNPENALISED)


def fit_one_variable(variable: str) -> Learner:
    """A logistic regression on one variable, unpenalised."""

    def fit(training_data: TrainingData) -> FittedScore:
        design = Design.from_data(training_data, [training_data.names.index(variable)])
        return FittedScore(design.score(design.regression(training_data).fit(design.strengths(NONE))), {})

    return fit


def fit_logistic(training_data: TrainingData) -> FittedScore:
    """Ridge logistic regression on every recorded feature, its penalty tuned by log-likelihood on inner folds.

    A coefficient keeps to the declared sign of its feature; those without one are penalised more, by a tuned factor.
    """
    losses = dict.fromkeys(penalties(training_data), 0.0)
    for fitted_on, held_out in _tuning_folds(training_data):
        part = training_data.subset(fitted_on)
        design = Design.from_data(part)
        regression, parameters = design.regression(part), None
        for penalty in losses:
            parameters = regression.fit(design.strengths(penalty), parameters)
            losses[penalty] += _held_out_loss(training_data, design.score(parameters), fitted_on, held_out)
    best = min(losses, key=lambda penalty: losses[penalty])
    design = Design.from_data(training_data)
    regression, strengths = design.regression(training_data), design.strengths(best)
    parameters = regression.fit(strengths)
    used = regression.effective_parameters(parameters, strengths)
    return FittedScore(design.score(parameters), {**best.parameters(), "effective_parameters": used})


def penalties(training_data: TrainingData) -> list[Penalty]:
    """The penalties tried, neighbours next to each other; without any declared sign there is one for all."""
    factors = UNSIGNED if any(training_data.signs) else UNSIGNED[:1]
    return [Penalty(strength, factor) for factor in factors for strength in STRENGTHS]


def fit_logistic_at(penalty: Penalty) -> Learner:
    """Ridge logistic regression on every recorded feature at a fixed penalty."""

    def fit(training_data: TrainingData) -> FittedScore:
        design = Design.from_data(training_data)
        score = design.score(design.regression(training_data).fit(design.strengths(penalty)))
        return FittedScore(score, penalty.parameters())

    return fit


def _held_out_loss(
    training_data: TrainingData, score: Score, fitted_on: NDArray[np.bool_], held_out: NDArray[np.bool_]
) -> float:
    linear_predictor = score.predict(training_data.rows)
    baseline = fit_baseline(training_data.binomial.subset(fitted_on), linear_predictor)
    return float(training_data.binomial.subset(held_out).loss_for_patient(linear_predictor, baseline).sum())


def _tuning_folds(training_data: TrainingData) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Flags of the training and the held-out patients, stratified by whether a patient had a success."""
    patients = training_data.fitted_on
    binomial = training_data.binomial
    successes = np.bincount(binomial.patient, weights=binomial.successes, minlength=binomial.patients)
    folds = StratifiedKFold(TUNING_FOLDS, shuffle=True, random_state=training_data.seed)
    for _, held in folds.split(patients, successes[patients] > 0):
        held_out = np.zeros(binomial.patients, dtype=np.bool_)
        held_out[patients[held]] = True
        yield ~held_out, held_out


@dataclass(frozen=True, eq=False)
class Design:
    """Standardised columns for a linear score: values clipped to their bulk, missing ones at the mean."""

    columns: Floats
    used: NDArray[np.int64]
    lower: Floats
    upper: Floats
    centre: Floats
    scale: Floats
    with_indicator: NDArray[np.bool_]
    signs: NDArray[np.int64]
    features: int

    @staticmethod
    def from_data(training_data: TrainingData, candidates: Sequence[int] | None = None) -> "Design":
        """The design over the patients it is fitted on; columns that never vary among them are left out."""
        fitted_on = training_data.rows[training_data.fitted_on]
        recorded = ~np.isnan(fitted_on)
        possible = range(fitted_on.shape[1]) if candidates is None else candidates
        used = np.array([j for j in possible if len(np.unique(fitted_on[recorded[:, j], j])) > 1], dtype=np.int64)
        lower, upper = np.zeros(len(used)), np.zeros(len(used))
        for position, j in enumerate(used):
            lower[position], upper[position] = np.percentile(fitted_on[recorded[:, j], j], BULK)
        held = np.minimum(np.maximum(fitted_on[:, used], lower), upper)
        centre = np.nanmean(held, axis=0) if len(used) else np.zeros(0)
        scale = np.nanstd(held, axis=0) if len(used) else np.zeros(0)
        varies = scale > 0
        used, lower, upper, centre, scale = used[varies], lower[varies], upper[varies], centre[varies], scale[varies]
        every = np.minimum(np.maximum(training_data.rows[:, used], lower), upper)
        missing = np.isnan(every)
        with_indicator = missing[training_data.fitted_on].mean(axis=0) >= INDICATOR_FROM
        standardised = np.where(missing, 0.0, (every - centre) / scale)
        columns = np.hstack([standardised, missing[:, with_indicator].astype(np.float64)])
        declared = np.array(training_data.signs, dtype=np.int64)[used]
        signs = np.append(declared, np.zeros(with_indicator.sum(), dtype=np.int64))
        return Design(columns, used, lower, upper, centre, scale, with_indicator, signs, training_data.rows.shape[1])

    def strengths(self, penalty: Penalty) -> Floats:
        """Inverse penalties, shape (columns,)."""
        return np.where(self.signs == 0, penalty.strength * penalty.unsigned, penalty.strength)

    def regression(self, training_data: TrainingData) -> BoundedRegression:
        """The regression of the binomial counts on these columns."""
        return BoundedRegression.from_columns(self.columns, self.signs, training_data.binomial)

    def score(self, parameters: Floats) -> LinearScore:
        """The score with these coefficients of the columns; later ``parameters`` are ignored."""
        coefficients = parameters[: self.columns.shape[1]]
        missing_weight = np.zeros(len(self.used))
        missing_weight[self.with_indicator] = coefficients[len(self.used) :]
        return LinearScore(
            used=self.used,
            lower=self.lower,
            upper=self.upper,
            centre=self.centre,
            weight=coefficients[: len(self.used)] / self.scale,
            missing_weight=missing_weight,
            features=self.features,
        )


def fit_xgboost(training_data: TrainingData) -> FittedScore:
    """Gradient-boosted trees, monotone where a sign is expected; depth and number of rounds tuned on inner folds."""
    best: tuple[float, int, int] | None = None
    for depth in DEPTHS:
        curve = np.zeros(MOST_ROUNDS)
        shortest = MOST_ROUNDS
        for fitted_on, held_out in _tuning_folds(training_data):
            losses = _boosting_losses(training_data, fitted_on, held_out, depth)
            shortest = min(shortest, len(losses))
            curve[: len(losses)] += losses
        rounds = int(np.argmin(curve[:shortest])) + 1
        if best is None or curve[rounds - 1] < best[0]:
            best = float(curve[rounds - 1]), depth, rounds
    assert best is not None  # noqa: S101 - DEPTHS is not empty
    return fit_xgboost_at(*best[1:])(training_data)


def fit_xgboost_at(depth: int, rounds: int) -> Learner:
    """Boosted trees of a fixed depth and number of rounds."""

    def fit(training_data: TrainingData) -> FittedScore:
        matrix = _matrix(training_data, fit_baseline(training_data.binomial, np.zeros(training_data.binomial.patients)))
        booster = xgboost.train(_parameters(training_data, depth), matrix, num_boost_round=rounds)
        trees = Trees(bytes(booster.save_raw("ubj")), len(training_data.names))
        return FittedScore(trees, {"max_depth": depth, "rounds": rounds})

    return fit


def _boosting_losses(
    training_data: TrainingData, fitted_on: NDArray[np.bool_], held_out: NDArray[np.bool_], depth: int
) -> NDArray[np.float64]:
    """Summed held-out loss after each round, until it stops falling."""
    part = training_data.subset(fitted_on)
    baseline = fit_baseline(part.binomial, np.zeros(training_data.binomial.patients))
    train, held = _matrix(part, baseline), _matrix(training_data.subset(held_out), baseline)
    history: dict[str, Any] = {}
    xgboost.train(
        _parameters(training_data, depth),
        train,
        num_boost_round=MOST_ROUNDS,
        evals=[(held, "held_out")],
        early_stopping_rounds=PATIENCE,
        evals_result=history,
        verbose_eval=False,
    )
    return np.array(history["held_out"]["logloss"]) * held.get_weight().sum()


def _parameters(training_data: TrainingData, depth: int) -> dict[str, Any]:
    return {
        "objective": "binary:logistic",
        "base_score": 0.5,
        "eta": 0.05,
        "max_depth": depth,
        "min_child_weight": 3,
        "subsample": 0.8,
        "colsample_bynode": 0.5,
        "lambda": 3.0,
        "tree_method": "hist",
        "max_bin": 64,
        "monotone_constraints": tuple(training_data.signs),
        "nthread": 1,
        "seed": training_data.seed,
    }


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
