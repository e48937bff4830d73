"""A body as a record: a Bundle, or Parameters that hold the resources and say what a Bundle can't.

Parameters may name the time zone, day 0, today, the treated condition, and whether earlier treatments are complete.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from serving.contract.calendar import DateRefusedError, local_date, zone_named
from serving.fhir.elements.codings import text
from serving.fhir.parts import FhirRecord, ReadingNotes
from serving.fhir.reading.options import ReadingDefaults, ReadingOptions
from serving.fhir.reading.record import assembled, refuse_if_wrong
from serving.fhir.structure.json_text import plain_json
from serving.fhir.structure.resources import ParameterValue, SentResources, sent_resources

_TYPES: Final = {
    "asOf": ("valueDate", "valueDateTime"),
    "firstDoseDate": ("valueDate",),
    "mainCondition": ("valueReference",),
    "priorTreatmentsComplete": ("valueBoolean",),
    "timeZone": ("valueCode", "valueString"),
}
"""The parameters with a value, and the types that each may have."""


def read_fhir(body: bytes, defaults: ReadingDefaults) -> FhirRecord:
    """The record in a body; raises ``FhirRefusedError`` with every problem found."""
    notes = ReadingNotes()
    document = plain_json(body)
    sent = sent_resources(document, notes)
    refuse_if_wrong(notes)
    options = _options(sent, defaults, notes)
    refuse_if_wrong(notes)
    return assembled(sent.located, options, defaults.protocol, str(document["resourceType"]), notes)


def _options(sent: SentResources, defaults: ReadingDefaults, notes: ReadingNotes) -> ReadingOptions:
    """What the parameters say, and the defaults for the rest."""
    named = _named(sent, notes)
    zone = defaults.zone
    if "timeZone" in named:
        zone = _zone(named["timeZone"], notes)
    as_of = _date(named, "asOf", zone, notes)
    condition = named.get("mainCondition")
    complete = named.get("priorTreatmentsComplete")
    return ReadingOptions(
        today=defaults.today(zone) if as_of is None else as_of,
        zone=zone,
        first_dose=_date(named, "firstDoseDate", zone, notes),
        main_condition=None if condition is None else text(condition.value, "reference") or None,
        treatments_complete=None if complete is None else complete.value,
    )


def _named(sent: SentResources, notes: ReadingNotes) -> Mapping[str, ParameterValue]:
    """The known parameters by name; others are left out, and what is wrong with one is refused."""
    found: dict[str, ParameterValue] = {}
    for one in sent.values:
        if one.name not in _TYPES:
            notes.leave_out(one.expression, "a parameter that is not known: " + ", ".join(_TYPES) + " are")
        elif one.name in found:
            notes.refuse("invariant", one.expression, f"one parameter {one.name}", "a second one")
        elif one.value_name not in _TYPES[one.name]:
            notes.refuse("value", one.expression, " or ".join(_TYPES[one.name]), "another type")
        else:
            found[one.name] = one
    return found


def _zone(named: ParameterValue, notes: ReadingNotes) -> ZoneInfo | None:
    try:
        return zone_named(named.value)
    except DateRefusedError as refused:
        notes.refuse("value", named.expression, refused.required, refused.found)
        return None


def _date(named: Mapping[str, ParameterValue], name: str, zone: ZoneInfo | None, notes: ReadingNotes) -> dt.date | None:
    one: Any = named.get(name)
    if one is None:
        return None
    try:
        return local_date(one.value, zone)
    except DateRefusedError as refused:
        notes.refuse("value", one.expression, refused.required, refused.found)
        return None
