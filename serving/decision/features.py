"""What speaks for and against: the contributions of an answer, in groups and one by one. Nothing is a cause."""

from collections.abc import Sequence
from dataclasses import dataclass

from features.catalogue import BUILT_IN
from serving.contract.response import Contribution, Explanation

MOST = 3
"""Features shown in either direction."""
LEAST = 0.05
"""Log-odds below which a group is not worth a line: it moves 50 of 100 people by one at most [judgement]."""
OTHER_GROUP = "study covariate"
GROUPS = {feature.name: feature.group for feature in BUILT_IN}


@dataclass(frozen=True)
class FeatureWeight:
    """A feature as it counts in an answer; ``value`` is ``None`` if it was not recorded, ``weight`` is in log-odds."""

    name: str
    meaning: str
    unit: str
    value: float | None
    weight: float


@dataclass(frozen=True)
class GroupWeight:
    """The sum of a group's features, and the one recorded feature that counts most in its direction, if any."""

    group: str
    weight: float
    most: FeatureWeight | None


@dataclass(frozen=True)
class HeadWeights:
    """What makes one outcome more (``raising``) or less likely, the largest first.

    ``average`` if the model tells no patients apart. Groups add up the recorded features.
    """

    raising: tuple[FeatureWeight, ...]
    lowering: tuple[FeatureWeight, ...]
    groups_raising: tuple[GroupWeight, ...]
    groups_lowering: tuple[GroupWeight, ...]
    missing: tuple[FeatureWeight, ...]
    average: bool


def head_weights(explanation: Explanation | None) -> HeadWeights | None:
    """The contributions to one outcome; ``None`` without an explanation."""
    if explanation is None:
        return None
    every = tuple(map(_weight, explanation.contributions))
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


def _weight(given: Contribution) -> FeatureWeight:
    return FeatureWeight(given.feature, given.meaning, given.unit, given.value, given.contribution)


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
