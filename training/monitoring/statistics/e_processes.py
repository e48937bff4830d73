"""Bets against "nothing has changed": how much a gambler who began with 1 would have, by the logarithm.

If nothing changed, no way of betting is expected to gain, and the chance of ever having 1/a is at most a, however
often one looks (Ville 1939; Shafer 2021, doi:10.1111/rssa.12647; Ramdas 2023, doi:10.1214/23-STS894). So there is no
sample size to wait for and no correction for looking every month. All are mixtures in closed form: their value
depends on sums over patients only. What is summed is left to `drift` and `calibration`.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp, ndtri

from features.records.timeline import Floats

Months: TypeAlias = NDArray[np.intp]
"""Months counted from 0, the first."""
SPREAD = 0.5
"""Standard deviation of the shifts that are bet on, in standard deviations of the reference [judgement]."""
HALF = 0.5
CUTS = np.array([1 / 32, 1 / 10, 1 / 4, 1 / 2, 3 / 4, 9 / 10, 31 / 32])
"""Where tails may begin: a value that was rare in the reference lies in a thin one."""
RATE_SHAPE = 4.0
"""Shape of the gamma distribution of the rates that are bet on: mean 1, standard deviation a half [judgement]."""
SHIFTS = (-1.2, -0.6, -0.3, 0.0, 0.3, 0.6, 1.2)
SLOPES = (0.5, 1.0, 1.5)
"""Recalibrations that are bet on: what the log-odds lack, and how far they should be stretched [judgement]."""


@dataclass(frozen=True, eq=False)
class EProcess:
    """A bet over months: ``log_wealth`` (months,) at the end of each, and ``since`` (months,), when it began to pay.

    ``since`` is the month whose start explains most of the wealth.
    """

    log_wealth: Floats
    since: Months

    @property
    def best(self) -> int:
        """The month at whose end there was most."""
        return int(self.log_wealth.argmax())


def bet_from_every_month(log_wealth: Floats) -> EProcess:
    """Begin in every month with a part of the wealth, so that a change is seen although all was well for years.

    ``log_wealth`` (months, months) is, at the end of the month of the column, that of a bet on the patients who came
    in the month of the row or later; 0 before it begins. Month m gets 1/(m (m + 1)) of the wealth, which adds up to 1
    over all time. Source: Shin, Ramdas & Rinaldo 2024, doi:10.51387/23-NEJSDS51 (e-processes begun at every time).
    """
    months = len(log_wealth)
    start = np.arange(1, months + 1)
    shared = log_wealth - np.log(start * (start + 1.0))[:, None]
    begun = np.arange(months)[:, None] <= np.arange(months)
    kept_back = np.full((1, months), -np.log(months + 1.0))
    since = np.where(begun, shared, -np.inf).argmax(axis=0)
    return EProcess(np.asarray(logsumexp(np.vstack([shared, kept_back]), axis=0)), since)


def gather(values: Floats, came: Months, known: Months, months: int) -> Floats:
    """Sums of ``values`` (n, k) by the months of coming and of becoming known, both (n,): (months, months, k)."""
    place, size = came * months + known, months * months
    sums = [np.bincount(place, weights=column, minlength=size) for column in values.T]
    return np.stack(sums, axis=-1).astype(np.float64).reshape(months, months, -1)


def from_every_month(gained: Floats) -> Floats:
    """Sums over patients who came in the month of the row or later, of what was known by the month of the column.

    ``gained`` (months, months, k) is as ``gather`` gives it.
    """
    known = np.cumsum(gained, axis=1)
    return np.asarray(np.cumsum(known[::-1], axis=0)[::-1])


def change_in_ranks(ranks: Floats, month: Months, months: int, proportions: Floats) -> EProcess:
    """E-process against uniform ranks (n,): the mean of four, for a shift, another spread, other proportions, a tail.

    ``month`` (n,) counts from 0; ``proportions`` (cells,) are the widths of cells of (0, 1), natural to the values.
    """
    score, cell = ndtri(ranks), np.searchsorted(np.cumsum(proportions)[:-1], ranks)
    below = (ranks[:, None] < CUTS).astype(np.float64)
    values = np.column_stack([np.ones(len(ranks)), score, score**2, below, np.eye(len(proportions))[cell]])
    begun = np.triu_indices(months)
    sums = from_every_month(gather(values, month, month, months))[begun]
    number, cells = sums[:, 0], 3 + len(CUTS)
    e_processes = [
        shift_log_wealth(sums[:, 1], number),
        rate_log_wealth(number / 2, sums[:, 2] / 2),  # of the precision, whose likelihood is that of a rate
        proportions_log_wealth(sums[:, cells:], proportions),
        tails_log_wealth(sums[:, 3:cells], number),
    ]
    wealth = np.zeros((months, months))
    wealth[begun] = logsumexp(e_processes, axis=0) - np.log(len(e_processes))
    return bet_from_every_month(wealth)


def shift_log_wealth(total: Floats, number: Floats) -> Floats:
    """The bet that so many standard normal scores with this sum have another mean: a mixture over normal shifts.

    Source: Robbins 1970, doi:10.1214/aoms/1177696786.
    """
    variance = 1 + SPREAD**2 * number
    return np.asarray(-np.log(variance) / 2 + SPREAD**2 * total**2 / (2 * variance))


def proportions_log_wealth(counts: Floats, proportions: Floats) -> Floats:
    """Log wealth against cells having these ``proportions``, given ``counts``, both (..., cells): a Dirichlet mixture.

    Source: Krichevsky & Trofimov 1981, doi:10.1109/TIT.1981.1056331.
    """
    cells, number = proportions.shape[-1], counts.sum(axis=-1)
    half, whole = (gammaln(np.arange(number.max(initial=0.0) + 1) + rest) for rest in (HALF, HALF * cells))
    seen = (half[counts.astype(np.intp)] - half[0] - counts * np.log(proportions)).sum(axis=-1)
    return np.asarray(whole[0] - whole[number.astype(np.intp)] + seen)


def tails_log_wealth(below: Floats, number: Floats) -> Floats:
    """The bet that more or fewer than expected of so many ranks lie in a tail, given how many lie below each cut."""
    counts = np.stack([below, number[..., None] - below], axis=-1)
    tails = proportions_log_wealth(counts, np.column_stack([CUTS, 1 - CUTS]))
    return np.asarray(logsumexp(tails, axis=-1) - np.log(len(CUTS)))


def rate_log_wealth(events: Floats, expected: Floats) -> Floats:
    """The bet that events come faster or slower than ``expected``, the predicted hazards over the time at risk.

    A gamma mixture of rate ratios. It is not expected to gain, however time is cut and censored, as long as the
    hazards are right. Source: Ter Schure 2024, doi:10.51387/24-NEJSDS65, with the predicted hazard as the baseline.
    """
    shape = RATE_SHAPE
    prior = shape * np.log(shape) - gammaln(shape)
    return np.asarray(prior + gammaln(events + shape) - (events + shape) * np.log(expected + shape) + expected)


def recalibration_gains(y_observed: Floats, log_odds: Floats, centre: float) -> Floats:
    """What each bet on a recalibration gains by each outcome, shape (n, processes), by the logarithm; both inputs (n,).

    A bet says that the log-odds lack a shift, and are too extreme or too timid around ``centre``. Source: Arnold,
    Henzi & Ziegel 2023, doi:10.1214/22-AOAS1697 (sequential tests of calibration).
    """
    shift, slope = (grid.ravel() for grid in np.meshgrid(SHIFTS, SLOPES))
    said = centre + shift + slope * (log_odds[:, None] - centre)
    return np.asarray(_log_chance(y_observed[:, None], said) - _log_chance(y_observed, log_odds)[:, None])


def recalibration_log_wealth(gains: Floats) -> Floats:
    """The mixture of all recalibrations, each with as much wealth, from sums of their gains (..., processes)."""
    return np.asarray(logsumexp(gains, axis=-1) - np.log(gains.shape[-1]))


def _log_chance(y_observed: Floats, log_odds: Floats) -> Floats:
    """The logarithm of the chance that was given to what happened."""
    return np.asarray(-np.logaddexp(0.0, np.where(y_observed == 1, -log_odds, log_odds)))
