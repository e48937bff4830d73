"""What is monitored of one model, and how the chance of a false alarm is divided among the monitored items.

All items are known when the model is registered. Half of the allowed chance goes to the answers and their calibration,
half to the features; within a half it is divided equally. Because each e-process keeps to its own part, the parts add
up (Bonferroni), although the features depend on one another. Averaging e-processes of different features would not be
valid: each is an e-process in its own filtration, not in the joint one (Choe & Ramdas 2025, arXiv:2402.09698).
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
"""The chance that a model without a change ever has an alarm, or a hint."""
ANSWERS = 0.5


@dataclass(frozen=True)
class MonitoredItem:
    """``name`` is a feature, or remission or relapse, or empty."""

    landmark: str
    kind: Kind
    name: str


@dataclass(frozen=True, eq=False)
class Size:
    """How large a change is: the reference's figure, that of recent patients, and the difference in ``unit``.

    Of ``patients`` recent ones; NaN where too few are known. ``disclosed`` says whether the figures may be shown.
    """

    unit: str
    reference: float
    recent: float
    difference: float
    patients: int
    disclosed: bool = True


@dataclass(frozen=True, eq=False)
class MonitoringFinding:
    """The evidence about one item from ``patients``; ``share`` is its part of the false alarms.

    ``enough`` says whether a large change would have been found.
    """

    item: MonitoredItem
    course: EProcess
    share: float
    patients: int
    enough: bool
    size: Size | None

    def chance(self, log_wealth: float) -> float:
        """The chance that any e-process of a model without a change ever has this wealth: smaller is more evidence."""
        return float(min(1.0, np.exp(min(-log_wealth - log(self.share), 0.0))))

    @property
    def best_chance(self) -> float:
        """The chance of the greatest wealth so far."""
        return self.chance(float(self.course.log_wealth.max()))

    def first_month_below(self, chance: float) -> int | None:
        """The first month at whose end the evidence was this strong; ``None`` if there is none."""
        months = np.flatnonzero(self.course.log_wealth >= -log(chance * self.share))
        return int(months[0]) if len(months) else None


def proportions(bundle: Bundle, reference: Reference | None) -> Mapping[MonitoredItem, float]:
    """All monitored items of a model, each with its proportion of the false alarms; the proportions sum to 1."""
    answers, features = list(_calibration(bundle)), list[MonitoredItem]()
    for landmark in reference.landmarks if reference else ():
        if landmark.patients >= FEWEST:
            answers += _answers(landmark)
            features += _features(landmark)
    of_answers = ANSWERS if features else 1.0
    found = {item: of_answers / len(answers) for item in answers}
    return found | {item: (1 - of_answers) / len(features) for item in features}


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
