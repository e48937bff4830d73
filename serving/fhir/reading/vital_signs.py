"""Vital signs of a patient: the last blood pressure at rest before a dose, the body mass index, and pregnancy.

Body weights are left to `serving.fhir.elements.doses`; what is wrong with one is said here.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from serving.contract.calendar import DateRefusedError
from serving.fhir.elements.codings import amount, element, elements, meanings_of
from serving.fhir.elements.dates import moment_of, span_of, written_period
from serving.fhir.elements.doses import FINAL, KILOGRAMS, OLDEST_WEIGHT_DAYS
from serving.fhir.elements.latest_values import DatedValue, latest
from serving.fhir.elements.placed_dates import PlacedDate, PlacingRule
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.reading.observed_forms import NOT_FINAL
from serving.terminology.meanings import Measure

PREGNANCY_DAYS: Final = 280
"""Days for which a status of pregnancy holds: as long as a pregnancy lasts [judgement]."""
_UNITS: Final[Mapping[Measure, Mapping[str, float]]] = {
    "body_weight": KILOGRAMS,
    "body_mass_index": {"kg/m2": 1.0, "kg/m^2": 1.0, "kg/m²": 1.0},
    "systolic": {"mm[Hg]": 1.0, "mmHg": 1.0, "mm Hg": 1.0},
    "diastolic": {"mm[Hg]": 1.0, "mmHg": 1.0, "mm Hg": 1.0},
}
"""What one of each known unit counts, by UCUM code or in words."""
_PRESSURES: Final[Mapping[Measure, str]] = {
    "systolic": "resting_systolic_mmhg",
    "diastolic": "resting_diastolic_mmhg",
}


@dataclass(frozen=True)
class MeasuredSign:
    """A measure with its date, the part that has its value, and the place of that part in its Observation."""

    measure: Measure
    date: PlacedDate
    part: Mapping[str, Any]
    place: str
    expression: str

    def number(self, notes: ReadingNotes) -> float | None:
        """The value in the measure's unit; refused where its unit is not known."""
        units, quantity, place = _UNITS[self.measure], element(self.part, "valueQuantity"), f"{self.place}.value"
        value = amount(quantity, units)
        if value is None and quantity.get("comparator"):
            notes.leave_out(place, "a value with a comparator is no number")
        elif value is None:
            found = "a quantity in another unit" if quantity else "no quantity"
            notes.refuse("value", place, f"a quantity in {next(iter(units))} of UCUM", found)
        return value

    def as_value(self, column: str, value: float) -> DatedValue:
        """The sign as a value of a column."""
        return DatedValue(column, value, self.date, self.expression, f"{self.place}.value")


def read_vital_signs(
    located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes
) -> list[SourcedRow]:
    """Rows of ``patient``: resting blood pressure in mmHg, body mass index in kg/m2, and pregnancy."""
    signs = list(_signs(located, context, notes))
    doses = list(_dose_times(located, context))
    values: list[DatedValue] = []
    for sign in signs:
        value = sign.number(notes) if sign.measure in _UNITS else None
        if value is None:
            continue
        if sign.measure in _PRESSURES and _is_before_dose(sign, doses, notes):
            values.append(sign.as_value(_PRESSURES[sign.measure], value))
        elif sign.measure == "body_mass_index" and _is_of_the_start(sign, context, notes):
            values.append(sign.as_value("body_mass_index", value))
    values += [value for sign in signs for value in _pregnancy(sign, context, notes)]
    return latest(values, notes)


def measure_of(part: Mapping[str, Any], context: ReadingContext) -> Measure | None:
    """What an Observation or a component measures, if its code is of one measure of the terminology."""
    measures = {meaning.measure for meaning in meanings_of(part.get("code"), context.terminology.measure)}
    return measures.pop() if len(measures) == 1 else None


def _signs(located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes) -> Iterator[MeasuredSign]:
    dates = PlacingRule(context.zone, context.today)
    for one in located:
        measure = measure_of(one.resource, context) if one.resource.get("resourceType") == "Observation" else None
        if measure is None:
            continue
        if one.resource.get("status") not in FINAL:
            notes.leave_out(one.expression, NOT_FINAL)
        elif "dataAbsentReason" in one.resource:
            notes.leave_out(one.expression, "its value is absent")
        elif (date := dates.place(one, "effective", notes)) is not None:
            for found, part, place in _parts(one, measure, context):
                yield MeasuredSign(found, date, part, place, one.expression)


def _parts(
    one: LocatedResource, measure: Measure, context: ReadingContext
) -> Iterator[tuple[Measure, Mapping[str, Any], str]]:
    """The Observation itself, or the components of a blood pressure."""
    if measure != "blood_pressure":
        yield measure, one.resource, one.expression
        return
    for position, component in enumerate(elements(one.resource, "component")):
        found = measure_of(component, context)
        if found is not None and found in _PRESSURES and "dataAbsentReason" not in component:
            yield found, component, f"{one.expression}.component[{position}]"


def _dose_times(
    located: Sequence[LocatedResource], context: ReadingContext
) -> Iterator[tuple[dt.date, dt.datetime | None]]:
    """Day and moment of every administration of a medication: after one, a blood pressure is none at rest."""
    for one in located:
        if one.resource.get("resourceType") == "MedicationAdministration":
            written = written_period(one.resource, "effective").start
            try:
                yield span_of(written, context.zone).first, moment_of(written)
            except DateRefusedError:
                continue  # the readers of doses say so


def _is_before_dose(
    sign: MeasuredSign, doses: Sequence[tuple[dt.date, dt.datetime | None]], notes: ReadingNotes
) -> bool:
    """Whether a blood pressure was taken on a day without a dose, or before the day's first one."""
    moment = sign.date.moment
    moments = [at for day, at in doses if day == sign.date.day]
    if all(at is not None and moment is not None and moment < at for at in moments):
        return True
    notes.leave_out(f"{sign.place}.value", "on the day of a dose and not before it: it is no pressure at rest")
    return False


def _is_of_the_start(sign: MeasuredSign, context: ReadingContext, notes: ReadingNotes) -> bool:
    """Whether a body mass index was measured in the year up to day 0."""
    age = ((context.first_dose or context.today) - sign.date.day).days
    if 0 <= age <= OLDEST_WEIGHT_DAYS:
        return True
    notes.leave_out(f"{sign.place}.value", f"not measured in the {OLDEST_WEIGHT_DAYS} days up to day 0")
    return False


def _pregnancy(sign: MeasuredSign, context: ReadingContext, notes: ReadingNotes) -> Iterator[DatedValue]:
    if sign.measure != "pregnancy_status":
        return
    place = f"{sign.place}.value"
    answers = meanings_of(sign.part.get("valueCodeableConcept"), context.terminology.coded_answer)
    if (context.today - sign.date.day).days > PREGNANCY_DAYS:
        notes.leave_out(place, f"older than {PREGNANCY_DAYS} days: it does not say what is now")
    elif [answer.column for answer in answers] == ["pregnant_or_breastfeeding"]:
        yield DatedValue(answers[0].column, answers[0].value, sign.date, sign.expression, place)
    else:
        notes.leave_out(place, "it does not say that the patient is pregnant, and nothing about breastfeeding")
