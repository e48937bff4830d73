"""Probabilities as natural frequencies: of 100 people, how many, and which of 100 icons lie within the interval.

Icons that are filled, graded and empty show the estimate with its uncertainty at one glance: Raphael et al. 2020, "The
experience of living with uncertainty in icon arrays" [recalled]; natural frequencies: IPDAS, chapter on probabilities
[recalled].
"""

from dataclasses import dataclass
from math import ceil, floor
from typing import Literal, Self, TypeAlias

from serving.contract.response import HorizonRisk, Remission, SustainedRemission

PEOPLE = 100
EXACT = 9
"""Decimals beyond which a number of people is rounding error: 0.56 of 100 are 56, not 57."""
NARROW, WIDE = 10, 25
"""Widths of a 90% interval, in people of 100: up to the first the number is called fairly sure, beyond the second very
unsure [judgement]."""

Sureness: TypeAlias = Literal["high", "medium", "low", "none"]


@dataclass(frozen=True)
class Frequency:
    """A probability as people of 100; ``low`` and ``high`` are the ends of its 90% interval, rounded outwards.

    ``interval`` has the ends as probabilities, as the answer gave them.
    """

    probability: float
    low: int | None
    high: int | None
    interval: tuple[float, float] | None = None

    @classmethod
    def of(cls, probability: float, interval: tuple[float, float] | None) -> Self:
        """A probability, with the ends of its interval as probabilities."""
        if interval is None:
            return cls(probability, None, None)
        low, high = (round(PEOPLE * end, EXACT) for end in interval)
        return cls(probability, floor(low), ceil(high), interval)

    @property
    def people(self) -> int:
        """The estimate, rounded; always within the interval."""
        return round(PEOPLE * self.probability)

    @property
    def sureness(self) -> Sureness:
        """How sure the number is, by the width of its interval; ``none`` without one."""
        if self.low is None or self.high is None:
            return "none"
        width = self.high - self.low
        return "high" if width <= NARROW else "medium" if width <= WIDE else "low"

    def shades(self) -> tuple[float, ...]:
        """For each of 100 icons how full it is: 1 up to the low end, falling evenly to 0 at the high end."""
        low = self.people if self.low is None else self.low
        high = self.people if self.high is None else self.high
        steps = high - low + 1
        return tuple(1.0 if icon < low else max(0.0, 1 - (icon - low + 1) / steps) for icon in range(PEOPLE))


def frequency(given: Remission | HorizonRisk | SustainedRemission) -> Frequency | None:
    """A probability of an answer with its interval; ``None`` where it is not known."""
    if given.probability is None:
        return None
    interval = given.interval_90
    return Frequency.of(given.probability, None if interval is None else (interval.low, interval.high))
