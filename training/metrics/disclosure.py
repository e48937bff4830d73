"""Which groups of patients are too small for figures of their own, and which are told of together to keep them so.

A group under ten is named, and nothing else is said of it. Where only so few are left untold of that their figures
follow from the total by subtraction, the smallest other group takes them in. Source: Hundepool 2012, Statistical
Disclosure Control, doi:10.1002/9781118348239, chapter 4.
"""

from collections.abc import Sequence

from features.records.timeline import Mask

FEWEST = 10
"""Recorded values, or patients of a group, below which no figure is given."""

Group = tuple[str, Mask]
"""The name of a group, and flags of its patients."""


def with_small_groups_merged(groups: Sequence[Group], counted: Mask) -> list[Group]:
    """The groups of one variable with the smallest large one widened by the small ones, where these would show.

    Flags have shape (patients,); ``counted`` are those in the total that is given. The small groups stay in the list.
    """
    size = [int((members & counted).sum()) for _, members in groups]
    small = [number for number, patients in enumerate(size) if 0 < patients < FEWEST]
    large = [number for number, patients in enumerate(size) if patients >= FEWEST]
    untold = int(counted.sum()) - sum(size[number] for number in large)
    if not small or not large or untold >= FEWEST:
        return list(groups)
    widened = min(large, key=lambda number: size[number])
    names = [groups[number][0] for number in (widened, *small)]
    members = groups[widened][1].copy()
    for number in small:
        members |= groups[number][1]
    return [(" or ".join(names), members) if number == widened else group for number, group in enumerate(groups)]
