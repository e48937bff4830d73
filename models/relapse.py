"""The relapse head: a discrete-time hazard of relapse on a weekly grid after remission, beside a competing hazard.

The log-odds of relapse in a week are a baseline, constant within bands of weeks, plus the patient's score. The
competing hazard is the same for everybody.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.calibration import Recalibration, Trials
from models.outcomes import DAYS_PER_WEEK, Floats, RelapseCurve, expit, relapse_curve
from models.score import Score

ONE_VARIABLE = "distance_to_remission"
"""The variable that every other candidate must beat: residual severity."""
EVENTS_PER_BAND = 15
MOST_BANDS = 10


@dataclass(frozen=True, eq=False)
class RelapseHead:
    """Weekly hazards up to ``edges[-1]`` weeks; ``edges`` (bands + 1,) are the bands' bounds in weeks, from 0.

    ``baseline`` and ``competing_hazard`` have shape (bands,): log-odds of relapse, and probability of a competing
    event, in each week of a band.
    """

    score: Score
    edges: NDArray[np.int64]
    baseline: Floats
    competing_hazard: Floats
    slope: float = 1.0

    def recalibrated(self, recalibration: Recalibration) -> "RelapseHead":
        """The head with its baseline shifted and its score stretched."""
        return replace(self, baseline=self.baseline + recalibration.shift, slope=self.slope * recalibration.slope)

    @property
    def days(self) -> NDArray[np.int64]:
        """The days at which the curve is given: every week from 0 to the last."""
        return np.arange(self.edges[-1] + 1) * DAYS_PER_WEEK

    def moved(self, rows: Floats) -> Floats:
        """How far each row's log-odds lie from the baseline, shape (n,)."""
        return self.slope * self.score.predict(rows)

    def curve(self, moved: Floats, days: NDArray[np.int64]) -> RelapseCurve:
        """Cumulative probabilities at ``days`` for patients who lie ``moved`` from the baseline."""
        weeks = np.diff(self.edges)
        hazard = np.repeat(expit(self.baseline + moved[:, None]), weeks, axis=1)
        return relapse_curve(hazard, np.repeat(self.competing_hazard, weeks), days)

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Start, shape (n,), and contributions, shape (n, features), to the log-odds of relapse in any one week.

        The start is measured in the first band.
        """
        start, contributions = self.score.explain(rows)
        return self.baseline[0] + self.slope * start, self.slope * contributions


def band_edges(followed_days: Floats, relapsed: NDArray[np.bool_], last_day: int) -> NDArray[np.int64]:
    """Bounds of bands in weeks, from 0 to the week of ``last_day``, with about equally many relapses in each.

    Every band holds at least ``EVENTS_PER_BAND`` relapses, but for a single band when there are fewer in all.
    """
    weeks = -(-last_day // DAYS_PER_WEEK)
    event_weeks = np.ceil(followed_days[relapsed] / DAYS_PER_WEEK)
    event_weeks = event_weeks[event_weeks <= weeks]
    bands = int(np.clip(len(event_weeks) // EVENTS_PER_BAND, 1, MOST_BANDS))
    inner = np.quantile(event_weeks, np.arange(1, bands) / bands, method="lower") if bands > 1 else np.empty(0)
    edges = [0]
    for edge in np.unique(inner.astype(np.int64)).tolist():
        # Many relapses in one week leave the weeks on either side with fewer than their share.
        within = (event_weeks > edges[-1]) & (event_weeks <= edge)
        if min(within.sum(), (event_weeks > edge).sum()) >= EVENTS_PER_BAND:
            edges.append(edge)
    return np.array([*edges, weeks], dtype=np.int64)


def relapse_trials(
    followed_days: Floats, relapsed: NDArray[np.bool_], kept: NDArray[np.bool_], edges: NDArray[np.int64]
) -> Trials:
    """The weeks at risk of every kept patient, band by band, and the week of the relapse.

    A week in which a patient was last seen counts for the part that was seen.
    """
    patient = np.flatnonzero(kept)
    followed = followed_days[patient] / DAYS_PER_WEEK
    weeks = np.where(relapsed[patient], np.ceil(followed), followed)
    at_risk = np.clip(weeks[:, None], edges[:-1], edges[1:]) - edges[:-1]
    ends_within = relapsed[patient][:, None] & (weeks[:, None] > edges[:-1]) & (weeks[:, None] <= edges[1:])
    where = np.nonzero(at_risk > 0)
    successes = ends_within[where].astype(np.float64)
    return Trials(
        patient=patient[where[0]],
        band=where[1],
        successes=successes,
        failures=at_risk[where] - successes,
        patients=len(followed_days),
        bands=len(edges) - 1,
    )


def competing_hazard(
    followed_days: Floats,
    relapsed: NDArray[np.bool_],
    competed: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    edges: NDArray[np.int64],
) -> Floats:
    """Weekly probability of a competing event among those without relapse in the week, shape (bands,).

    One rate for the whole time: competing events are too few for more.
    """
    followed = followed_days[kept] / DAYS_PER_WEEK
    weeks = np.where(competed[kept], np.ceil(followed), np.where(relapsed[kept], np.ceil(followed) - 1, followed))
    last = float(edges[-1])
    events = float((competed[kept] & (weeks <= last)).sum())
    at_risk = float(np.minimum(weeks, last).sum())
    return np.full(len(edges) - 1, events / at_risk if at_risk > 0 else 0.0)
