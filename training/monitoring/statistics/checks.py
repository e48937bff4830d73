"""What is watched of one model, and how the chance of a false alarm is shared among it.

All that is watched is known when the model is registered. Half of the allowed chance goes to the answers and their
calibration, half to the features; within a half all have the same proportion. The proportions add up (Bonferroni),
the features depend on one another, because each e-process keeps to its own. Those of different features can't be
averaged instead: each is fair in what it sees, not in what all see (Choe & Ramdas 2025, arXiv:2402.09698).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log
from typing import Literal, TypeAlias

import numpy as np

from models.bundle import Bundle
from training.metrics.disclosure import FEWEST
from training.monitoring.statistics.e_processes import EProcess
from training.monitoring.statistics.reference import LandmarkReference, Reference

Kind: TypeAlias = Literal["recorded", "value", "probability", "answered", "calibration"]
ALARM, HINT = 0.05, 0.2
"""The chance that a model to which nothing happened is ever called off; and that it is ever called doubtful."""
ANSWERS = 0.5


@dataclass(frozen=True)
class MonitoredItem:
    """One thing that is watched: ``name`` is a feature, or remission or relapse, or empty."""

    landmark: str
    kind: Kind
    name: str


@dataclass(frozen=True, eq=False)
class Size:
    """How large a change is: what the reference had, what recent patients have, and the difference in ``unit``.

    Of ``patients`` recent ones; NaN where too few are known. ``told`` says whether the figures may be shown.
    """

    unit: str
    reference: float
    recent: float
    difference: float
    patients: int
    told: bool = True


@dataclass(frozen=True, eq=False)
class MonitoringFinding:
    """What came of watching one thing on ``patients``; ``share`` of the false alarms is its own.

    ``enough`` says whether a large change would have shown.
    """

    watched: MonitoredItem
    course: EProcess
    share: float
    patients: int
    enough: bool
    size: Size | None

    def chance(self, log_wealth: float) -> float:
        """The chance that any bet of a model to which nothing happened ever wins so much: smaller is more evidence."""
        return float(min(1.0, np.exp(min(-log_wealth - log(self.share), 0.0))))

    @property
    def best_chance(self) -> float:
        """That of the most that was ever won."""
        return self.chance(float(self.course.log_wealth.max()))

    def first_month_below(self, chance: float) -> int | None:
        """The month at whose end the evidence first was so strong; ``None`` where it never was."""
        months = np.flatnonzero(self.course.log_wealth >= -log(chance * self.share))
        return int(months[0]) if len(months) else None


def proportions(bundle: Bundle, reference: Reference | None) -> Mapping[MonitoredItem, float]:
    """All that is watched of a model, each with its proportion of the false alarms; the proportions add up to 1."""
    answers, features = list(_calibration(bundle)), list[MonitoredItem]()
    for landmark in reference.landmarks if reference else ():
        if landmark.patients >= FEWEST:
            answers += _answers(landmark)
            features += _features(landmark)
    of_answers = ANSWERS if features else 1.0
    found = {watched: of_answers / len(answers) for watched in answers}
    return found | {watched: (1 - of_answers) / len(features) for watched in features}


def _calibration(bundle: Bundle) -> Iterator[MonitoredItem]:
    for model in bundle.models:
        for name in ("remission", "relapse"):
            if getattr(model, name) is not None:
                yield MonitoredItem(model.landmark.name, "calibration", name)


def _answers(landmark: LandmarkReference) -> Iterator[MonitoredItem]:
    yield from (
        MonitoredItem(landmark.name, "probability", answer.head) for answer in landmark.answers if answer.spread
    )
    if landmark.answered is not None:
        yield MonitoredItem(landmark.name, "answered", "")


def _features(landmark: LandmarkReference) -> Iterator[MonitoredItem]:
    """A feature that no training patient had recorded has nothing to be compared with."""
    for feature in landmark.features:
        if feature.recorded:
            yield MonitoredItem(landmark.name, "recorded", feature.name)
        if feature.spread is not None:
            yield MonitoredItem(landmark.name, "value", feature.name)
