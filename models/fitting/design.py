"""What a candidate is fitted on, and the standardised columns that a linear score is fitted on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import BinomialCounts
from models.fitting.optuna_search import TuningTrial
from models.fitting.regression import BoundedRegression
from models.outcomes import Floats
from models.score import LinearScore, Score
from models.settings.sections import TuningSettings

UNPENALISED = 1e6
"""Inverse penalty of a practically unpenalised coefficient."""


@dataclass(frozen=True)
class FittedScore:
    """A score, the parameters that tuning chose for it, and the trials of a search, if there was one.

    ``is_absolute`` marks log-odds that need no baseline: those of a classifier with a probability of its own.
    """

    score: Score
    parameters: dict[str, float]
    trials: tuple[TuningTrial, ...] = ()
    is_absolute: bool = False


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a candidate is fitted on: feature rows (patients, features), counts, and the columns' names and signs.

    A feature that the settings exclude is NaN in every row, as one that was never recorded.
    """

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


@dataclass(frozen=True)
class Penalty:
    """How strongly coefficients are pulled to 0: ``strength`` is the inverse penalty of one with a declared sign.

    ``unsigned`` times that is the inverse penalty of one without.
    """

    strength: float
    unsigned: float = 1.0

    @staticmethod
    def from_parameters(parameters: Mapping[str, float]) -> "Penalty":
        """The penalty whose parameters were recorded."""
        return Penalty(parameters["C"], parameters["unsigned"])

    def parameters(self) -> dict[str, float]:
        """The parameters as they are recorded."""
        return {"C": self.strength, "unsigned": self.unsigned}


NONE = Penalty(UNPENALISED)


def penalties(training_data: TrainingData, tuning: TuningSettings) -> list[Penalty]:
    """The penalties of the grid, neighbours next to each other; without any declared sign there is one for all."""
    factors = tuning.unsigned if any(training_data.signs) else (1.0,)
    return [Penalty(strength, factor) for factor in factors for strength in tuning.strengths]


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
    def from_data(
        training_data: TrainingData, tuning: TuningSettings, candidates: Sequence[int] | None = None
    ) -> "Design":
        """The design over the patients it is fitted on; columns that never vary among them are left out."""
        fitted_on = training_data.rows[training_data.fitted_on]
        possible = np.arange(fitted_on.shape[1]) if candidates is None else np.array(candidates, dtype=np.int64)
        ordered = np.sort(fitted_on[:, possible], axis=0)  # NaN comes last
        recorded = len(ordered) - np.isnan(ordered).sum(axis=0)
        last = ordered[np.maximum(recorded - 1, 0), np.arange(len(possible))]
        several = np.flatnonzero((recorded > 1) & (ordered[:1] != last).any(axis=0))
        used = possible[several]
        lower, upper = (
            _percentile(ordered[:, several], recorded[several], percent) for percent in tuning.clip_percentiles
        )
        held = np.minimum(np.maximum(fitted_on[:, used], lower), upper)
        centre = np.nanmean(held, axis=0) if len(used) else np.zeros(0)
        scale = np.nanstd(held, axis=0) if len(used) else np.zeros(0)
        varies = scale > 0
        used, lower, upper, centre, scale = used[varies], lower[varies], upper[varies], centre[varies], scale[varies]
        every = np.minimum(np.maximum(training_data.rows[:, used], lower), upper)
        missing = np.isnan(every)
        with_indicator = missing[training_data.fitted_on].mean(axis=0) >= tuning.indicator_from
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

    def linear_predictor(self, parameters: Floats) -> Floats:
        """What that score predicts for each of the patients, shape (patients,), but for the order of the sums."""
        return self.columns @ parameters[: self.columns.shape[1]]

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


def _percentile(ordered: Floats, recorded: NDArray[np.integer], percent: float) -> Floats:
    """That of each column's first ``recorded`` values, which rise, rounded as `numpy.percentile` does; (columns,)."""
    place = (recorded - 1) * (percent / 100)
    below = np.floor(place).astype(np.intp)
    column = np.arange(ordered.shape[1])
    low, high = ordered[below, column], ordered[np.minimum(below + 1, recorded - 1), column]
    share, between = place - below, high - low
    return np.where(share < 0.5, low + between * share, high - between * (1 - share))
