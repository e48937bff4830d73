"""Disclosure control: groups of patients that are too small for figures of their own, and merged groups that hide them.

A group under ten is named without figures. If fewer than ten patients are hidden in all, their figures would follow
from the total by subtraction: then the smallest other group is merged with them. Source: Hundepool 2012, Statistical
Disclosure Control, doi:10.1002/9781118348239, chapter 4 (suppression, primary and secondary) and 5 (rounding).
"""

from collections.abc import Sequence

import numpy as np

from features.records.timeline import Mask

FEWEST = 10
"""Recorded values, or patients of a group, below which no figure is given."""

ROUNDED_TO = 5
"""Counts of a table with many groups are multiples of this, so that differences of two cells don't show a few patients.
"""

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


def pooled(groups: Sequence[Group], name: str) -> list[Group]:
    """The groups of a partition with at least ten patients each; the smaller ones together are the group ``name``.

    Flags have shape (patients,). If those pooled are still fewer than ten, the smallest other group joins them. Empty
    if that leaves a single group, which says no more than the total. An empty ``name`` lists the names of those pooled.
    """
    some = [group for group in groups if group[1].any()]
    small = [group for group in some if group[1].sum() < FEWEST]
    large = [group for group in some if group[1].sum() >= FEWEST]
    if small and large and sum(int(members.sum()) for _, members in small) < FEWEST:
        smallest = min(large, key=lambda group: int(group[1].sum()))
        large.remove(smallest)
        small = [smallest, *small]
    if small:
        members = np.logical_or.reduce([members for _, members in small])
        large.append((name or " or ".join(label for label, _ in small), members))
    return large if len(large) > 1 else []


def hidden_cells(parts: Sequence[Sequence[int]]) -> list[bool]:
    """Which cells of a row must be suppressed, so that no count of one to nine is shown or follows from the total.

    ``parts`` has the counts of each cell, such as yes and no; the cells are a partition of the patients of the row. As
    long as a count of those suppressed together is one to nine, the smallest cell still shown is suppressed too.
    """
    hidden = [any(_few(count) for count in cell) for cell in parts]
    while any(_few(sum(counts)) for counts in zip(*_kept(parts, hidden), strict=True)):
        shown = [place for place, suppressed in enumerate(hidden) if not suppressed]
        if not shown:
            break
        hidden[min(shown, key=lambda place: sum(parts[place]))] = True
    return hidden


def rounded_count(count: int) -> int | None:
    """A count to the nearest multiple of 5; null for one to nine patients."""
    return None if _few(count) else ROUNDED_TO * int(count / ROUNDED_TO + 0.5)


def _few(count: int) -> bool:
    return 0 < count < FEWEST


def _kept(parts: Sequence[Sequence[int]], flags: Sequence[bool]) -> list[Sequence[int]]:
    return [cell for cell, kept in zip(parts, flags, strict=True) if kept]
