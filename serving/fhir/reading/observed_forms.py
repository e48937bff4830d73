"""Ratings in Observations: the total of a scale, or its form with items as components or as Observations of their own.

Items and totals that a form refers to (``hasMember``, ``derivedFrom``) are part of it and no ratings of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving.fhir.elements.codings import codings_of, element, elements, meanings_of
from serving.fhir.elements.doses import FINAL
from serving.fhir.elements.placed_dates import PlacingRule
from serving.fhir.elements.points import points_of, read_number
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes
from serving.fhir.reading.rated_forms import FormPoints, PlacedPoints, RatedForm
from serving.fhir.structure.references import ResourceIndex
from serving.terminology.meanings import ScaleCode

NOT_FINAL = "its status is not final, amended or corrected"


def scale_of(one: LocatedResource, context: ReadingContext) -> ScaleCode | None:
    """The scale of an Observation of a form or a total, if it is one of the protocol's."""
    if one.resource.get("resourceType") != "Observation":
        return None
    meanings = meanings_of(one.resource.get("code"), context.terminology.instrument)
    known = [meaning for meaning in meanings if meaning.instrument in context.protocol.instruments]
    return known[0] if len({meaning.instrument for meaning in known}) == 1 else None


def is_item(one: LocatedResource, context: ReadingContext) -> bool:
    """Whether an Observation is a single item of a scale."""
    is_observation = one.resource.get("resourceType") == "Observation"
    codings = codings_of(one.resource.get("code")) if is_observation else ()
    return any(context.terminology.scales_of_item(*coding) for coding in codings)


class ObservedForms:
    """Reads the Observations of a form together."""

    def __init__(self, located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes) -> None:
        """Keep what is read from."""
        self.located, self.context, self.notes = located, context, notes
        self.index = ResourceIndex(located)
        self.dates = PlacingRule(context.zone, context.today)
        self.members: set[str] = set()

    def read(self) -> Iterator[RatedForm]:
        """The ratings; forms with members first, so that these are known when other Observations are read."""
        found = [(one, scale) for one in self.located if (scale := scale_of(one, self.context)) is not None]
        for one, scale in sorted(found, key=lambda pair: "hasMember" not in pair[0].resource):
            if one.expression not in self.members and (form := self._form(one, scale.instrument)) is not None:
                yield form
        for one in self.located:
            if one.expression not in self.members and is_item(one, self.context):
                self.notes.leave_out(one.expression, "an item without the form that it belongs to")

    def _form(self, one: LocatedResource, instrument: str) -> RatedForm | None:
        members = self._members(one, instrument)
        self.members |= {member.expression for member in members}
        if one.resource.get("status") not in FINAL:
            self.notes.leave_out(one.expression, NOT_FINAL)
            return None
        points = self._points(one, members, instrument)
        date = self.dates.place(one, "effective", self.notes)
        if points is None or date is None or not points.is_rated(one.expression, instrument, self.notes):
            return None
        for member in members:
            self.notes.use(member.expression)
        sources = {one.expression, *(member.expression for member in members)}
        sources |= {source.expression for part in (one, *members) for source in self._related(part, "derivedFrom")}
        return RatedForm(instrument, date, one.expression, points.total, points.items, frozenset(sources))

    def _related(self, one: LocatedResource, *names: str) -> list[LocatedResource]:
        """The resources that an Observation refers to by these elements."""
        references = [reference for name in names for reference in elements(one.resource, name)]
        found = (self.index.resolve(reference, one) for reference in references)
        return [member for member in found if member is not None]

    def _members(self, one: LocatedResource, instrument: str) -> list[LocatedResource]:
        """The items and totals of the scale that belong to a form, each once."""
        related = self._related(one, "hasMember", "derivedFrom")
        unique = {member.expression: member for member in related if self._belongs(member, instrument)}
        return [member for place, member in unique.items() if place != one.expression]

    def _belongs(self, member: LocatedResource, instrument: str) -> bool:
        scale = scale_of(member, self.context)
        return is_item(member, self.context) if scale is None else scale.instrument == instrument

    def _points(self, one: LocatedResource, members: Sequence[LocatedResource], instrument: str) -> FormPoints | None:
        """The total and the items of a form; ``None`` where its own value is refused."""
        points = FormPoints()
        if "dataAbsentReason" not in one.resource and any(name.startswith("value") for name in one.resource):
            number = read_number(one.resource, f"{one.expression}.value", self.notes)
            if number is None:
                return None
            points.total = PlacedPoints(number, f"{one.expression}.value")
        for position, component in enumerate(elements(one.resource, "component")):
            self._add(points, component, instrument, f"{one.expression}.component[{position}]")
        for member in members:
            if member.resource.get("status") in FINAL:
                self._add(points, member.resource, instrument, member.expression)
            else:
                self.notes.leave_out(member.expression, NOT_FINAL)
        return points

    def _add(self, points: FormPoints, part: Mapping[str, Any], instrument: str, place: str) -> None:
        """Add an item or a total; what says that it is absent is missing, and not unreadable."""
        if "dataAbsentReason" in part:
            return
        code = element(part, "code")
        items = [self.context.terminology.item(*coding, instrument) for coding in codings_of(code)]
        number = next((item.number for item in items if item is not None), None)
        scales = meanings_of(code, self.context.terminology.instrument)
        if number is None and instrument not in {scale.instrument for scale in scales if scale.part == "total"}:
            self.notes.leave_out(place, f"no item and no total of {instrument}")
            return
        points.add(number, points_of(part, instrument, self.context.terminology), f"{place}.value", self.notes)
