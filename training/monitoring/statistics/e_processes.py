"""E-processes against "nothing has changed", as log wealth (natural logarithm); each starts with a wealth of 1.

Without a change the expected wealth does not grow, and the chance that it ever reaches 1/a is at most a, at any number
of looks (Ville 1939; Shafer 2021, doi:10.1111/rssa.12647; Ramdas 2023, doi:10.1214/23-STS894). So there is no sample
size to wait for and no correction for looking every month. All are mixtures in closed form: their value depends only
on sums over patients, which `drift` and `calibration` compute.
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
"""Standard deviation of the alternative shifts, in standard deviations of the reference [judgement]."""
HALF = 0.5
CUTS = np.array([1 / 32, 1 / 10, 1 / 4, 1 / 2, 3 / 4, 9 / 10, 31 / 32])
"""Where tails may begin: a value that is rare in the reference lies in a thin tail."""
RATE_SHAPE = 4.0
"""Shape of the gamma distribution of the alternative rates: mean 1, standard deviation a half [judgement]."""
SHIFTS = (-1.2, -0.6, -0.3, 0.0, 0.3, 0.6, 1.2)
SLOPES = (0.5, 1.0, 1.5)
"""Alternative recalibrations: intercepts and slopes of the log-odds [judgement]."""


@dataclass(frozen=True, eq=False)
class EProcess:
    """``log_wealth`` (months,) at the end of each month; ``since`` (months,) is the start with most of the wealth."""

    log_wealth: Floats
    since: Months

    @property
    def best(self) -> int:
        """The month with the most wealth at its end."""
        return int(self.log_wealth.argmax())


def e_process_over_starts(log_wealth: Floats) -> EProcess:
    """The mixture of e-processes that start every month, so that a change is found even after years without one.

    ``log_wealth`` (months, months) is, at the end of the column's month, that of the e-process over the patients who
    came in the row's month or later; 0 before its start. The e-process of month m has the weight 1/(m (m + 1)); the
    weights of all time sum to 1. Source: Shin, Ramdas & Rinaldo 2024, doi:10.51387/23-NEJSDS51.
    """
    months = len(log_wealth)
    start = np.arange(1, months + 1)
    weighted = log_wealth - np.log(start * (start + 1.0))[:, None]
    later_starts = np.full((1, months), -np.log(months + 1.0))
    since = np.where(np.triu(np.ones_like(weighted, dtype=np.bool_)), weighted, -np.inf).argmax(axis=0)
    return EProcess(np.asarray(logsumexp(np.vstack([weighted, later_starts]), axis=0)), since)


def gather(values: Floats, came: Months, known: Months, months: int) -> Floats:
    """Sums of ``values`` (n, k) by the months ``came`` and ``known``, both (n,): (months, months, k)."""
    place, size = came * months + known, months * months
    sums = [np.bincount(place, weights=column, minlength=size) for column in values.T]
    return np.stack(sums, axis=-1).astype(np.float64).reshape(months, months, -1)


def sums_by_start(gained: Floats) -> Floats:
    """Sums over patients who came in the row's month or later, of what was known by the column's month.

    ``gained`` (months, months, k) comes from ``gather``.
    """
    known = np.cumsum(gained, axis=1)
    return np.asarray(np.cumsum(known[::-1], axis=0)[::-1])


def change_in_ranks(ranks: Floats, month: Months, months: int, proportions: Floats) -> EProcess:
    """E-process against uniform ranks (n,): the mean of four, for a shift, another spread, other proportions, a tail.

    ``month`` (n,) counts from 0; ``proportions`` (cells,) are the widths of cells of (0, 1).
    """
    score, cell = ndtri(ranks), np.searchsorted(np.cumsum(proportions)[:-1], ranks)
    below = (ranks[:, None] < CUTS).astype(np.float64)
    values = np.column_stack([np.ones(len(ranks)), score, score**2, below, np.eye(len(proportions))[cell]])
    started = np.triu_indices(months)
    sums = sums_by_start(gather(values, month, month, months))[started]
    number, cells = sums[:, 0], 3 + len(CUTS)
    e_processes = [
        shift_log_wealth(sums[:, 1], number),
        rate_log_wealth(number / 2, sums[:, 2] / 2),  # of the precision, whose likelihood is that of a rate
        proportions_log_wealth(sums[:, cells:], proportions),
        tails_log_wealth(sums[:, 3:cells], number),
    ]
    wealth = np.zeros((months, months))
    wealth[started] = logsumexp(e_processes, axis=0) - np.log(len(e_processes))
    return e_process_over_starts(wealth)


def shift_log_wealth(total: Floats, number: Floats) -> Floats:
    """Log wealth against a mean of 0, of ``number`` standard normal scores with this sum: a mixture over normal shifts.

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
    """Log wealth against the expected number of ranks in a tail, given how many of ``number`` lie below each cut."""
    counts = np.stack([below, number[..., None] - below], axis=-1)
    tails = proportions_log_wealth(counts, np.column_stack([CUTS, 1 - CUTS]))
    return np.asarray(logsumexp(tails, axis=-1) - np.log(len(CUTS)))


def rate_log_wealth(events: Floats, expected: Floats) -> Floats:
    """Log wealth against events coming as ``expected``, the predicted hazards over the time at risk.

    A gamma mixture of rate ratios. With right hazards the expected wealth does not grow, however time is cut and
    censored. Source: Ter Schure 2024, doi:10.51387/24-NEJSDS65, with the predicted hazard as the baseline.
    """
    shape = RATE_SHAPE
    prior = shape * np.log(shape) - gammaln(shape)
    return np.asarray(prior + gammaln(events + shape) - (events + shape) * np.log(expected + shape) + expected)


def recalibration_gains(y_observed: Floats, log_odds: Floats, centre: float) -> Floats:
    """Log likelihood ratio of each alternative recalibration, per outcome: (n, processes); both inputs (n,).

    An alternative shifts the log-odds and stretches them around ``centre``. Source: Arnold, Henzi & Ziegel 2023,
    doi:10.1214/22-AOAS1697 (sequential tests of calibration).
    """
    shift, slope = (grid.ravel() for grid in np.meshgrid(SHIFTS, SLOPES))
    recalibrated = centre + shift + slope * (log_odds[:, None] - centre)
    return np.asarray(_log_chance(y_observed[:, None], recalibrated) - _log_chance(y_observed, log_odds)[:, None])


def recalibration_log_wealth(gains: Floats) -> Floats:
    """Log wealth of the mixture of all recalibrations with equal weights, from sums of ``gains`` (..., processes)."""
    return np.asarray(logsumexp(gains, axis=-1) - np.log(gains.shape[-1]))


def _log_chance(y_observed: Floats, log_odds: Floats) -> Floats:
    """The log-likelihood of each outcome."""
    return np.asarray(-np.logaddexp(0.0, np.where(y_observed == 1, -log_odds, log_odds)))
