"""The chain rule that combines the two heads, so that a patient's probabilities are coherent.

P(sustained to t) = P(remission) x P(neither relapse nor competing event by t | remission). Within a week relapse
comes before a competing event, and hazards are spread evenly over the days.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
DAYS_PER_WEEK = 7


def expit(log_odds: Floats) -> Floats:
    """Probability of a log-odds, without overflow at either end."""
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, small) / (1.0 + small)


@dataclass(frozen=True, eq=False)
class RelapseCurve:
    """Cumulative probabilities given remission, at ``days`` after the remission reading.

    All have shape (n, days) and add up to 1: ``event_free`` + ``relapse`` + ``competing``.
    """

    days: NDArray[np.int64]
    event_free: Floats
    relapse: Floats
    competing: Floats

    def cut(self, number: int) -> "tuple[RelapseCurve, RelapseCurve]":
        """The curve at its first ``number`` days, and at the others."""
        return self._on(slice(number)), self._on(slice(number, None))

    def _on(self, days: slice) -> "RelapseCurve":
        return RelapseCurve(self.days[days], self.event_free[:, days], self.relapse[:, days], self.competing[:, days])


def relapse_curve(relapse_hazard: Floats, competing_hazard: Floats, days: NDArray[np.int64]) -> RelapseCurve:
    """The curve of weekly hazards at any days within their reach.

    ``relapse_hazard`` (n, weeks) is the probability of relapse in a week among those event-free at its start;
    ``competing_hazard`` (n or 1, weeks) that of a competing event among those without relapse in the week.
    """
    week, within = np.divmod(days, DAYS_PER_WEEK)
    stays = (1 - relapse_hazard) * (1 - competing_hazard)
    weeks = stays.shape[1]
    at_start, relapsed = np.ones((len(stays), weeks + 1)), np.zeros((len(stays), weeks + 1))
    np.cumprod(stays, axis=1, out=at_start[:, 1:])
    np.cumsum(at_start[:, :-1] * relapse_hazard, axis=1, out=relapsed[:, 1:])
    share = within / DAYS_PER_WEEK
    inside = np.minimum(week, weeks - 1)  # a day at the end of the last week lies inside none
    event_free = at_start[:, week] * stays[:, inside] ** share
    # Within a week losses are divided evenly over the days, so that neither cumulative probability decreases.
    lost = 1 - stays
    to_relapse = np.divide(relapse_hazard, lost, out=np.zeros_like(lost), where=lost > 0)
    relapse = relapsed[:, week] + (at_start[:, week] - event_free) * to_relapse[:, inside]
    relapse = np.minimum(relapse, 1 - event_free)  # rounding must not add up to more than 1
    return RelapseCurve(days, event_free, relapse, np.maximum(1 - event_free - relapse, 0.0))


def sustained_remission(remission: Floats, curve: RelapseCurve) -> Floats:
    """P(in remission, and neither relapse nor competing event by each day of the curve), shape (n, days)."""
    return remission[:, None] * curve.event_free
