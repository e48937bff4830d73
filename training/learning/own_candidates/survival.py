"""Fits a survival estimator of another package to relapse, and turns its curves into weekly hazards.

Within a band of weeks (the bands of the built-in candidates) a patient's weekly hazard is the constant one that leads
from the curve's value at the band's start to that at its end. So the likelihood of held-out weeks, the figures and the
report are those of every candidate. A survival curve is one of relapse alone: competing events get the hazard that the
built-in candidates give them. An estimator with `predict_cumulative_incidence` predicts both.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.protocol.problems import InputRefusedError, Problem
from features.records.timeline import Floats
from models.contributions import exchanged_contributions
from models.onnx_score import MissingValues
from models.outcomes import DAYS_PER_WEEK, expit
from models.relapse import RelapseHead
from training.learning.own_candidates.classifier import missing_values, rounded_medians
from training.learning.own_candidates.resolution import RELAPSE_NEEDS, foreign_code

INCIDENCE = RELAPSE_NEEDS[0]
SURVIVAL = np.dtype([("event", np.bool_), ("time", np.float64)])
"""The outcomes of scikit-survival: whether a relapse was seen, and the days at risk."""


@dataclass(frozen=True, eq=False)
class SurvivalData:
    """What a survival estimator is fitted on; arrays have a row per patient.

    ``ended_by`` is 0 for censored, 1 for relapse, 2 for a competing event, after ``followed`` days. ``counts`` says
    how often each patient counts, in whole numbers.
    """

    rows: Floats
    followed: Floats
    ended_by: NDArray[np.int8]
    weights: Floats
    counts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SurvivalLearner:
    """The learner of a survival estimator; ``make`` gives an unfitted one, ``name`` is the candidate's."""

    name: str
    make: Callable[[], Any]

    def fit(self, data: SurvivalData, edges: NDArray[np.int64], at_risk: Floats) -> "CurveScore":
        """The fitted curves in bands of weeks within ``edges``; ``at_risk`` (bands,) are the weeks seen in each."""
        estimator = self.make()
        rows = np.repeat(data.rows, data.counts, axis=0)
        missing = missing_values(estimator, rows)
        weights = np.repeat(data.weights, data.counts)
        weighted = {}
        if "sample_weight" in inspect.signature(estimator.fit).parameters and np.ptp(weights) > 0:
            weighted = {"sample_weight": weights}
        ended_by, followed = np.repeat(data.ended_by, data.counts), np.repeat(data.followed, data.counts)
        with foreign_code(self.name, "fit"):
            estimator.fit(missing.replaced(rows), _outcomes(estimator, ended_by, followed), **weighted)
        limit = np.log(2 * at_risk + 1)
        return CurveScore(self.name, estimator, missing, edges, limit, rounded_medians(rows))


def _outcomes(estimator: Any, ended_by: NDArray[np.int8], followed: Floats) -> Any:
    """For cumulative incidence a table of ``event`` and ``duration`` (hazardous), else scikit-survival's array."""
    if hasattr(estimator, INCIDENCE):
        return pd.DataFrame({"event": ended_by.astype(np.int64), "duration": followed})
    outcomes = np.empty(len(followed), dtype=SURVIVAL)
    outcomes["event"], outcomes["time"] = ended_by == 1, followed
    return outcomes


class BandScore(Protocol):
    """A score whose log-odds also differ between bands of weeks."""

    @property
    def features(self) -> int:
        """Columns of a feature row."""

    def predict(self, rows: Floats) -> Floats:
        """Mean log-odds over the weeks, shape (n,)."""

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Start, shape (n,), and contributions, shape (n, features), whose sum is the score."""

    def bands(self, rows: Floats) -> Floats:
        """Log-odds of relapse in a week of each band, shape (n, bands)."""

    def competing(self, rows: Floats) -> Floats | None:
        """Weekly probability of a competing event, shape (n, bands); ``None`` if the estimator predicts none."""


@dataclass(frozen=True, eq=False)
class CurveScore:
    """A fitted survival estimator as weekly log-odds in bands of weeks within ``edges``.

    A curve that does not fall within a band says that a relapse is impossible there. Log-odds are clipped to
    ``limit`` (bands,): at least half an event among the weeks at risk that were seen in the band.
    """

    name: str
    estimator: Any
    missing: MissingValues
    edges: NDArray[np.int64]
    limit: Floats
    reference: Floats

    @property
    def features(self) -> int:
        """Columns of a feature row."""
        return len(self.reference)

    def predict(self, rows: Floats) -> Floats:
        """Mean log-odds over the weeks, shape (n,)."""
        return mean_over_weeks(self.bands(rows), self.edges)

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Start, shape (n,), and contributions, shape (n, features), whose sum is the score."""
        return exchanged_contributions(self.predict, rows, self.reference)

    def bands(self, rows: Floats) -> Floats:
        """Log-odds of relapse in a week of each band, shape (n, bands)."""
        return self._hazards(rows)[0]

    def competing(self, rows: Floats) -> Floats | None:
        """Weekly probability of a competing event, shape (n, bands); ``None`` if the estimator predicts none."""
        return self._hazards(rows)[1]

    def _hazards(self, rows: Floats) -> tuple[Floats, Floats | None]:
        bands, days = len(self.edges) - 1, (self.edges[1:] * DAYS_PER_WEEK).astype(np.float64)
        if not len(rows):
            return np.zeros((0, bands)), None
        values, weeks = self.missing.replaced(rows), np.diff(self.edges)
        if not hasattr(self.estimator, INCIDENCE):
            with foreign_code(self.name, "predict_survival_function"):
                free = survival_at(self.estimator, values, days)
            free = self._checked(free, (len(rows), bands))
            return self._log_odds(1 - _stay(free, weeks)), None
        with foreign_code(self.name, INCIDENCE):
            found = np.asarray(self.estimator.predict_cumulative_incidence(values, days), dtype=np.float64)
        events = found.shape[1] - 1 if found.ndim == 3 else 0
        found = self._checked(found, (len(rows), max(events, 1) + 1, bands))
        relapse, stay = _cumulated(found[:, 1]), 1 - _cumulated(found[:, 1:].sum(axis=1))
        weekly = _stay(stay, weeks)
        lost = np.diff(1 - stay, axis=1, prepend=0.0)
        share = np.divide(np.diff(relapse, axis=1, prepend=0.0), lost, out=np.ones_like(lost), where=lost > 0)
        hazard = (1 - weekly) * np.clip(share, 0.0, 1.0)
        competing = 1 - np.divide(weekly, 1 - hazard, out=np.ones_like(weekly), where=hazard < 1)
        return self._log_odds(hazard), np.clip(competing, 0.0, 1.0) if events > 1 else None

    def _log_odds(self, hazard: Floats) -> Floats:
        lowest = expit(-self.limit)
        held = np.clip(hazard, lowest, 1 - lowest)
        return np.asarray(np.log(held) - np.log1p(-held))

    def _checked(self, found: Floats, shape: tuple[int, ...]) -> Floats:
        """The predictions, if they have the shape that is asked for and no value is missing."""
        if found.shape != shape or np.isnan(found).any():
            required = f"predictions of shape {shape} without missing values, at the days that are asked for"
            kind = "missing values" if found.shape == shape else f"shape {found.shape}"
            raise InputRefusedError([Problem(f"candidate {self.name}", None, None, required, kind)])
        return found


