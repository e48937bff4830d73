"""A linear score as terms that can be added up by hand, with limits of its weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.catalogue import Feature
from features.definitions.display_names import label_of
from features.definitions.feature import Sign
from features.records.timeline import Floats
from models.score import LinearScore
from models.uncertainty import HeadRefits
from training.evidence.descriptions import LinearTerm
from training.metrics.disclosure import FEWEST

LIMITS_PERCENT = (2.5, 97.5)
FROM_REFITS = (
    "the 2.5th and 97.5th percentile of the refits that give the intervals of predictions: each is fitted to a "
    "bootstrap sample and pulled towards a random draw from the prior that the penalty stands for"
)
FROM_BOOTSTRAP = "the 2.5th and 97.5th percentile of refits of the same variable to bootstrap samples"


@dataclass(frozen=True, eq=False)
class WeightLimits:
    """95% limits of the weights of a linear score (used,), in log-odds, and where they come from."""

    low: Floats
    high: Floats
    source: str


def limits_from_refits(score: LinearScore, refits: HeadRefits | None) -> WeightLimits | None:
    """The limits by a head's refits; ``None`` unless the refits are of the same columns.

    A ridge regression with declared signs has no confidence interval in the classical sense: the penalty biases a
    weight towards 0, and the sign is assumed. The refits vary as a posterior distribution would, within the signs.
    """
    same = ("used", "lower", "upper", "centre")
    if refits is None or any(not np.array_equal(getattr(score, name), getattr(refits, name)) for name in same):
        return None
    low, high = np.percentile(refits.weight.astype(np.float64), LIMITS_PERCENT, axis=0)
    return WeightLimits(low, high, f"{FROM_REFITS} ({len(refits.weight)} refits)")


def terms_of(
    score: LinearScore,
    slope: float,
    declared: tuple[Feature, ...],
    signs: Sequence[Sign],
    rows: Floats,
    limits: WeightLimits | None,
) -> list[LinearTerm]:
    """The terms of ``slope`` times a score, in the order of the catalogue; ``rows`` are those fitted on.

    ``signs`` are the declared ones of each feature. Limits contain their weight: the weights have another penalty than
    the refits.
    """
    held = np.clip(rows[:, score.used], score.lower, score.upper)
    weights, missing = slope * score.weight, slope * score.missing_weight
    low, high = (weights, weights) if limits is None else (limits.low, limits.high)
    return [
        LinearTerm(
            feature=declared[column].name,
            label=label_of(declared[column].name, declared[column].meaning),
            unit=declared[column].unit,
            lower=float(score.lower[place]),
            upper=float(score.upper[place]),
            centre=float(score.centre[place]),
            weight=float(weights[place]),
            low=None if limits is None else float(min(low[place], weights[place])),
            high=None if limits is None else float(max(high[place], weights[place])),
            missing_weight=float(missing[place]),
            sd=_spread(held[:, place]),
            sign=signs[column],
        )
        for place, column in enumerate(score.used.tolist())
    ]


def _spread(values: Floats) -> float | None:
    recorded = values[~np.isnan(values)]
    return float(recorded.std()) if len(recorded) >= FEWEST else None
