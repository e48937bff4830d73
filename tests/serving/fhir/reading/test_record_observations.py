"""Observations of the project's own code system: columns and covariates for which no standard has a code."""

from typing import Any

import pytest

from features.protocol.document import Covariate, Protocol
from serving.fhir.reading.record_observations import read_record_observations
from tests.serving.fhir.reading.charts import LOINC, OWN, SNOMED_CT, Resource, coded, observation, quantity, read

VALUES: dict[str, tuple[str, Resource, Any]] = {
    "a flag": ("insomnia", {"valueBoolean": True}, True),
    "false": ("childhood_trauma", {"valueBoolean": False}, False),
    "a number": ("expectancy", {"valueQuantity": quantity(7.5, "{score}")}, 7.5),
    "a whole number": ("working_alliance", {"valueInteger": 8}, 8),
    "the lowest": ("expectancy", {"valueInteger": 0}, 0),
    "the highest": ("expectancy", {"valueInteger": 10}, 10),
    "years": ("illness_duration_years", {"valueQuantity": quantity(12, "a")}, 12),
    "mg a day": ("benzodiazepine_mg", {"valueQuantity": quantity(10, "mg/d")}, 10),
    "a category by its code": ("diagnosis", {"valueCodeableConcept": coded((OWN, "ocd"))}, "ocd"),
    "a category as text": ("sex", {"valueString": "intersex"}, "intersex"),
    "a site": ("site_id", {"valueString": "clinic-2"}, "clinic-2"),
    "above the highest": ("expectancy", {"valueInteger": 11}, None),
    "below the lowest": ("expectancy", {"valueInteger": -1}, None),
    "no category": ("diagnosis", {"valueCodeableConcept": coded((OWN, "worry"))}, None),
    "a number for a flag": ("insomnia", {"valueInteger": 1}, None),
    "a flag for a number": ("expectancy", {"valueBoolean": True}, None),
    "months for years": ("illness_duration_years", {"valueQuantity": quantity(12, "mo")}, None),
    "no value": ("expectancy", {}, None),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_has_the_kind_the_range_and_the_unit_of_its_column(kind: str) -> None:
    column, value, expected = VALUES[kind]
    chart = read(read_record_observations, observation(OWN, column, **value))
    assert chart.cells == ({} if expected is None else {column: expected})
    assert chart.refused == ({"r0.value": "value"} if expected is None else {})


def test_a_covariate_is_read_as_the_study_declares_it() -> None:
    study = Protocol(covariates=(Covariate("neuroticism", "number", "trait", 0, 48),
                                 Covariate("recruitment", "category", "how", levels=("self", "referred"))))  # fmt: skip
    sent = (
        observation(OWN, "neuroticism", valueInteger=48),
        observation(OWN, "recruitment", valueCodeableConcept=coded((OWN, "referred"))),
    )
    assert read(read_record_observations, *sent, protocol=study).cells == {"neuroticism": 48, "recruitment": "referred"}
    assert set(read(read_record_observations, *sent).unused) == {"r0", "r1"}, "not declared"


DATES = {"2026-09-30": True, "2026-10-01": True, "2026-10-02": False}


@pytest.mark.parametrize("date", DATES)
def test_a_feature_is_of_before_day_0_and_a_caution_of_today(date: str) -> None:
    feature = observation(OWN, "expectancy", date, valueInteger=5)
    caution = observation(OWN, "suicidal_intent", date, valueBoolean=True)
    chart = read(read_record_observations, feature, caution)
    assert chart.cells == {"suicidal_intent": True} | ({"expectancy": 5} if DATES[date] else {})
    assert list(chart.unused) == ([] if DATES[date] else ["r0"])


@pytest.mark.parametrize(("date", "is_read"), [("2026-11-20", True), ("2026-11-21", False), ("2026-11", False)])
def test_nothing_after_today_and_nothing_without_a_day_is_used(date: str, is_read: bool) -> None:
    chart = read(read_record_observations, observation(OWN, "opioid_use", date, valueBoolean=True))
    assert (bool(chart.rows), bool(chart.unused)) == (is_read, not is_read)


def test_the_last_value_counts_and_two_of_one_day_are_none() -> None:
    first, last = (observation(OWN, "expectancy", f"2026-09-{day}", valueInteger=day) for day in (4, 10))
    first["valueInteger"], last["valueInteger"] = 4, 9
    first["effectiveDateTime"], last["effectiveDateTime"] = "2026-09-04", "2026-09-10"
    chart = read(read_record_observations, last, first)
    assert (chart.cells, list(chart.unused)) == ({"expectancy": 9}, ["r1.value"])
    first["effectiveDateTime"] = "2026-09-10"
    assert read(read_record_observations, last, first).rows == []


@pytest.mark.parametrize("column", ["peak_dissociation", "hama", "relapse"])
def test_what_other_readers_read_is_left_to_them(column: str) -> None:
    chart = read(read_record_observations, observation(OWN, column, valueInteger=3))
    assert (chart.rows, chart.unused) == ([], {})


@pytest.mark.parametrize(
    ("system", "code"), [(LOINC, "2160-0"), (SNOMED_CT, "386661006"), (OWN, "mood"), (OWN, "patient_id")]
)
def test_an_observation_that_nobody_knows_is_said(system: str, code: str) -> None:
    chart = read(read_record_observations, observation(system, code, valueInteger=3))
    assert chart.unused == {"r0": "its code is not one of the terminology"}
