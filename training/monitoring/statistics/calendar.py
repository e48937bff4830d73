"""The calendar months of a model's use, by which evidence and figures over time are computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from training.monitoring.statistics.e_processes import Months


@dataclass(frozen=True)
class Calendar:
    """``number`` months from ``first``, which counts months since the year 0; times are UTC."""

    first: int
    number: int

    @classmethod
    def between(cls, first: datetime, last: datetime) -> "Calendar":
        """The months from one moment to another, both included."""
        begin, end = _month(first), _month(last)
        return cls(begin, max(end - begin, 0) + 1)

    def months(self, times: Sequence[datetime]) -> Months:
        """The month of each moment, counted from the first; moments outside go to the nearest month."""
        found = np.array([_month(time) for time in times], dtype=np.intp) - self.first
        return np.asarray(np.clip(found, 0, self.number - 1))

    def months_of_days(self, days: NDArray[np.datetime64]) -> Months:
        """The month of each day, as ``months``."""
        found = days.astype("datetime64[M]").astype(np.intp) + 1970 * 12 - self.first
        return np.asarray(np.clip(found, 0, self.number - 1))

    def label(self, month: int) -> str:
        """A month such as 2026-03."""
        year, rest = divmod(self.first + month, 12)
        return f"{year:04d}-{rest + 1:02d}"

    @property
    def labels(self) -> list[str]:
        """All months."""
        return [self.label(month) for month in range(self.number)]

    def last_days(self) -> NDArray[np.datetime64]:
        """The last day of each month, shape (months,)."""
        following = np.arange(self.first + 1, self.first + 1 + self.number) - 1970 * 12
        return following.astype("datetime64[M]").astype("datetime64[D]") - 1


def _month(time: datetime) -> int:
    moment = time.astimezone(UTC)
    return moment.year * 12 + moment.month - 1
