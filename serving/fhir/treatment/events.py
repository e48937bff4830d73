"""Events of a course: a death by the Patient resource, and Observations of the project's own code system.

The code of such an Observation is the name of the event, and its date is the event's day.
"""

from collections.abc import Iterator, Sequence

from features.protocol.columns import EVENTS
from serving.fhir.elements.codings import meanings_of, text
from serving.fhir.elements.dates import written_period
from serving.fhir.elements.doses import FINAL
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.structure.expressions import expression_at


def read_events(
    located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes
) -> Iterator[SourcedRow]:
    """The events, each with its date as written."""
    for one in located:
        if one.resource.get("resourceType") == "Patient":
            yield from _death(one, notes)
        event = event_name(one, context)
        if event is None:
            continue
        if one.resource.get("status") not in FINAL:
            notes.leave_out(one.expression, "its value is not final")
        elif one.resource.get("valueBoolean") is False:
            notes.leave_out(one.expression, "an event that did not happen")
        else:
            period = written_period(one.resource, "effective")
            places = {"day": expression_at(one.expression, period.start_name)}
            yield SourcedRow("events", {"day": period.start, "event": event}, one.expression, places)


def event_name(one: LocatedResource, context: ReadingContext) -> str | None:
    """The event that an Observation of the project's own code system records, if it is one."""
    if one.resource.get("resourceType") != "Observation":
        return None
    meanings = meanings_of(one.resource.get("code"), context.terminology.column)
    return next((meaning.column for meaning in meanings if meaning.column in EVENTS), None)


def _death(one: LocatedResource, notes: ReadingNotes) -> Iterator[SourcedRow]:
    place = f"{one.expression}.deceased"
    died = text(one.resource, "deceasedDateTime")
    if died:
        yield SourcedRow("events", {"day": died, "event": "death"}, one.expression, {"day": place})
    elif one.resource.get("deceasedBoolean"):
        notes.refuse("required", place, "deceasedDateTime, the date of the death", "true")
