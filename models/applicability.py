"""Whether a patient is like those a model was fitted on: answered, answered and flagged, or refused, with reasons.

Only summaries of the training patients are stored: coarse limits, rare categories, means, correlations and thresholds,
and no patient's row or value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Feature
from features.protocol.shortening import listed
from models.combinations import Combinations, fit_combinations
from models.outcomes import Floats
from models.settings.sections import ApplicabilitySettings

FEWEST_PATIENTS = 10
"""Fewest training patients for an applicability domain."""
EDGE_QUANTILE = 0.99
"""The edge is the figure that 1 in 100 training patients exceeds. It is no setting, because answers say "99 in 100"."""
LEAST_OF_SIZE = 0.5
LEAST_UNIT, LEAST_OF_DECLARED = 1.0, 0.05
"""The unit of a column is the range of the training patients. If they hardly differ, it is half of their largest value:
if all had 7 days, 10 is at the edge and 11 outside. If that is 0 too, it is one point, day or session, or 5% of the
declared range of a finer scale [judgement]."""
STEPS = 16
"""Limits are rounded outwards to a multiple of a power of two, at most a sixteenth of the unit: they don't show the
least and greatest value exactly, except for a feature with few whole values."""
FOLDS = 10

Levels = NDArray[np.int8]


class Applicable(IntEnum):
    """The verdict on a patient; a larger one allows less."""

    INSIDE = 0
    AT_THE_EDGE = 1
    OUTSIDE = 2


@dataclass(frozen=True)
class Concern:
    """One difference between a patient and the training patients; ``column`` is the feature's position, if any."""

    code: str
    column: int | None
    verdict: Applicable

    def as_text(self, names: tuple[str, ...]) -> str:
        """A sentence about the feature at that position, as ``names`` calls it; it never holds a value."""
        edge, outside = WORDS[self.code]
        words = outside if self.verdict == Applicable.OUTSIDE else edge
        return words if self.column is None else f"{names[self.column]} {words}"


WORDS = {
    "out_of_range": (
        "is outside the range of the training patients",
        "is far outside the range of the training patients",
    ),
    "unseen_category": (
        "has a value that is rare among the training patients",
        "has a value that no training patient had",
    ),
    "too_little_recorded": ("less is recorded than for 99 in 100 training patients", "too little is recorded"),
    "beyond_plausible": ("is implausibly high", "is implausibly high"),
    "unlike_in_combination": (
        "the combination of values is unlike that of 99 in 100 training patients",
        "the combination of values is unlike that of any training patient",
    ),
}
"""By code: the sentence at the edge, and outside."""


@dataclass(frozen=True, eq=False)
class ApplicabilityVerdicts:
    """Verdicts on n rows, shape (n,), and the level of each concern, shapes (n, features) and (n,)."""

    verdict: Levels
    by_column: Mapping[str, Levels]
    by_row: Mapping[str, Levels]

    def concerns(self, row: int) -> tuple[Concern, ...]:
        """Why a row has its verdict; none for one that is inside."""
        verdict = Applicable(int(self.verdict[row]))
        if verdict == Applicable.INSIDE:
            return ()
        columns = [
            Concern(code, column, verdict)
            for code, levels in self.by_column.items()
            for column in np.flatnonzero(levels[row] == verdict).tolist()
        ]
        rows = [Concern(code, None, verdict) for code, levels in self.by_row.items() if levels[row] == verdict]
        return (*columns, *rows)

    def refusal(self, row: int, names: tuple[str, ...]) -> str:
        """Why a row that is outside gets no answer; ``names`` are what the columns are called."""
        texts = [concern.as_text(names) for concern in self.concerns(row)]
        return f"the patient is unlike the training patients: {listed(texts)}"


