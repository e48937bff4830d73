"""The dose of ketamine in mg/kg: as it is written, or from a dose in mg and the last body weight by that day.

A rate counts only with a duration. What has no such meaning, such as a volume, is no dose.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from serving.contract.calendar import DateRefusedError, local_date
from serving.fhir.elements.codings import amount, element, meanings_of, text
from serving.fhir.elements.dates import moment_of, written_period
from serving.fhir.parts import LocatedResource
from serving.terminology.codes import Terminology

OLDEST_WEIGHT_DAYS: Final = 365
"""Days before a dose from which on a body weight is too old for it [judgement]."""
LIGHTEST_KG: Final = 20.0
HEAVIEST_KG: Final = 400.0
"""Body weights of patients from ten years on; others are slips, or a child's, and make doses ten times as high as they
were [judgement]."""
FINAL: Final = frozenset({"final", "amended", "corrected"})
"""The states of an Observation whose value stands."""
_POUND = 0.45359237
KILOGRAMS = {"kg": 1.0, "g": 1e-3} | dict.fromkeys(("[lb_av]", "lb", "lbs"), _POUND) | {"[oz_av]": _POUND / 16}
"""What one of each unit of a body weight counts in kg, by UCUM code or in words."""
_MG = {"mg": 1.0, "g": 1e3, "ug": 1e-3, "mcg": 1e-3, "µg": 1e-3}
_MG_PER_KG = {f"{unit}/kg": factor for unit, factor in _MG.items()}
_HOURS = {"h": 1.0, "hour": 1.0, "min": 1 / 60, "s": 1 / 3600, "d": 24.0}
_MG_PER_HOUR = {f"{unit}/{time}": factor / hours for unit, factor in _MG.items() for time, hours in _HOURS.items()}
_MG_PER_KG_PER_HOUR = {
    f"{unit}/{time}": factor / hours for unit, factor in _MG_PER_KG.items() for time, hours in _HOURS.items()
}


@dataclass(frozen=True)
class BodyWeight:
    """A weight in kg on a day, and the Observation that has it."""

    date: dt.date
    written: str
    kg: float
    expression: str


@dataclass(frozen=True)
class KetamineDose:
    """A dose in mg/kg, or why there is none; ``weight`` is the expression of the body weight behind it."""

    mg_per_kg: float | None
    why_not: str = ""
    weight: str = ""


def body_weights(
    located: Sequence[LocatedResource], terminology: Terminology, zone: ZoneInfo | None
) -> list[BodyWeight]:
    """The body weights among the resources, by day; others than plausible, dated ones in a known unit are left out."""
    found = []
    for one in located:
        resource = one.resource
        if resource.get("resourceType") != "Observation" or resource.get("status") not in FINAL:
            continue
        meanings = meanings_of(resource.get("code"), terminology.measure)
        kg = amount(element(resource, "valueQuantity"), KILOGRAMS)
        is_weight = {meaning.measure for meaning in meanings} == {"body_weight"}
        if is_weight and kg is not None and LIGHTEST_KG <= kg <= HEAVIEST_KG:
            written = written_period(resource, "effective").start
            try:
                found.append(BodyWeight(local_date(written, zone), written, kg, one.expression))
            except DateRefusedError:
                continue  # the readers of vital signs say so
    return sorted(found, key=lambda weight: (weight.date, weight.written))


def dose_of(administration: LocatedResource, date: dt.date, weights: Sequence[BodyWeight]) -> KetamineDose:
    """The dose of a MedicationAdministration on its day."""
    dosage = element(administration.resource, "dosage")
    dose = element(dosage, "dose")
    per_kg, mg = amount(dose, _MG_PER_KG), amount(dose, _MG)
    if not dose:
        per_kg, mg = _from_rate(administration, dosage)
        if per_kg is None and mg is None:
            return KetamineDose(None, "no dose, and no rate with a duration, in mg or mg/kg")
    if per_kg is not None:
        return KetamineDose(per_kg)
    if mg is None:
        return KetamineDose(None, "the dose is not in mg or mg/kg")
    weight = _weight_at(weights, date)
    if isinstance(weight, str):
        return KetamineDose(None, weight)
    return KetamineDose(mg / weight.kg, weight=weight.expression)


def _weight_at(weights: Sequence[BodyWeight], date: dt.date) -> BodyWeight | str:
    """The last body weight by a day, or why there is none."""
    earlier = [weight for weight in weights if weight.date <= date]
    if not earlier or (date - earlier[-1].date).days > OLDEST_WEIGHT_DAYS:
        return f"no body weight in the {OLDEST_WEIGHT_DAYS} days up to the dose"
    last = [weight for weight in earlier if weight.date == earlier[-1].date]
    if len({weight.kg for weight in last}) == 1:
        return last[-1]
    at = {moment: weight for weight in last if (moment := moment_of(weight.written)) is not None}
    return at[max(at)] if len(at) == len(last) else "several body weights on the day of the last one"


def _from_rate(administration: LocatedResource, dosage: Any) -> tuple[float | None, float | None]:
    """The dose in mg/kg and in mg that a rate makes over the time of an administration."""
    hours = _duration_hours(administration)
    if hours is None:
        return None, None
    rate, ratio = element(dosage, "rateQuantity"), element(dosage, "rateRatio")
    per_kg, mg = amount(rate, _MG_PER_KG_PER_HOUR), amount(rate, _MG_PER_HOUR)
    time = amount(element(ratio, "denominator"), _HOURS)
    if ratio and time:
        per_kg, mg = (amount(element(ratio, "numerator"), units) for units in (_MG_PER_KG, _MG))
        hours /= time
    return (None if per_kg is None else per_kg * hours), (None if mg is None else mg * hours)


def _duration_hours(administration: LocatedResource) -> float | None:
    period = element(administration.resource, "effectivePeriod")
    start, end = moment_of(text(period, "start")), moment_of(text(period, "end"))
    if start is None or end is None or end <= start:
        return None
    return (end - start).total_seconds() / 3600
