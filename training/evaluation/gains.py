"""The gain of a landmark over the one before: differences of measures on the patients predicted at both."""

from dataclasses import replace
from typing import Literal

import numpy as np

from features.records.timeline import Floats
from training.evidence.document import LandmarkGain
from training.metrics.intervals import interval
from training.metrics.question_data import QuestionData
from training.metrics.question_measures import core_values

COMPARED = ("auc", "log_loss", "brier")


def gain(before: str, earlier: QuestionData, later: QuestionData, draws: Floats) -> LandmarkGain | None:
    """Later minus earlier, for a question that both answer; above 0 is better for auc, below 0 for the losses.

    ``None`` if no patient has both predictions. ``draws`` (draws + 1, patients) and the later landmark's inverse
    probability weights apply to both sides; otherwise a part of the difference would come from the weights.
    """
    both = np.intersect1d(earlier.observed.patient, later.observed.patient)
    if not len(both):
        return None
    asked_late = later.observed.subset(np.isin(later.observed.patient, both))
    asked_early = earlier.observed.subset(np.isin(earlier.observed.patient, both))
    draws = asked_late.drawn(draws)
    weights = np.zeros(draws.shape[1])
    weights[asked_late.patient] = asked_late.weights
    first = core_values(replace(asked_early, weights=weights[asked_early.patient]), draws)
    second = core_values(asked_late, draws)
    head: Literal["remission", "relapse"] = "remission" if later.head == "remission" else "relapse"
    differences = {name: interval(second[name] - first[name]) for name in COMPARED}
    return LandmarkGain(before=before, head=head, n=len(both), measures=differences)