@dataclass(frozen=True, eq=False)
class ApplicabilityDomain:
    """A summary of the training patients of one landmark; arrays of float64 over the columns of a feature row.

    ``lower`` and ``upper`` are coarse limits of numbers (infinite for a no/yes feature or one never recorded), ``unit``
    the unit of a distance from them. ``by_value`` (2, features) is the verdict on a no and on a yes.
    ``recorded`` is the share of training patients with the feature. Above ``plausible`` a value is outside for any
    training patients.

    ``edge`` and ``limit`` (3,) are the thresholds of being out of range (in units), of missing values (share), and of
    the distance (1 is usual); ``proportions`` (3,) of the training patients were inside, at the edge and outside, each
    evaluated by nine tenths of the others.
    """

    lower: Floats
    upper: Floats
    unit: Floats
    by_value: Floats
    recorded: Floats
    plausible: Floats
    combinations: Combinations
    edge: Floats
    limit: Floats
    proportions: Floats

    def assess(self, rows: Floats) -> ApplicabilityVerdicts:
        """The verdicts on feature rows of shape (n, features), NaN where not recorded."""
        overshoot = self._overshoot(rows)
        by_column = {
            "out_of_range": self._level(overshoot, 0),
            "unseen_category": self._categories(rows),
            "beyond_plausible": ((rows > self.plausible) * Applicable.OUTSIDE).astype(np.int8),
        }
        by_row = {
            "too_little_recorded": self._level(self._lacking(rows), 1),
            "unlike_in_combination": self._level(self._distance(rows), 2),
        }
        levels = [*(levels.max(axis=1, initial=0) for levels in by_column.values()), *by_row.values()]
        return ApplicabilityVerdicts(np.maximum.reduce(levels), by_column, by_row)

    def proportions_by_verdict(self) -> dict[str, float]:
        """The share of the training patients that is inside, at the edge and outside."""
        return {verdict.name.lower(): float(self.proportions[verdict]) for verdict in Applicable}

    def figures(self, rows: Floats) -> Floats:
        """Per row, shape (3, n): largest overshoot, share lacking and distance; larger is less like the others."""
        overshoot = self._overshoot(rows).max(axis=1, initial=0.0)
        return np.stack([overshoot, self._lacking(rows), self._distance(rows)])

    def _level(self, figure: Floats, which: int) -> Levels:
        return (figure > self.edge[which]).astype(np.int8) + (figure > self.limit[which]).astype(np.int8)

    def _overshoot(self, rows: Floats) -> Floats:
        """How far each value is beyond its limits, in units; 0 within them or where not recorded."""
        return np.fmax(np.fmax(self.lower - rows, rows - self.upper), 0.0) / self.unit

    def _categories(self, rows: Floats) -> Levels:
        levels = np.where(rows == 0, self.by_value[0], 0.0) + np.where(rows == 1, self.by_value[1], 0.0)
        return levels.astype(np.int8)

    def _lacking(self, rows: Floats) -> Floats:
        """Share of what training patients had recorded, each feature counting as often as they had it."""
        return np.asarray(np.isnan(rows) @ self.recorded / max(float(self.recorded.sum()), 1e-12))

    def _distance(self, rows: Floats) -> Floats:
        """How unusual the combination of values is, each clipped to its limits."""
        return self.combinations.distance(np.minimum(np.maximum(rows, self.lower), self.upper))


def fit_applicability(
    rows: Floats, declared: tuple[Feature, ...], settings: ApplicabilitySettings
) -> ApplicabilityDomain | None:
    """The applicability domain of a landmark's training patients; ``None`` for fewer than ten of them.

    ``rows`` (patients, features) are their feature rows, ``declared`` the catalogue in the order of the columns. The
    thresholds are quantiles of figures that each patient gets from those in other folds, so that about as many new
    patients of the same kind are at the edge as ``proportions`` says. Folds are assigned in the order of the patients.
    """
    if len(rows) < FEWEST_PATIENTS:
        return None
    fold = np.arange(len(rows)) % FOLDS
    others = [_describe(rows[fold != number], declared, settings) for number in range(FOLDS)]
    figures = np.empty((3, len(rows)))
    for number, described in enumerate(others):
        figures[:, fold == number] = described.figures(rows[fold == number])
    edge = np.quantile(figures, EDGE_QUANTILE, axis=1, method="higher")
    edge = np.maximum(edge, np.array([0.0, settings.little_lacking, 0.0]))
    least = np.array([settings.far_beyond, settings.most_lacking, 0.0])
    limit = np.maximum(least, figures.max(axis=1) * np.array([settings.times_worst, 1.0, settings.farthest]))
    verdict = np.empty(len(rows), dtype=np.int8)
    for number, described in enumerate(others):
        evaluated = replace(described, edge=edge, limit=limit).assess(rows[fold == number])
        verdict[fold == number] = evaluated.verdict
    proportions = np.bincount(verdict, minlength=len(Applicable)) / len(rows)
    return replace(_describe(rows, declared, settings), edge=edge, limit=limit, proportions=proportions)


