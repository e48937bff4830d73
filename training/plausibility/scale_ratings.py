"""The ratings of one instrument, as scores and as steps above the lowest total of the scale.

A step is the difference of two neighbouring totals: the factor that multiplies the sum of the items, 1 without one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.protocol.instruments import Instrument
from features.protocol.scale_items import ITEM_SCORINGS, ItemScoring
from features.records.cohort import Cohort
from features.records.cut_offs import TOLERANCE
from features.records.rating_days import known_days
from features.records.timeline import Floats, Indices, Mask, Rows


@dataclass(frozen=True, eq=False)
class ScaleRatings:
    """The ratings of one instrument; ``rows`` is never empty, ``sites`` has a code per patient (-1: none).

    The ``day`` of a row is the first on which the rating is known: the next one, if it was taken after a dose.
    """

    instrument: Instrument
    rows: Rows
    sites: Indices

    @property
    def higher_is_worse(self) -> bool:
        """The direction of the scale as recorded."""
        return self.instrument.higher_is == "worse"

    @cached_property
    def severity(self) -> Floats:
        """The scores with higher as worse, as a cohort holds them; shape (ratings,), in points."""
        return self.rows.numbers("score")

    @cached_property
    def score(self) -> Floats:
        """The scores as recorded, shape (ratings,), in points."""
        if self.higher_is_worse:
            return self.severity
        return np.asarray(np.round(self.instrument.minimum + self.instrument.maximum - self.severity, 9))

    @cached_property
    def scoring(self) -> ItemScoring | None:
        """How the scale is scored from its items; ``None`` if that is not declared, or for another range."""
        scoring = ITEM_SCORINGS.get(self.instrument.name)
        if (
            scoring is None
            or scoring.not_scored
            or _range(scoring) != (self.instrument.minimum, self.instrument.maximum)
        ):
            return None
        return scoring

    @property
    def is_standardised(self) -> bool:
        """Whether scores are looked up in a table, as T scores are: the form then sets how low or high they can be."""
        declared = ITEM_SCORINGS.get(self.instrument.name)
        return declared is not None and bool(declared.not_scored)

    @property
    def step(self) -> float:
        """Points between two neighbouring totals."""
        return float(self.scoring.factor) if self.scoring else 1.0

    @property
    def totals(self) -> int:
        """Number of possible totals."""
        return int((self.instrument.maximum - self.instrument.minimum) / self.step) + 1

    @cached_property
    def steps(self) -> NDArray[np.int32]:
        """Whole steps of each score above the lowest total, shape (ratings,); computed in place, for there are many."""
        above = self.score - self.instrument.minimum
        above /= self.step
        above += TOLERANCE
        return np.floor(above, out=above).astype(np.int32)

    def ratings_between(self, first: int, last: int, *, after_day_0: bool) -> int:
        """Ratings of ``first`` to ``last`` steps, both included, on any day or only after day 0."""
        return int(self._between(first, last, after_day_0).sum())

    def patients_between(self, first: int, last: int, *, after_day_0: bool) -> int:
        """Patients with such a rating."""
        return int(self.rows.where(self._between(first, last, after_day_0)).exists_for_patient().sum())

    def _between(self, first: int, last: int, after_day_0: bool) -> Mask:
        within = (self.steps >= first) & (self.steps <= last)
        return within & (self.rows.numbers("day") > 0) if after_day_0 else within

    def patients_by_step(self) -> Indices:
        """Patients with a rating of each number of steps, shape (totals,)."""
        has = np.zeros((self.rows.patients, self.totals), dtype=np.bool_)
        has[self.rows.patient, self.steps] = True
        return has.sum(axis=0)


def counted_items(scoring: ItemScoring) -> int:
    """The items that add to the total: of each group of which only the highest counts, one."""
    return scoring.items - sum(len(group) - 1 for group in scoring.highest)


def _range(scoring: ItemScoring) -> tuple[float, float]:
    items = counted_items(scoring) * scoring.factor
    return float(items * scoring.item_minimum), float(items * scoring.item_maximum)


def scale_ratings(cohort: Cohort) -> Iterator[ScaleRatings]:
    """The ratings of every instrument that was rated, in the order of the protocol."""
    every, sites = cohort.assessments, np.asarray(cohort.site, dtype=np.intp)
    codes = every["instrument"]
    for code in np.unique(codes).tolist():
        instrument = cohort.protocol.instruments[cohort.protocol.instrument_names[code]]
        rows = every.where(np.asarray(codes == code))
        columns = {"day": known_days(rows), "score": rows["score"]}
        yield ScaleRatings(instrument, Rows(rows.patients, rows.patient, columns), sites)