def survival_at(estimator: Any, values: Floats, days: Floats) -> Floats:
    """P(no relapse by each of ``days``), shape (n, days), from step functions, or from arrays.

    An array is taken at the days that were asked for, if the method takes ``times``, else at the estimator's
    ``unique_times_`` (scikit-survival) or ``event_times_``.
    """
    method = estimator.predict_survival_function
    if "times" in inspect.signature(method).parameters:
        return np.asarray(method(values, times=days), dtype=np.float64)
    found = method(values)
    if len(found) and hasattr(found[0], "x"):
        return np.array([_steps(np.asarray(curve.x), _heights(curve), days) for curve in found])
    times = getattr(estimator, "unique_times_", getattr(estimator, "event_times_", None))
    if times is None:
        return np.asarray(found, dtype=np.float64)
    return np.array([_steps(np.asarray(times), np.asarray(curve), days) for curve in found])


def _heights(curve: Any) -> Floats:
    """The values of a step function, with the scale that scikit-survival keeps beside them."""
    return np.asarray(getattr(curve, "a", 1.0) * np.asarray(curve.y) + getattr(curve, "b", 0.0))


def _steps(times: Floats, heights: Floats, days: Floats) -> Floats:
    """A step function at ``days``: 1 before its first step, its last height after the last."""
    place = np.searchsorted(times, days, side="right") - 1
    return np.where(place < 0, 1.0, heights[np.maximum(place, 0)])


def _cumulated(incidence: Floats) -> Floats:
    """Within 0 and 1, and never falling over time: a model of single days may predict a fall."""
    return np.maximum.accumulate(np.clip(incidence, 0.0, 1.0), axis=1)


def _stay(free: Floats, weeks: NDArray[np.int64]) -> Floats:
    """The weekly probability to stay free of events in each band (n, bands), from that at the bands' ends."""
    held = np.minimum.accumulate(np.clip(free, 0.0, 1.0), axis=1)
    before = np.hstack([np.ones((len(held), 1)), held[:, :-1]])
    return np.asarray(np.divide(held, before, out=np.zeros_like(held), where=before > 0) ** (1 / weeks))


def mean_over_weeks(bands: Floats, edges: NDArray[np.int64]) -> Floats:
    """Mean over the weeks of values (n, bands), shape (n,)."""
    return np.asarray(np.average(bands, axis=1, weights=np.diff(edges)))


@dataclass(frozen=True, eq=False)
class OwnRelapseHead(RelapseHead):
    """A relapse head of another package's curves: hazards need not be proportional.

    ``bands_score`` is its ``score``. ``baseline`` (bands,) is what recalibration has added to the log-odds.
    """

    bands_score: BandScore | None = None

    def baselines(self, rows: Floats) -> Floats:
        """Log-odds of relapse in a week of each band without the linear predictor, shape (n, bands)."""
        bands = self._own.bands(rows)
        return self.baseline + bands - mean_over_weeks(bands, self.edges)[:, None]

    def competing(self, rows: Floats) -> Floats:
        """Probability of a competing event in a week among those without relapse in it, shape (n or 1, bands)."""
        found = self._own.competing(rows)
        return super().competing(rows) if found is None else found

    @property
    def _own(self) -> BandScore:
        assert self.bands_score is not None  # noqa: S101 - given by the task
        return self.bands_score