_COMBINATIONS_ARRAYS = tuple(field.name for field in fields(Combinations))
_OWN_ARRAYS = {
    field.name: "shares" if field.name == "proportions" else field.name  # as the bundles of format 3 name it
    for field in fields(ApplicabilityDomain)
    if field.name != "combinations"
}


def to_arrays(applicability: ApplicabilityDomain) -> dict[str, Floats]:
    """The fitted domain as named arrays, for storing; ``from_arrays`` is its inverse."""
    own = {stored: getattr(applicability, name) for name, stored in _OWN_ARRAYS.items()}
    return own | {name: getattr(applicability.combinations, name) for name in _COMBINATIONS_ARRAYS}


def from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> ApplicabilityDomain:
    """The domain from the arrays of ``to_arrays``."""
    numbers = {name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()}
    combinations = Combinations(**{name: numbers[name] for name in _COMBINATIONS_ARRAYS})
    return ApplicabilityDomain(
        **{name: numbers[stored] for name, stored in _OWN_ARRAYS.items()}, combinations=combinations
    )


def _describe(rows: Floats, declared: tuple[Feature, ...], settings: ApplicabilitySettings) -> ApplicabilityDomain:
    """The domain before its thresholds, which no figure exceeds."""
    yes_no = np.array([feature.unit == "no/yes" for feature in declared])
    is_diagnosis = np.array(
        [feature.group == "patient context" and feature.name.startswith("diagnosis_") for feature in declared]
    )
    lower, upper, unit = _limits(rows, yes_no, declared)
    return ApplicabilityDomain(
        lower=lower,
        upper=upper,
        unit=unit,
        by_value=_rare_categories(rows, yes_no, is_diagnosis, settings),
        recorded=(~np.isnan(rows)).mean(axis=0),
        plausible=np.array([np.inf if one.outside_above is None else one.outside_above for one in declared]),
        combinations=fit_combinations(rows),
        edge=np.full(3, np.inf),
        limit=np.full(3, np.inf),
        proportions=np.zeros(3),
    )


def _limits(rows: Floats, yes_no: NDArray[np.bool_], declared: tuple[Feature, ...]) -> tuple[Floats, Floats, Floats]:
    """Coarse lower and upper limits of the numbers recorded, and the unit of a distance from them."""
    lowest = np.fmin.reduce(rows, axis=0)
    highest = np.fmax.reduce(rows, axis=0)
    evaluated = ~yes_no & ~np.isnan(lowest)
    least = _least_units(lowest, highest, declared)
    step = np.exp2(np.floor(np.log2(np.fmax(highest - lowest, least) / STEPS)))
    lower = np.where(evaluated, np.floor(lowest / step) * step, -np.inf)
    upper = np.where(evaluated, np.ceil(highest / step) * step, np.inf)
    return lower, upper, np.where(evaluated, np.maximum(upper - lower, least), 1.0)


def _least_units(lowest: Floats, highest: Floats, declared: tuple[Feature, ...]) -> Floats:
    """The unit of columns in which the training patients hardly differ, shape (features,)."""
    finest = [min(LEAST_UNIT, LEAST_OF_DECLARED * (feature.maximum - feature.minimum)) for feature in declared]
    return np.fmax(LEAST_OF_SIZE * np.fmax(np.abs(lowest), np.abs(highest)), np.array(finest))


def _rare_categories(
    rows: Floats, yes_no: NDArray[np.bool_], is_diagnosis: NDArray[np.bool_], settings: ApplicabilitySettings
) -> Floats:
    """Verdicts on a no and on a yes, shape (2, features); by default a rare one has fewer than 5 patients and 1 in 100.

    A diagnosis that no training patient had is outside: it is another illness. Any other rare value is at the edge,
    because the heads answer as for the other patients.
    """
    known = (~np.isnan(rows)).sum(axis=0)
    counts = np.stack([(rows == 0).sum(axis=0), (rows == 1).sum(axis=0)])
    evaluated = np.stack([yes_no & ~is_diagnosis, yes_no]) & (
        known >= FEWEST_PATIENTS
    )  # a rare diagnosis is the no of the others
    rare = evaluated & (counts < settings.rare_patients) & (counts < settings.rare_share * known)
    return rare.astype(np.float64) + (rare & is_diagnosis & (counts == 0))
