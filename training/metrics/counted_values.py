"""Numbers counted by value, of parts that are never in memory together, and their quantiles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from features.records.timeline import Floats, Indices


@dataclass(frozen=True, eq=False)
class CountedValues:
    """Distinct ``values``, ascending, and how many there are of each."""

    values: Floats
    counts: Indices

    def __len__(self) -> int:
        return int(self.counts.sum())

    def quantiles(self, levels: Sequence[float]) -> tuple[float, ...]:
        """The quantiles that ``np.quantile`` gives of all numbers: interpolated linearly."""
        ends, last = np.cumsum(self.counts), len(self) - 1
        found = []
        for level in levels:
            place = level * last
            beside = np.searchsorted(ends, [int(place), min(int(place) + 1, last)], side="right")
            found.append(float(np.quantile(self.values[beside], place - int(place))))
        return tuple(found)


def counted_values(numbers: Floats) -> CountedValues:
    """Numbers without NaN, by value."""
    return CountedValues(*np.unique(numbers, return_counts=True))


def added_values(parts: Iterable[CountedValues]) -> CountedValues:
    """The numbers of all parts, by value."""
    listed = list(parts)
    values, places = np.unique(np.concatenate([part.values for part in listed]), return_inverse=True)
    counts = np.zeros(len(values), dtype=np.intp)
    np.add.at(counts, places, np.concatenate([part.counts for part in listed]))
    return CountedValues(values, counts)
