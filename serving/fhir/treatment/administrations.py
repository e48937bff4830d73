"""MedicationAdministrations of ketamine: the day, the route and the dose of each; others are left out.

Which of them belong to the course is left to `course`, and what becomes a session to `sessions`.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from serving.contract.calendar import DateRefusedError, local_date
from serving.fhir.elements.codings import element, meanings_of
from serving.fhir.elements.dates import moment_of, written_period
from serving.fhir.elements.doses import BodyWeight, KetamineDose, body_weights, dose_of
from serving.fhir.elements.medications import coded_medication
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes
from serving.fhir.structure.expressions import expression_at
from serving.fhir.structure.references import ResourceIndex
from serving.terminology.meanings import KetamineCode

_GIVEN: Final = frozenset({"completed", "in-progress"})
_STOPPED: Final = frozenset({"stopped", "on-hold"})
_NOT_GIVEN: Final = frozenset({"not-done", "entered-in-error"})


@dataclass(frozen=True)
class Administration:
    """One dose of ketamine: the day at the clinic, the date as written, and route and dose as far as they are known."""

    located: LocatedResource
    date: dt.date
    written: str
    date_expression: str
    route: str | None
    mg_per_kg: float | None

    @property
    def expression(self) -> str:
        """The resource."""
        return self.located.expression

    @property
    def moment(self) -> dt.datetime | None:
        """The moment of the dose, if it has a time."""
        return moment_of(self.written)


def read_administrations(
    located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes
) -> list[Administration]:
    """The doses of ketamine in the order of their days and times."""
    index, weights = ResourceIndex(located), body_weights(located, context.terminology, context.zone)
    found = []
    for one in located:
        if one.resource.get("resourceType") == "MedicationAdministration":
            ketamine = _given_ketamine(one, index, context, notes)
            administration = None if ketamine is None else _administration(one, ketamine, weights, context, notes)
            if administration is not None:
                found.append(administration)
    return sorted(found, key=_order)


def _order(one: Administration) -> tuple[dt.date, float, str]:
    """To sort by: a day without a time counts before its times, which may be written with several offsets."""
    return one.date, 0.0 if one.moment is None else one.moment.timestamp(), one.expression


def _given_ketamine(
    one: LocatedResource, index: ResourceIndex, context: ReadingContext, notes: ReadingNotes
) -> KetamineCode | None:
    """The ketamine of a MedicationAdministration, if it was given; what is not is said."""
    medication, status = coded_medication(one, index, context.terminology, notes), one.resource.get("status")
    if medication.ketamine is None:
        known = bool(medication.treatments)
        notes.leave_out(one.expression, "a single dose of another medication" if known else medication.unknown)
    elif status in _NOT_GIVEN:
        notes.leave_out(one.expression, f"its status is {status}")
    elif status not in _GIVEN | _STOPPED:
        required = "completed, in-progress, stopped, on-hold, not-done or entered-in-error"
        notes.refuse("value", f"{one.expression}.status", required, "another status: was the dose given?")
    else:
        return medication.ketamine
    return None


def _administration(
    one: LocatedResource,
    ketamine: KetamineCode,
    weights: Sequence[BodyWeight],
    context: ReadingContext,
    notes: ReadingNotes,
) -> Administration | None:
    period = written_period(one.resource, "effective")
    place = expression_at(one.expression, period.start_name)
    try:
        date = local_date(period.start, context.zone)
    except DateRefusedError as refused:
        notes.refuse("value", place, refused.required, refused.found if period.start else "nothing")
        return None
    why_not = _no_dose(one, ketamine)
    dose = KetamineDose(None, why_not) if why_not or not _has_dose(one) else dose_of(one, date, weights)
    if dose.why_not:
        notes.leave_out(f"{one.expression}.dosage.dose", f"the dose in mg/kg is not known: {dose.why_not}")
    if dose.weight:
        notes.use(dose.weight)
    return Administration(one, date, period.start, place, _route(one, context, notes), dose.mg_per_kg)


def _no_dose(one: LocatedResource, ketamine: KetamineCode) -> str:
    """Why a dose is not one of racemic ketamine in full; empty if it may be.

    Milligrams of esketamine are not those of ketamine, of which a record holds the dose [judgement].
    """
    if not _has_dose(one):
        return ""
    if ketamine.substance == "esketamine":
        return "it is one of esketamine"
    return "the administration was stopped" if one.resource.get("status") in _STOPPED else ""


def _has_dose(one: LocatedResource) -> bool:
    dosage = element(one.resource, "dosage")
    return any(name in dosage for name in ("dose", "rateQuantity", "rateRatio"))


def _route(one: LocatedResource, context: ReadingContext, notes: ReadingNotes) -> str | None:
    concept = element(one.resource, "dosage").get("route")
    if concept is None:
        return None
    routes = {meaning.route for meaning in meanings_of(concept, context.terminology.route)}
    place = f"{one.expression}.dosage.route"
    if len(routes) > 1:
        notes.refuse("code-invalid", place, "codes of one route", "codes of several")
    if not routes:
        notes.leave_out(place, "no code of the route is known here")
    return next(iter(routes)) if len(routes) == 1 else None
