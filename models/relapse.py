"""The relapse head: a discrete-time hazard of relapse on a weekly grid after remission, beside a competing hazard.

The log-odds of relapse in a week are a baseline, constant within bands of weeks, plus the patient's score. Those of a
competing event are one baseline plus a score of its own, which is constant unless the data support more.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.calibration import BinomialCounts, Recalibration, fit_baseline
from models.outcomes import DAYS_PER_WEEK, Floats, RelapseCurve, expit, relapse_curve
from models.score import Score
from models.settings.sections import TimeSettings

ONE_VARIABLE = "distance_to_remission"
"""The variable that every other candidate must beat: residual severity."""


@dataclass(frozen=True, eq=False)
class RelapseHead:
    """Weekly hazards up to ``edges[-1]`` weeks; ``edges`` (bands + 1,) are the bands' bounds in weeks, from 0.

    ``baseline`` (bands,) are the log-odds of relapse in each week of a band. ``competing_hazard`` (bands,) is the
    probability of a competing event in a week, for a patient whose ``competing_score`` is 0; ``None``: the same for
    all.
    """

    score: Score
    edges: NDArray[np.int64]
    baseline: Floats
    competing_hazard: Floats
    slope: float = 1.0
    competing_score: Score | None = None

    def recalibrated(self, recalibration: Recalibration) -> "RelapseHead":
        """The head with shift and slope applied to baseline and score."""
        return replace(self, baseline=self.baseline + recalibration.shift, slope=self.slope * recalibration.slope)

    @property
    def days(self) -> NDArray[np.int64]:
        """The days at which the curve is given: every week from 0 to the last."""
        return np.arange(self.edges[-1] + 1) * DAYS_PER_WEEK

    def linear_predictor(self, rows: Floats) -> Floats:
        """Each row's log-odds of relapse without the baseline, shape (n,)."""
        return self.slope * self.score.predict(rows)

    def baselines(self, rows: Floats) -> Floats:  # noqa: ARG002 - heads without proportional odds differ by row
        """Log-odds of relapse in a week of each band without the linear predictor, shape (n or 1, bands)."""
        return self.baseline[None, :]

    def curve(self, rows: Floats, days: NDArray[np.int64]) -> RelapseCurve:
        """Cumulative probabilities at ``days`` for feature rows of shape (n, features)."""
        weeks = np.diff(self.edges)
        hazard = np.repeat(expit(self.baselines(rows) + self.linear_predictor(rows)[:, None]), weeks, axis=1)
        return relapse_curve(hazard, np.repeat(self.competing(rows), weeks, axis=1), days)

    def competing(self, rows: Floats) -> Floats:
        """Probability of a competing event in a week among those without relapse in it, shape (n or 1, bands)."""
        hazard = self.competing_hazard[None, :]
        if self.competing_score is None:
            return hazard
        odds = hazard * np.exp(self.competing_score.predict(rows))[:, None]
        return np.asarray(odds / (1 - hazard + odds))

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Start, shape (n,), and contributions, shape (n, features), to the log-odds of relapse in any one week.

        The start is measured in the first band.
        """
        start, contributions = self.score.explain(rows)
        return self.baseline[0] + self.slope * start, self.slope * contributions


def band_edges(
    followed_days: Floats, relapsed: NDArray[np.bool_], last_day: int, settings: TimeSettings
) -> NDArray[np.int64]:
    """Bounds of bands in weeks, from 0 to the week of ``last_day``, with about equally many relapses in each.

    Every band has at least ``events_per_band`` relapses, unless there are fewer in all.
    """
    weeks = -(-last_day // DAYS_PER_WEEK)
    event_weeks = np.ceil(followed_days[relapsed] / DAYS_PER_WEEK)
    event_weeks = event_weeks[event_weeks <= weeks]
    bands = int(np.clip(len(event_weeks) // settings.events_per_band, 1, settings.most_bands))
    inner = np.quantile(event_weeks, np.arange(1, bands) / bands, method="lower") if bands > 1 else np.empty(0)
    edges = [0]
    for edge in np.unique(inner.astype(np.int64)).tolist():
        # Many relapses in one week leave the weeks on either side with fewer than their share.
        within = (event_weeks > edges[-1]) & (event_weeks <= edge)
        if min(within.sum(), (event_weeks > edge).sum()) >= settings.events_per_band:
            edges.append(edge)
    return np.array([*edges, weeks], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class FollowUpWeights:
    """Follow-up weights: how many patients lost to follow-up each one represents, by week and at the event.

    ``weekly`` (patients, weeks) weights the time at risk in a week, ``at_event`` (patients,) a relapse or competing
    event. `training/outcomes/follow_up_weights` estimates them.
    """

    weekly: Floats
    at_event: Floats

    @staticmethod
    def equal(patients: int) -> "FollowUpWeights":
        """Every patient has the weight 1."""
        return FollowUpWeights(np.ones((patients, 1)), np.ones(patients))

    def in_weeks(self, patient: NDArray[np.intp], weeks: int) -> Floats:
        """Weights of some patients in the first ``weeks``, shape (patients, weeks); the last one known goes on."""
        return self.weekly[patient][:, np.minimum(np.arange(weeks), self.weekly.shape[1] - 1)]


def relapse_counts(
    followed_days: Floats,
    relapsed: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    edges: NDArray[np.int64],
    weights: FollowUpWeights | None = None,
) -> BinomialCounts:
    """The weeks at risk of every kept patient, band by band, and the week of the relapse.

    The week in which a patient was last seen counts in part.
    """
    followed = followed_days / DAYS_PER_WEEK
    return _counts(np.where(relapsed, np.ceil(followed), followed), relapsed, kept, edges, weights)


def competing_counts(
    followed_days: Floats,
    relapsed: NDArray[np.bool_],
    competed: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    weeks: int,
    weights: FollowUpWeights | None = None,
) -> BinomialCounts:
    """The weeks of every kept patient without relapse, in one band of ``weeks``, and that of the competing event.

    One band for the whole time: competing events are too few for more.
    """
    followed = followed_days / DAYS_PER_WEEK
    at_risk = np.where(competed, np.ceil(followed), np.where(relapsed, np.ceil(followed) - 1, followed))
    return _counts(at_risk, competed, kept, np.array([0, weeks], dtype=np.int64), weights)


def _counts(
    weeks: Floats,
    happened: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    edges: NDArray[np.int64],
    weights: FollowUpWeights | None,
) -> BinomialCounts:
    """The counts of patients at risk for ``weeks``; the last week is that of the event, if it happened."""
    patient = np.flatnonzero(kept)
    end, within = weeks[patient], happened[patient] & (weeks[patient] <= edges[-1])
    weights = weights or FollowUpWeights.equal(len(weeks))
    start = np.arange(edges[-1])
    seen = np.clip(end[:, None] - start, 0.0, 1.0)
    seen[within, end[within].astype(np.int64) - 1] = 0.0  # the week of the event is a success and no failure
    seen *= weights.in_weeks(patient, int(edges[-1]))
    failures = np.add.reduceat(seen, edges[:-1], axis=1)
    ends_within = within[:, None] & (end[:, None] > edges[:-1]) & (end[:, None] <= edges[1:])
    successes = np.where(ends_within, weights.at_event[patient][:, None], 0.0)
    where = np.nonzero(successes + failures > 0)
    return BinomialCounts(
        patient=patient[where[0]],
        band=where[1],
        successes=successes[where],
        failures=failures[where],
        patients=len(weeks),
        bands=len(edges) - 1,
    )


def competing_rate(binomial: BinomialCounts, score: Floats) -> float:
    """Weekly probability of a competing event at a score of 0 with which as many are expected as were observed."""
    seen = float(binomial.successes.sum())
    if not seen:
        return 0.0
    if not np.ptp(score[binomial.patient]) and not score[binomial.patient[0]]:
        return seen / (seen + float(binomial.failures.sum()))
    return float(expit(fit_baseline(binomial, score))[0])
