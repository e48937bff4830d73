"""The case mix at a landmark: every feature's distribution, none of fewer than ten patients."""

from collections.abc import Sequence

import numpy as np

from features.catalogue import Feature
from features.records.timeline import Floats, Mask
from training.evidence.document import FeatureSummary
from training.metrics.disclosure import FEWEST

FEWEST_ALIKE = 5
"""Fewest patients with a yes, or with a no, for which a share is given; none at all is given too."""
UNKNOWN = dict.fromkeys(("mean", "sd", "q05", "q50", "q95"), None)


def case_mix(values: Floats, declared: Sequence[Feature], eligible: Mask) -> list[FeatureSummary]:
    """One summary per feature; ``values`` has shape (patients, features)."""
    return [_summary(values[eligible, position], feature) for position, feature in enumerate(declared)]


def _summary(values: Floats, feature: Feature) -> FeatureSummary:
    recorded = values[~np.isnan(values)]
    about = {"name": feature.name, "meaning": feature.meaning, "unit": feature.unit, "recorded": len(recorded)}
    missing_share = 1 - len(recorded) / len(values) if len(values) else 1.0
    if len(recorded) < FEWEST:
        return FeatureSummary.model_validate(about | UNKNOWN | {"missing_share": missing_share})
    q05, q50, q95 = np.percentile(recorded, (5, 50, 95)).tolist()
    binary = bool(np.isin(recorded, (0, 1)).all())
    if binary and _shows_few(recorded):
        return FeatureSummary.model_validate(about | UNKNOWN | {"missing_share": missing_share})
    spread = {"q05": None, "q50": None, "q95": None} if binary else {"q05": q05, "q50": q50, "q95": q95}
    figures = {"mean": float(recorded.mean()), "sd": float(recorded.std()), "missing_share": missing_share}
    return FeatureSummary.model_validate(about | figures | spread)


def _shows_few(answers: Floats) -> bool:
    """Whether the share of yes would reveal a few patients; shape (patients recorded,)."""
    yes = int(answers.sum())
    return any(0 < number < FEWEST_ALIKE for number in (yes, len(answers) - yes))
