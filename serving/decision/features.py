"""What an estimate took into account: the contributions to it, in groups and one by one. Nothing is a cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from features.catalogue import BUILT_IN
from serving.contract.response import Contribution, Explanation

MOST = 3
"""Features shown in either direction."""
LEAST = 0.05
"""Log-odds below which a group is not worth a line: it moves 50 of 100 people by one at most [judgement]."""
OTHER_GROUP = "study covariate"
YES_NO = "no/yes"
NO_CENTRES: Mapping[str, float] = MappingProxyType({})
GROUPS = {feature.name: feature.group for feature in BUILT_IN}


@dataclass(frozen=True)
class FeatureWeight:
    """A feature as it counts in an answer; ``value`` is ``None`` if it was not recorded, ``weight`` is in log-odds.

    ``centre`` is its average among the training patients, if it is known.
    """

    name: str
    meaning: str
    unit: str
    value: float | None
    weight: float
    centre: float | None = None

    @property
    def stand(self) -> Literal["yes", "no", "above", "below", "unknown"]:
        """The answer to a question, or whether a number is above or below the average of the study."""
        if self.value is None:
            return "unknown"
        if self.unit == YES_NO and self.value in (0, 1):
            return "yes" if self.value else "no"
        if self.centre is None or self.value == self.centre:
            return "unknown"
        return "above" if self.value > self.centre else "below"


@dataclass(frozen=True)
class GroupWeight:
    """The sum of a group's features, and the one recorded feature that counts most in its direction, if any."""

    group: str
    weight: float
    most: FeatureWeight | None


@dataclass(frozen=True)
class HeadWeights:
    """What goes along with one outcome more (``raising``) or less often, the largest first.

    ``average`` if the model tells no patients apart. Groups add up the recorded features.
    """

    raising: tuple[FeatureWeight, ...]
    lowering: tuple[FeatureWeight, ...]
    groups_raising: tuple[GroupWeight, ...]
    groups_lowering: tuple[GroupWeight, ...]
    missing: tuple[FeatureWeight, ...]
    average: bool


def head_weights(explanation: Explanation | None, centres: Mapping[str, float] = NO_CENTRES) -> HeadWeights | None:
    """The contributions to one outcome, beside the averages of the study; ``None`` without an explanation."""
    if explanation is None:
        return None
    every = tuple(_weight(one, centres) for one in explanation.contributions)
    recorded = [one for one in every if one.value is not None]
    groups = _groups(recorded)
    return HeadWeights(
        raising=tuple(one for one in recorded if one.weight > 0)[:MOST],
        lowering=tuple(one for one in recorded if one.weight < 0)[:MOST],
        groups_raising=tuple(one for one in groups if one.weight >= LEAST),
        groups_lowering=tuple(one for one in groups if one.weight <= -LEAST),
        missing=tuple(one for one in every if one.value is None),
        average=not every,
    )


def _weight(given: Contribution, centres: Mapping[str, float]) -> FeatureWeight:
    centre = centres.get(given.feature)
    return FeatureWeight(given.feature, given.meaning, given.unit, given.value, given.contribution, centre)


def _groups(recorded: Sequence[FeatureWeight]) -> list[GroupWeight]:
    """Features of one group overlap, so that their sum says more than the largest of them."""
    members: dict[str, list[FeatureWeight]] = {}
    for one in recorded:
        members.setdefault(GROUPS.get(one.name, OTHER_GROUP), []).append(one)
    found = [_group(name, ones) for name, ones in members.items()]
    return sorted(found, key=lambda group: -abs(group.weight))


def _group(name: str, members: Sequence[FeatureWeight]) -> GroupWeight:
    total = sum(one.weight for one in members)
    alike = [one for one in members if one.weight * total > 0]
    return GroupWeight(name, total, max(alike, key=lambda one: abs(one.weight), default=None))
