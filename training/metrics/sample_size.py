"""How many patients a model with a number of parameters needs, by the criteria of Riley and colleagues.

Sources: Riley 2019, doi:10.1002/sim.7992; Riley 2020, doi:10.1136/bmj.m441.
"""

from dataclasses import dataclass
from math import ceil, exp, log

import numpy as np

from features.records.timeline import Floats
from training.metrics.reliability import log_loss_by_draw

SHRINKAGE = 0.9
"""Least shrinkage aimed at: predictions that are at most 10% too extreme."""

MARGIN = 0.05
"""Margin of error of the overall risk."""
_OPTIMISM = 0.05
"""Optimism allowed in Nagelkerke's R-squared."""

_Z = 1.96
"""The 97.5% point of the normal distribution, rounded as in the sources."""


@dataclass(frozen=True)
class RequiredSampleSize:
    """Patients needed by each criterion, the greatest of them, and events per parameter at that number.

    ``shrinkage``: predictions at most 10% too extreme; ``optimism``: R-squared at most 0.05 too high; ``precision``:
    overall risk within 0.05.
    """

    shrinkage: int
    optimism: int
    precision: int
    required: int
    events_per_parameter: float
    patients_per_parameter: float


def binary(
    parameters: int, prevalence: float, r2_cox_snell: float, shrinkage: float = SHRINKAGE
) -> RequiredSampleSize | None:
    """Patients needed for a yes/no outcome; ``None`` if the R-squared is not positive: no signal was shown.

    Raises ``ValueError`` for an R-squared that no model can reach at that prevalence.
    """
    if not r2_cox_snell > 0:
        return None
    rate = prevalence
    limit = 1 - exp(2 * (rate * log(rate) + (1 - rate) * log(1 - rate)))
    first, second = _first_two(parameters, r2_cox_snell, limit, shrinkage)
    precise = ceil((_Z / MARGIN) ** 2 * rate * (1 - rate))
    return _sample_size((first, second, precise), rate, parameters)


def survival(
    parameters: int,
    rate: float,
    timepoint: float,
    mean_follow_up: float,
    r2_cox_snell: float,
    shrinkage: float = SHRINKAGE,
) -> RequiredSampleSize | None:
    """Patients needed for a time to event; ``None`` if the R-squared is not positive.

    ``rate`` is events per unit of time, ``timepoint`` and ``mean_follow_up`` are in the same unit; a patient has one
    event at most. The third criterion is about the risk by ``timepoint``, under a constant rate, and is never below
    the first two. Raises ``ValueError`` for an R-squared that no model can reach.
    """
    if not r2_cox_snell > 0:
        return None
    events = rate * mean_follow_up
    # Whole events among 10,000 patients, as the R package pmsampsize counts them.
    share = ceil(rate * (mean_follow_up * 10_000)) / 10_000
    limit = 1 - exp(2 * (share * log(share) - share))
    first, second = _first_two(parameters, r2_cox_snell, limit, shrinkage)
    precise = ceil(rate * (_Z / _margin_of_rate(rate, timepoint)) ** 2 / mean_follow_up)
    return _sample_size((first, second, max(first, second, precise)), events, parameters)


def cox_snell_r2(y_observed: Floats, y_predicted: Floats, weights: Floats) -> Floats:
    """Cox-Snell R-squared of held-out predictions against each draw's base rate, at least 0; larger is better.

    Outcomes 0 or 1 and probabilities (n,), ``weights`` (draws, n); gives (draws,). Held out, it has no optimism that
    the criteria would have to correct. Sources: Cox & Snell 1989, Analysis of Binary Data, 2nd ed.; its use here:
    Riley 2020, doi:10.1136/bmj.m441.
    """
    rate = weights @ y_observed / weights.sum(axis=1)
    inside = np.clip(rate, 1e-300, 1 - 1e-16)
    without = -(rate * np.log(inside) + (1 - rate) * np.log1p(-inside))
    gained = without - log_loss_by_draw(y_observed, y_predicted, weights)
    return np.maximum(1 - np.exp(-2 * gained), 0.0)


def _first_two(parameters: int, r2: float, limit: float, shrinkage: float) -> tuple[int, int]:
    if r2 >= min(limit, shrinkage):
        raise ValueError(f"a Cox-Snell R-squared below {min(limit, shrinkage):.3f} was required")
    tolerated = r2 / (r2 + _OPTIMISM * limit)
    return _for_shrinkage(parameters, r2, shrinkage), _for_shrinkage(parameters, r2, tolerated)


def _for_shrinkage(parameters: int, r2: float, shrinkage: float) -> int:
    return ceil(parameters / ((shrinkage - 1) * log(1 - r2 / shrinkage)))


def _margin_of_rate(rate: float, timepoint: float) -> float:
    """The error of the rate at which the risk by ``timepoint`` is off by the margin allowed, on the nearer side."""
    event_free = exp(-rate * timepoint)
    below = rate + log(event_free + MARGIN) / timepoint if event_free + MARGIN < 1 else rate
    above = -log(event_free - MARGIN) / timepoint - rate if event_free > MARGIN else below
    return min(below, above)


def _sample_size(criteria: tuple[int, int, int], events_per_patient: float, parameters: int) -> RequiredSampleSize:
    required = max(criteria)
    return RequiredSampleSize(*criteria, required, required * events_per_patient / parameters, required / parameters)
