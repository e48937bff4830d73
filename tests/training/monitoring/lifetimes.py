"""Lifetimes of a model in use, drawn by a program: patients who are, or are no longer, like those of its training."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from features.records.timeline import Floats
from training.monitoring.statistics.bins import Bins, number_bins, yes_no_bins
from training.monitoring.statistics.e_processes import (
    EProcess,
    change_in_ranks,
    e_process_over_starts,
    gather,
    recalibration_gains,
    recalibration_log_wealth,
    sums_by_start,
)
from training.monitoring.statistics.ranks import ranks

Draw = Callable[[np.random.Generator, int], Floats]
FEATURES, ANSWERS = 0.5 / 300, 0.5 / 18
"""A check's share of the false alarms in a model of three landmarks: of one about a feature, and about an answer."""


@dataclass(frozen=True)
class Stream:
    """Values as the reference has them, and as they are after a change."""

    before: Draw
    after: Draw
    binned: Callable[[Floats], Bins | None]


def normal(rng: np.random.Generator, number: int) -> Floats:
    return rng.standard_normal(number)


def shifted(by: float) -> Draw:
    return lambda rng, number: rng.standard_normal(number) + by


def wider(by: float) -> Draw:
    return lambda rng, number: by * rng.standard_normal(number)


def counted(rng: np.random.Generator, number: int) -> Floats:
    """A whole number from 0 to about 5, as of earlier treatments."""
    return rng.poisson(1.2, number).astype(np.float64)


def yes(share: float) -> Draw:
    return lambda rng, number: (rng.random(number) < share).astype(np.float64)


SEVERITY = Stream(normal, shifted(0.8), number_bins)
NUMBERS = (Stream(normal, normal, number_bins), Stream(counted, counted, number_bins))
ANSWERED = Stream(yes(0.3), yes(0.3), yes_no_bins)
MISSING = Stream(yes(0.03), yes(0.03), yes_no_bins)


def drift_course(
    rng: np.random.Generator, stream: Stream, per_month: int, months: tuple[int, int], training: int
) -> EProcess:
    """The e-process of a stream over ``months`` without and with a change; ``training`` patients are the reference."""
    bins = stream.binned(stream.before(rng, training))
    calm, changed = (per_month * number for number in months)
    values = np.concatenate([stream.before(rng, calm), stream.after(rng, changed)])
    month = np.repeat(np.arange(sum(months)), per_month)
    if bins is None:
        return e_process_over_starts(np.zeros((sum(months), sum(months))))
    ranked = ranks(bins.counts, bins.place(values), rng.random(len(values)))
    return change_in_ranks(ranked, month, sum(months), bins.cells)


def calibration_course(
    rng: np.random.Generator, per_month: int, months: tuple[int, int], lacking: float = 0.0, delay: int = 2
) -> EProcess:
    """The e-process against calibration, for outcomes of 70 in 100 patients known two months later.

    After ``months[0]`` months of a right model its log-odds are ``lacking`` too low.
    """
    total = sum(months)
    came = np.repeat(np.arange(total), round(0.7 * per_month))
    log_odds = rng.normal(-1.0, 0.8, len(came))
    truth = log_odds + np.where(came >= months[0], lacking, 0.0)
    observed = (rng.random(len(came)) < 1 / (1 + np.exp(-truth))).astype(np.float64)
    known = came + delay
    gains = recalibration_gains(observed, log_odds, -1.0)
    settled = known < total
    sums = sums_by_start(gather(gains[settled], came[settled], known[settled], total))
    return e_process_over_starts(recalibration_log_wealth(sums))


def alarmed(course: EProcess, share: float) -> bool:
    """Whether a check with this share of the 5% ever had an alarm."""
    return bool(course.log_wealth.max() >= -np.log(0.05 * share))


def months_until(course: EProcess, share: float, change: int) -> float:
    """Months from a change to its alarm; infinite without one."""
    alarms = np.flatnonzero(course.log_wealth >= -np.log(0.05 * share))
    later = alarms[alarms >= change]
    return float(later[0] - change + 1) if len(later) else np.inf


def at_most(seen: int, of: int) -> float:
    """The upper 95% limit of the share ``seen`` / ``of``. Source: Clopper & Pearson 1934."""
    return 1.0 if seen == of else float(beta.ppf(0.95, seen + 1, of - seen))
