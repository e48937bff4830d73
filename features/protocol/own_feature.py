"""A feature that a study declares: one measure of one dated quantity over a window of days.

This module holds the vocabulary. It has no functions that compute: a protocol is part of every bundle, and a bundle
holds no code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from features.protocol.columns import DAY_LIMIT, EVENTS
from features.protocol.instrument import Instrument

MEASURES = ("first", "last", "minimum", "maximum", "mean", "change", "slope", "count")
"""``change`` is the last value less the first, from two on; ``slope`` is the least-squares slope a week, from two days
on; ``count`` is the number of records."""
COUNT = "count"
Direction = Literal["less", "", "more"]
_ENDS = ("death", "withdrawal", "end_of_follow_up")
"""Events after which there is no landmark, so that no feature can count them."""


@dataclass(frozen=True)
class DatedQuantity:
    """What a feature may be ``of``: its range and unit, or no unit if its records can only be counted.

    ``records`` is the unit of a count, and ``most`` the greatest one.
    """

    minimum: float
    maximum: float
    unit: str
    records: str
    most: float

    @property
    def only_counted(self) -> bool:
        """Whether a record has no value beyond that it happened."""
        return not self.unit


_MOST_SESSIONS = 1000.0
SESSION_QUANTITIES: Mapping[str, DatedQuantity] = {
    "dose_relative_to_usual": DatedQuantity(0, 20, "usual doses", "sessions", _MOST_SESSIONS),
    "peak_dissociation": DatedQuantity(0, 92, "points", "sessions", _MOST_SESSIONS),
    "peak_distress": DatedQuantity(0, 100, "points", "sessions", _MOST_SESSIONS),
    "peak_systolic_mmhg": DatedQuantity(60, 300, "mmHg", "sessions", _MOST_SESSIONS),
}
"""Numbers of dosing sessions. Those of a dose in mg/kg mean something else for each route; ``dose_relative_to_usual``
is each dose as a multiple of the usual dose of its route (`route_dose`)."""
SESSION_COUNTS: Mapping[str, DatedQuantity] = {
    "dosing_session": DatedQuantity(0, 0, "", "sessions", _MOST_SESSIONS),
    "psychotherapy_session": DatedQuantity(0, 0, "", "sessions", _MOST_SESSIONS),
    "adverse_event": DatedQuantity(0, 0, "", "sessions", 2 * _MOST_SESSIONS),
}
EVENT_COUNTS: Mapping[str, DatedQuantity] = {
    name: DatedQuantity(0, 0, "", "events", DAY_LIMIT) for name in EVENTS if name not in _ENDS
}
QUANTITIES: Mapping[str, DatedQuantity] = {**SESSION_QUANTITIES, **SESSION_COUNTS, **EVENT_COUNTS}
"""Every quantity except the rating scales, which a protocol may add to."""
OWN_UNITS = frozenset({"points", "points a week", "ratings", "sessions", "events"}).union(
    *({one.unit, f"{one.unit} a week"} for one in SESSION_QUANTITIES.values())
)
"""Every unit that a feature of a study may have."""


def quantity_of(scale: Instrument) -> DatedQuantity:
    """A rating scale, in points as recorded; two ratings a day at most: before and after the dose."""
    return DatedQuantity(scale.minimum, scale.maximum, "points", "ratings", 4.0 * DAY_LIMIT + 2)


@dataclass(frozen=True)
class OwnFeature:
    """The ``measure`` of a quantity from ``from_day`` to ``to_day``, in days from day 0, both inclusive.

    A bound of ``None`` is open. ``of`` is the name of a rating scale or of one of ``QUANTITIES``. ``remission`` and
    ``relapse`` say whether a larger value is expected to make the outcome more or less likely; ``source`` says why.
    """

    name: str
    of: str
    measure: str
    meaning: str
    from_day: int | None = None
    to_day: int | None = None
    remission: Direction = ""
    relapse: Direction = ""
    source: str = ""

    @property
    def expression(self) -> str:
        """What is computed, in words, such as "the minimum of gad7 from day 0 to day 14"."""
        return f"the {self.measure} of {self.of} {self._window}"

    @property
    def _window(self) -> str:
        if self.from_day is None:
            return "so far" if self.to_day is None else f"up to day {self.to_day}"
        return f"from day {self.from_day} {'on' if self.to_day is None else f'to day {self.to_day}'}"

    def unit(self, quantity: DatedQuantity) -> str:
        """The unit of the measure."""
        if self.measure == COUNT:
            return quantity.records
        return f"{quantity.unit} a week" if self.measure == "slope" else quantity.unit

    def limits(self, quantity: DatedQuantity) -> tuple[float, float]:
        """Least and greatest value that the measure can have; records of a slope are a day apart at least."""
        span = quantity.maximum - quantity.minimum
        if self.measure == COUNT:
            return 0.0, quantity.most
        if self.measure in ("change", "slope"):
            widest = 7 * span if self.measure == "slope" else span
            return -widest, widest
        return quantity.minimum, quantity.maximum

    def problems(self, scales: Mapping[str, Instrument], *, has_source: bool) -> Iterator[tuple[str, str, str]]:
        """Key to correct, what is required and what was found, where keys contradict one another."""
        if self.of in scales and self.of in QUANTITIES:
            yield "of", "a quantity of one meaning; give the rating scale another name", "a rating scale named so too"
        quantity = QUANTITIES.get(self.of)
        if quantity is not None and quantity.only_counted and self.measure != COUNT:
            yield "measure", f'"count": a record of {self.of} has no other value', "another measure"
        if self.from_day is not None and self.to_day is not None and self.from_day > self.to_day:
            yield "to_day", "a day not before from_day", "an earlier day"
        if (self.remission or self.relapse) and not has_source:
            yield "source", "the source of the expected direction", "nothing"
