"""One rating of a scale as a form has it, and the row that it makes: its total, or its items scored.

The scoring is that of `features.protocol.item_scoring`. A total that its items contradict is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from features.protocol.document import Protocol
from features.protocol.instruments import SUICIDAL_THOUGHTS_SCALES
from features.protocol.item_scoring import score_items
from features.protocol.scale_items import ITEM_SCORINGS, ItemScoring
from serving.fhir.elements.placed_dates import PlacedDate
from serving.fhir.parts import ReadingNotes, SourcedRow

SUICIDAL_THOUGHTS_ITEM = 9


@dataclass(frozen=True)
class PlacedPoints:
    """Points, and the element that has them."""

    points: float
    expression: str


@dataclass
class FormPoints:
    """The points of a scale while a form is read: its total, its items by number, and answers that have no points."""

    total: PlacedPoints | None = None
    items: dict[int, PlacedPoints] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    def add(self, number: int | None, points: float | None, expression: str, notes: ReadingNotes) -> None:
        """Add an item, or the total where there is no number; a second value for one of them is refused."""
        if points is None:
            self.unreadable.append(expression)
            return
        before = self.total if number is None else self.items.get(number)
        if before is not None and before.points != points:
            notes.refuse("invariant", expression, "one value of an item or a total", "a second value")
        elif number is None:
            self.total = before or PlacedPoints(points, expression)
        else:
            self.items[number] = before or PlacedPoints(points, expression)

    def is_rated(self, expression: str, instrument: str, notes: ReadingNotes) -> bool:
        """Whether there is something to score, with the reason in the notes if not.

        An item without points would count as missing, so that the others would be scored as if it had not been
        answered. Then only a total counts.
        """
        for place in self.unreadable:
            notes.leave_out(place, f"the answer has no points of {instrument}")
        if self.unreadable:
            self.items = {}
        if self.total is None and not self.items:
            notes.leave_out(expression, f"no total of {instrument}, and no items that can be scored")
            return False
        return True


@dataclass(frozen=True)
class RatedForm:
    """A rating: its total, its items by number, or both. ``sources`` are the resources that it was made from."""

    instrument: str
    date: PlacedDate
    expression: str
    total: PlacedPoints | None
    items: Mapping[int, PlacedPoints]
    sources: frozenset[str] = frozenset()

    def row(self, protocol: Protocol, notes: ReadingNotes) -> SourcedRow | None:
        """The row of ``assessments``; ``None`` with the reason in the notes where there is no score."""
        score = self._score(notes)
        if score is None or not _is_within(self.instrument, score, protocol, notes):
            return None
        cells: dict[str, Any] = {"day": self.date.written, "instrument": self.instrument, "score": score.points}
        places = {"day": self.date.expression, "score": score.expression}
        asked = self.items.get(SUICIDAL_THOUGHTS_ITEM)
        if self.instrument in SUICIDAL_THOUGHTS_SCALES and asked is not None:
            cells["suicidal_thoughts_item"] = int(asked.points)
            places["suicidal_thoughts_item"] = asked.expression
        return SourcedRow("assessments", cells, self.expression, places)

    def _score(self, notes: ReadingNotes) -> PlacedPoints | None:
        scoring = ITEM_SCORINGS.get(self.instrument)
        if not self.items or scoring is None or scoring.not_scored:
            return self.total
        if not self._is_in_key(scoring, notes):
            return None
        scores = score_items(scoring, self._table(scoring))
        scored = float(scores.total[0])
        if self.total is not None and not np.isnan(scored) and self.total.points != scored:
            required = "a total that agrees with its items, scored by the rules of the scale"
            notes.refuse("invariant", self.total.expression, required, "another total")
            return None
        if self.total is not None:
            return self.total
        if np.isnan(scored):
            notes.leave_out(self.expression, "too few items are answered for a total")
            return None
        return PlacedPoints(scored, self.expression)

    def _is_in_key(self, scoring: ItemScoring, notes: ReadingNotes) -> bool:
        required = f"a whole number from {scoring.item_minimum} to {scoring.item_maximum}"
        wrong = [
            item
            for item in self.items.values()
            if not (item.points.is_integer() and scoring.item_minimum <= item.points <= scoring.item_maximum)
        ]
        for item in wrong:
            notes.refuse("value", item.expression, required, "another number")
        return not wrong

    def _table(self, scoring: ItemScoring) -> "np.ndarray[Any, np.dtype[np.float64]]":
        row = np.full((1, scoring.items), np.nan)
        for number, item in self.items.items():
            row[0, number - 1] = item.points
        return row


def _is_within(instrument: str, score: PlacedPoints, protocol: Protocol, notes: ReadingNotes) -> bool:
    """Whether a score lies in the range of its scale; refused otherwise."""
    scale = protocol.instruments[instrument]
    if scale.minimum <= score.points <= scale.maximum:
        return True
    notes.refuse(
        "value", score.expression, f"a score of {instrument} from {scale.minimum:g} to {scale.maximum:g}", "another"
    )
    return False
