"""The last blood pressure at rest before a dose, the body mass index and pregnancy, in the units of UCUM."""

from typing import Any

import pytest

from serving.fhir.reading.vital_signs import read_vital_signs
from tests.serving.fhir.reading.charts import LOINC, SNOMED_CT, UCUM, Resource, coded, observation, quantity, read


def pressure(date: str, systolic: float, diastolic: float = 80, unit: str = "mm[Hg]") -> Resource:
    components = [
        {"code": coded((LOINC, code)), "valueQuantity": quantity(value, unit)}
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    return observation(LOINC, "85354-9", date, component=components)


def dose(date: str) -> Resource:
    return {"resourceType": "MedicationAdministration", "status": "completed", "effectiveDateTime": date}


def test_both_values_of_a_blood_pressure_are_read_with_their_places() -> None:
    chart = read(read_vital_signs, pressure("2026-10-01", 131, 84))
    assert chart.cells == {"resting_systolic_mmhg": 131, "resting_diastolic_mmhg": 84}
    assert {row.cells_from[name] for row in chart.rows for name in row.cells} == {
        "r0.component[0].value",
        "r0.component[1].value",
    }


def test_the_last_one_counts_and_the_earlier_is_said() -> None:
    chart = read(read_vital_signs, pressure("2026-10-08", 141), pressure("2026-10-01", 131))
    assert chart.cells["resting_systolic_mmhg"] == 141
    assert set(chart.unused) == {"r1.component[0].value", "r1.component[1].value"}


def test_a_single_value_is_read_too() -> None:
    alone = observation(LOINC, "8480-6", valueQuantity=quantity(133, "mm[Hg]"))
    assert read(read_vital_signs, alone).cells == {"resting_systolic_mmhg": 133}


TIMES = {
    "2026-10-07": True,
    "2026-10-08T08:00:00+02:00": True,
    "2026-10-08T08:59:59+02:00": True,
    "2026-10-08T09:00:00+02:00": False,
    "2026-10-08T09:40:00+02:00": False,
    "2026-10-08": False,
}


@pytest.mark.parametrize("date", TIMES)
def test_a_pressure_after_a_dose_of_the_day_is_none_at_rest(date: str) -> None:
    chart = read(read_vital_signs, pressure(date, 131), dose("2026-10-08T09:00:00+02:00"))
    assert bool(chart.rows) == TIMES[date]
    assert len(chart.unused) == (0 if TIMES[date] else 2)


def test_on_the_day_of_a_dose_without_a_time_nothing_is_before_it() -> None:
    assert not read(read_vital_signs, pressure("2026-10-08T08:00:00+02:00", 131), dose("2026-10-08")).rows


def test_two_pressures_of_one_time_are_none() -> None:
    chart = read(read_vital_signs, pressure("2026-10-08", 131), pressure("2026-10-08", 141))
    assert "resting_systolic_mmhg" not in chart.cells
    assert chart.cells["resting_diastolic_mmhg"] == 80


@pytest.mark.parametrize("status", ["preliminary", "entered-in-error", "cancelled"])
def test_only_a_final_value_counts(status: str) -> None:
    chart = read(read_vital_signs, pressure("2026-10-08", 131) | {"status": status})
    assert (chart.rows, list(chart.unused)) == ([], ["r0"])


UNITS: dict[str, tuple[str, Resource, bool]] = {
    "kg/m2": ("39156-5", quantity(27, "kg/m2"), True),
    "kg/m2 in words": ("39156-5", {"value": 27, "unit": "kg/m2"}, True),
    "a mass index in pounds": ("39156-5", quantity(27, "[lb_av]/[in_i]2"), False),
    "no unit": ("39156-5", {"value": 27}, False),
    "a unit of another system": ("39156-5", {"value": 27, "system": SNOMED_CT, "code": "kg/m2"}, False),
    "kilopascal": ("8480-6", quantity(17, "kPa"), False),
    "mmHg in words": ("8480-6", {"value": 131, "unit": "mmHg"}, True),
    "pounds": ("29463-7", quantity(160, "[lb_av]"), True),
    "grams": ("29463-7", quantity(72000, "g"), True),
    "stone": ("29463-7", quantity(11, "[stone_av]"), False),
    "no value": ("29463-7", {"unit": "kg", "system": UCUM, "code": "kg"}, False),
}


@pytest.mark.parametrize("kind", UNITS)
def test_a_unit_that_is_not_known_is_refused_at_its_path(kind: str) -> None:
    code, value, is_known = UNITS[kind]
    chart = read(read_vital_signs, observation(LOINC, code, valueQuantity=value))
    assert chart.refused == ({} if is_known else {"r0.value": "value"})


BMI = {"2025-09-30": False, "2025-10-01": True, "2025-10-02": True, "2026-10-01": True, "2026-10-02": False}


@pytest.mark.parametrize("date", BMI)
def test_a_body_mass_index_is_of_the_year_up_to_day_0(date: str) -> None:
    chart = read(read_vital_signs, observation(LOINC, "39156-5", date, valueQuantity=quantity(27.4, "kg/m2")))
    assert chart.cells == ({"body_mass_index": 27.4} if BMI[date] else {})
    assert bool(chart.unused) == (not BMI[date])


PREGNANCY: dict[str, tuple[Any, str, bool | None]] = {
    "pregnant": (coded((SNOMED_CT, "77386006")), "2026-11-01", True),
    "pregnant by LOINC": (coded((LOINC, "LA15173-0")), "2026-11-01", True),
    "not pregnant": (coded((SNOMED_CT, "60001007")), "2026-11-01", None),
    "280 days ago": (coded((SNOMED_CT, "77386006")), "2026-02-13", True),
    "281 days ago": (coded((SNOMED_CT, "77386006")), "2026-02-12", None),
}


@pytest.mark.parametrize("kind", PREGNANCY)
def test_a_pregnancy_is_one_of_now(kind: str) -> None:
    """Not pregnant does not say whether the patient is breastfeeding."""
    value, date, expected = PREGNANCY[kind]
    chart = read(read_vital_signs, observation(LOINC, "82810-3", date, valueCodeableConcept=value))
    assert chart.cells == ({} if expected is None else {"pregnant_or_breastfeeding": expected})
    assert bool(chart.unused) == (expected is None)
