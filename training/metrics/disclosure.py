"""Disclosure control: groups of patients that are too small for figures of their own, and merged groups that hide them.

A group under ten is named without figures. If fewer than ten patients are hidden in all, their figures would follow
from the total by subtraction: then the smallest other group is merged with them. Source: Hundepool 2012, Statistical
Disclosure Control, doi:10.1002/9781118348239, chapter 4.
"""

from collections.abc import Sequence

from features.records.timeline import Mask

FEWEST = 10
"""Recorded values, or patients of a group, below which no figure is given."""

Group = tuple[str, Mask]
"""The name of a group, and flags of its patients."""


def with_small_groups_merged(groups: Sequence[Group], counted: Mask) -> list[Group]:
    """The groups of one variable; if the small ones would show, the smallest large one is merged with them.

    Flags have shape (patients,); ``counted`` are those in the total that is given. The small groups stay in the list.
    """
    size = [int((members & counted).sum()) for _, members in groups]
    small = [number for number, patients in enumerate(size) if 0 < patients < FEWEST]
    large = [number for number, patients in enumerate(size) if patients >= FEWEST]
    hidden = int(counted.sum()) - sum(size[number] for number in large)
    if not small or not large or hidden >= FEWEST:
        return list(groups)
    widened = min(large, key=lambda number: size[number])
    names = [groups[number][0] for number in (widened, *small)]
    members = groups[widened][1].copy()
    for number in small:
        members |= groups[number][1]
    return [(" or ".join(names), members) if number == widened else group for number, group in enumerate(groups)]
