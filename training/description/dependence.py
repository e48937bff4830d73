"""Partial dependence: the mean probability if all patients had the same value of one feature."""

from collections.abc import Callable, Sequence

import numpy as np

from features.catalogue import Feature
from features.definitions.display_names import label_of
from features.records.timeline import Floats
from models.applicability import ApplicabilityDomain
from training.evidence.descriptions import Dependence
from training.metrics.disclosure import FEWEST

BULK_PERCENT = (5, 95)
"""Percentiles between which a feature varies: beyond them a model extrapolates from few patients."""
PLACES = 11
"""Places of a number between them."""

Probability = Callable[[Floats], Floats]
"""From feature rows (n, features) to a probability per row, shape (n,)."""


def dependences(
    probability: Probability,
    columns: Sequence[int],
    declared: tuple[Feature, ...],
    rows: Floats,
    applicability: ApplicabilityDomain | None,
) -> list[Dependence]:
    """One curve per column that has two values with ten patients each; ``rows`` are those fitted on.

    All other features stay as they are, so that a place may combine values as no patient does. Source: Friedman 2001,
    doi:10.1214/aos/1013203451.
    """
    found = []
    for column in columns:
        values = _values(rows[:, column], applicability, column)
        if len(values) > 1:
            means = [_mean(probability, rows, column, value) for value in values.tolist()]
            one = declared[column]
            label = label_of(one.name, one.meaning)
            found.append(
                Dependence(feature=one.name, label=label, unit=one.unit, values=values.tolist(), probability=means)
            )
    return found


def _mean(probability: Probability, rows: Floats, column: int, value: float) -> float:
    changed = rows.copy()
    changed[:, column] = value
    return float(probability(changed).mean())


def _values(recorded: Floats, applicability: ApplicabilityDomain | None, column: int) -> Floats:
    """The values that at least ten patients are at: few whole ones themselves, or places at equal distances.

    The limits of the places are rounded, so that they are no patient's own value.
    """
    known = recorded[~np.isnan(recorded)]
    if applicability is not None:
        known = known[(known >= applicability.lower[column]) & (known <= applicability.upper[column])]
    if len(known) < 2 * FEWEST:
        return np.empty(0)
    values, counts = np.unique(known, return_counts=True)
    if len(values) <= PLACES:
        return np.asarray(values[counts >= FEWEST])
    low, high = np.percentile(known, BULK_PERCENT)
    if high <= low:
        return np.asarray(values[counts >= FEWEST])
    step = 10 ** np.floor(np.log10((high - low) / PLACES))
    places = np.linspace(np.ceil(low / step) * step, np.floor(high / step) * step, PLACES)
    half = (places[1] - places[0]) / 2
    near = np.array([(np.abs(known - place) <= half).sum() for place in places])
    return np.asarray(places[near >= FEWEST])
