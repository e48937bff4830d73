"""Observations of the project's own code system: what no standard has a code for, by the name of a column.

Columns of ``patients`` and declared covariates are read here; findings of sessions, events and totals of scales are
left to their readers. An Observation whose code nobody knows is named here as not used.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from features.protocol.columns import Column
from serving.fhir.elements.codings import amount, codings_of, element, meanings_of, text
from serving.fhir.elements.doses import FINAL
from serving.fhir.elements.latest_values import DatedValue, latest
from serving.fhir.elements.placed_dates import PlacedDate, PlacingRule
from serving.fhir.elements.points import plain_quantity
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.reading.observed_forms import NOT_FINAL, is_item, scale_of
from serving.fhir.reading.vital_signs import measure_of
from serving.fhir.treatment.events import event_name
from serving.fhir.treatment.sessions import finding_column

_UNITS: Final[Mapping[str, Mapping[str, float]]] = {
    "years": {"a": 1.0, "years": 1.0, "year": 1.0},
    "kg/m2": {"kg/m2": 1.0, "kg/m^2": 1.0},
    "mg/day": {"mg/d": 1.0, "mg/day": 1.0},
    "mmHg": {"mm[Hg]": 1.0, "mmHg": 1.0},
}
"""What one of each known unit counts, by the unit of a column; columns without one of these hold plain numbers."""


def read_record_observations(
    located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes
) -> list[SourcedRow]:
    """Rows of ``patient``: the last value of each column up to day 0; of a caution, the last up to today."""
    return latest(_dated_values(located, context, notes), notes)


def recorded_value(located: Sequence[LocatedResource], name: str, context: ReadingContext) -> Any:
    """The value of one column in these Observations; ``None`` where there is none. What is wrong is not noted again."""
    notes = ReadingNotes()
    rows = latest((one for one in _dated_values(located, context, notes) if one.column == name), notes)
    return rows[0].cells[name] if rows else None


def _dated_values(
    located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes
) -> Iterator[DatedValue]:
    columns = {column.name: column for column in context.protocol.tables["patients"] if column.name != "patient_id"}
    dates = PlacingRule(context.zone, context.today)
    for one in located:
        if one.resource.get("resourceType") != "Observation":
            continue
        column = _column(one, columns, context)
        if column is None:
            if not _is_known(one, context):
                notes.leave_out(one.expression, "its code is not one of the terminology")
        elif one.resource.get("status") not in FINAL:
            notes.leave_out(one.expression, NOT_FINAL)
        elif (date := dates.place(one, "effective", notes)) is not None:
            yield from _values(one, column, date, context, notes)


def _column(one: LocatedResource, columns: Mapping[str, Column], context: ReadingContext) -> Column | None:
    meanings = meanings_of(one.resource.get("code"), context.terminology.column)
    return next((columns[meaning.column] for meaning in meanings if meaning.column in columns), None)


def _is_known(one: LocatedResource, context: ReadingContext) -> bool:
    """Whether another reader reads an Observation."""
    return (
        finding_column(one, context) is not None
        or event_name(one, context) is not None
        or scale_of(one, context) is not None
        or measure_of(one.resource, context) is not None
        or is_item(one, context)
    )


def _values(
    one: LocatedResource, column: Column, date: PlacedDate, context: ReadingContext, notes: ReadingNotes
) -> Iterator[DatedValue]:
    place = f"{one.expression}.value"
    if not column.screening and context.first_dose is not None and date.day > context.first_dose:
        notes.leave_out(one.expression, "dated after day 0: the column holds what was known before")
        return
    value = _value(one.resource, column)
    if value is None or not _is_within(value, column):
        notes.refuse("value", place, column.requirement(), "no such value")
    else:
        yield DatedValue(column.name, value, date, one.expression, place)


def _value(resource: Mapping[str, Any], column: Column) -> Any:
    """The value of an Observation in the column's kind and unit; ``None`` where it has none."""
    if column.kind == "flag":
        value = resource.get("valueBoolean")
        return value if isinstance(value, bool) else None
    if column.kind == "identifier":
        return text(resource, "valueString").strip() or None
    if column.kind == "category":
        codes = [code for _, code in codings_of(resource.get("valueCodeableConcept"))]
        return next((code for code in (*codes, text(resource, "valueString")) if code in column.categories), None)
    number = resource.get("valueInteger")
    if isinstance(number, int) and not isinstance(number, bool):
        return number
    units = _UNITS.get(column.unit)
    quantity = element(resource, "valueQuantity")
    return plain_quantity(quantity) if units is None else amount(quantity, units)


def _is_within(value: Any, column: Column) -> bool:
    if column.kind == "whole" and value != int(value):
        return False
    return column.minimum is None or column.maximum is None or column.minimum <= value <= column.maximum
