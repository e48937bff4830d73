"""A body as a record: whose it is, what Parameters say, and at which element a problem of the record is told."""

import datetime as dt
from typing import Any

import pytest

from serving.contract.refusal import RequestRefusedError
from serving.fhir.reading.problems import issues_of
from serving.prediction.predictor import Predictor
from tests.serving.bundles import toy_bundle
from tests.serving.fhir.resources import (
    LOINC,
    OWN,
    PATIENT,
    bundle,
    issues,
    ketamine,
    observation,
    parameters,
    patient,
    places,
    quantity,
    read,
    rows,
    statement,
    unused,
    weight,
)

DOSE = ketamine("2026-01-05T15:00:00+01:00")
SYSTEM = "urn:oid:2.16.840.1.1"


def gad7(score: float, date: str, own: str = "g") -> dict[str, Any]:
    return observation(own, LOINC, "70274-6", date, valueQuantity=quantity(score, "{score}"))


@pytest.mark.parametrize(
    ("identifiers", "reference", "place"),
    [
        ([{"value": "A"}], "A", "identifier[0].value"),
        ([{"use": "old", "value": "A"}, {"use": "official", "value": "B"}], "B", "identifier[1].value"),
        ([{"value": "A"}, {"use": "usual", "value": "B"}], "B", "identifier[1].value"),
        ([{"system": SYSTEM}], "p", "id"),
        ([], "p", "id"),
    ],
)
def test_the_reference_is_the_patients_identifier_else_the_id(identifiers: Any, reference: str, place: str) -> None:
    record = read(bundle(patient(identifier=identifiers), DOSE))
    assert record.request.patient.model_dump()["patient_ref"] == reference
    assert record.sources["patient.patient_ref"] == f"Bundle.entry[0].resource.{place}"
    assert record.subject == "Patient/p"


def test_a_patient_without_identifier_and_id_is_refused() -> None:
    alone = patient(identifier=[])
    del alone["id"]
    dose = {name: value for name, value in DOSE.items() if name != "subject"} | {"subject": {"display": "he"}}
    assert places(bundle(alone, dose)) == ["Bundle.entry[0].resource.identifier"]


@pytest.mark.parametrize(
    ("subject", "is_same"),
    [
        ({"reference": "Patient/p"}, True),
        ({"reference": "https://ehr.example/fhir/Patient/p"}, True),
        ({"reference": "Patient/p/_history/2"}, True),
        ({"identifier": {"value": "MRN-77"}}, True),
        ({"display": "somebody"}, True),
        ({"reference": "Patient/q"}, False),
        ({"reference": "Group/p"}, False),
        ({"identifier": {"value": "MRN-78"}}, False),
        ({"identifier": {"value": "MRN-77", "system": SYSTEM}}, True),
        ({"identifier": {"value": "MRN-77", "system": f"{SYSTEM}.2"}}, False),
        ({"identifier": {"value": "MRN-77", "system": f"{SYSTEM}.3"}}, True),
    ],
)
def test_a_resource_about_another_patient_is_refused(subject: dict[str, Any], is_same: bool) -> None:
    """A number is a patient's where it was given; without a system it may be from anywhere."""
    systems = [{"value": "MRN-77", "system": system} for system in (SYSTEM, f"{SYSTEM}.3")]
    body = bundle(patient(identifier=systems), DOSE, weight(70, "2026-01-05") | {"subject": subject})
    assert places(body) == ([] if is_same else ["Bundle.entry[2].resource.subject"])


def test_two_patients_and_none_are_refused() -> None:
    assert places(bundle(patient(), patient(id="q"), DOSE)) == ["Bundle.entry[1].resource"]
    assert places(bundle(DOSE)) == ["Bundle"]


def test_parameters_say_zone_day_0_and_today() -> None:
    body = parameters(
        patient(),
        ketamine("2026-01-06T05:30:00Z"),
        timeZone={"valueCode": "America/Los_Angeles"},
        firstDoseDate={"valueDate": "2026-01-05"},
        asOf={"valueDateTime": "2026-01-20T05:30:00Z"},
        other={"valueString": "Zephyrine"},
    )
    record = read(body)
    assert (record.request.as_of_day, rows(record, "sessions")[0]["day"]) == (14, 0)
    assert "firstDoseDate" in unused(record)["Parameters.parameter[5].value"]
    assert "Zephyrine" not in str(record.unused)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeZone", {"valueCode": "Europe/Atlantis"}),
        ("timeZone", {"valueString": "../../etc/passwd"}),
        ("timeZone", {"valueCode": "right/Europe/Berlin"}),
        ("timeZone", {"valueCode": "localtime"}),
        ("timeZone", {"valueInteger": 1}),
        ("firstDoseDate", {"valueDate": "2026-01"}),
        ("firstDoseDate", {"valueString": "2026-01-05"}),
        ("asOf", {"valueDate": "2026"}),
        ("priorTreatmentsComplete", {"valueString": "true"}),
    ],
)
def test_a_parameter_with_another_value_is_refused(name: str, value: dict[str, Any]) -> None:
    assert places(parameters(patient(), DOSE, **{name: value})) == ["Parameters.parameter[2].value"]


def test_a_parameter_twice_is_refused() -> None:
    twice = {"name": "asOf", "valueDate": "2026-02-01"}
    body = parameters(patient(), DOSE, asOf={"valueDate": "2026-02-01"}, more={"part": [twice]})
    assert places(body) == ["Parameters.parameter[3].part[0].value"]


def test_today_is_the_clock_of_the_service() -> None:
    assert read(bundle(patient(), DOSE), today=dt.date(2026, 1, 7)).request.as_of_day == 2


def test_a_dose_after_today_is_refused_at_its_date() -> None:
    record = read(bundle(patient(), DOSE, ketamine("2026-03-02")))
    predictor = Predictor(toy_bundle(), "1")
    with pytest.raises(RequestRefusedError) as caught:
        predictor.predict(record.request)
    (issue,) = issues_of(caught.value, record)
    assert issue.expression == "Bundle.entry[2].resource.effective"
    assert (issue.required, issue.found) == ("a date that is not after today", "a later day")


def test_a_problem_that_the_predictor_finds_stands_at_its_element() -> None:
    scores = gad7(12, "2026-01-05", "a"), gad7(13, "2026-01-06", "b")
    found = observation("e", OWN, "death", "2026-01-05")
    record = read(bundle(patient(), DOSE, *scores, found))
    with pytest.raises(RequestRefusedError) as caught:
        Predictor(toy_bundle(), "1").predict(record.request)
    assert {issue.expression for issue in issues_of(caught.value, record)} == {"Bundle.entry[3].resource.effective"}


def test_a_value_outside_the_contract_is_refused_at_its_element() -> None:
    dose = ketamine("2026-01-05", dose=quantity(11, "mg/kg"))
    (issue,) = issues(bundle(patient(), dose))
    assert issue.expression == "Bundle.entry[1].resource.dosage.dose"
    assert issue.required == "a number from 0 to 10 mg/kg"


@pytest.mark.parametrize(
    ("time", "after_dose"),
    [("T08:00:00+01:00", None), ("T15:00:00+01:00", None), ("T14:00:01Z", True), ("T19:00:00+01:00", True), ("", None)],
)
def test_a_rating_with_a_time_after_the_dose_of_its_day_was_taken_after_it(time: str, after_dose: bool | None) -> None:
    (rating,) = rows(read(bundle(patient(), DOSE, gad7(12, f"2026-01-05{time}"))), "assessments")
    assert rating.get("after_dose") == after_dose


def test_the_first_dose_of_a_day_is_the_earliest_whatever_its_offset() -> None:
    """09:30 in Berlin is before 09:00 in UTC, although it is written later."""
    doses = ketamine("2026-01-05T09:30:00+01:00", "a"), ketamine("2026-01-05T09:00:00Z", "b")
    for order in (doses, doses[::-1]):
        record = read(bundle(patient(), *order, gad7(12, "2026-01-05T09:45:00+01:00")))
        assert rows(record, "assessments")[0]["after_dose"] is True


@pytest.mark.parametrize(
    ("focus", "is_read"),
    [
        ([], True),
        ([{"reference": "Patient/p"}], True),
        ([{"reference": "RelatedPerson/child"}], False),
        ([{"display": "the unborn child", "identifier": {"value": "other"}}], False),
    ],
)
def test_an_observation_of_somebody_else_is_left_out(focus: list[dict[str, Any]], is_read: bool) -> None:
    found = gad7(12, "2026-01-04") | ({"focus": focus} if focus else {})
    record = read(bundle(patient(), DOSE, found))
    assert bool(rows(record, "assessments")) == is_read
    assert ("Bundle.entry[2].resource.focus" in unused(record)) == (not is_read)
    assert ("Observation/g" in record.basis) == is_read


@pytest.mark.parametrize(
    ("onset", "years"),
    [("2025-12-15", 21 / 365.25), ("2025-12", 20 / 365.25), ("2026-01", 0.0), ("2025", 1), ("2016", 10)],
)
def test_an_onset_in_a_month_is_not_a_year_ago(onset: str, years: float) -> None:
    """Day 0 is the 5th of January 2026."""
    code = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F41.1"}]}
    found = {"resourceType": "Condition", "id": "c", "subject": PATIENT, "code": code, "onsetDateTime": onset}
    record = read(bundle(patient(), DOSE, found))
    assert record.request.patient.model_dump()["illness_duration_years"] == pytest.approx(years)


@pytest.mark.parametrize(
    ("birth_date", "age"),
    [("1980-01-05", 46), ("1980-01-06", 45), ("1980-01", None), ("1980-02", 45), ("1980", None)],
)
def test_the_age_is_that_in_whole_years_at_day_0(birth_date: str, age: int | None) -> None:
    """An incomplete date tells the age only if all its days tell the same."""
    record = read(bundle(patient(birthDate=birth_date), DOSE))
    assert record.request.patient.model_dump()["age_years"] == age
    assert ("Bundle.entry[0].resource.birthDate" in unused(record)) == (age is None)


def test_a_death_is_an_event_and_needs_its_date() -> None:
    record = read(bundle(patient(deceasedDateTime="2026-02-05"), DOSE))
    assert rows(record, "events") == [{"day": 31, "event": "death"}]
    assert places(bundle(patient(deceasedBoolean=True), DOSE)) == ["Bundle.entry[0].resource.deceased"]
    assert not issues(bundle(patient(deceasedBoolean=False), DOSE))


def test_two_values_of_one_cell_are_refused_at_both() -> None:
    running = {"status": "active", "effectivePeriod": {"start": "2025-01-05"}}
    dosage = {
        "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": quantity(1, "mg")}],
    }
    own = observation("o", OWN, "benzodiazepine_mg", "2026-01-05", valueQuantity=quantity(5, "mg/d"))
    body = bundle(patient(), DOSE, statement("s", "6470", dosage=[dosage], **running), own)
    assert places(body) == ["Bundle.entry[3].resource.value", "Bundle.entry[2].resource.dosage"]


def test_a_time_in_utc_without_a_zone_is_refused_with_where_a_zone_is_named() -> None:
    body = bundle(patient(), ketamine("2026-01-05T22:30:00Z"))
    found = issues(body, zone=None)
    (required,) = {issue.required for issue in found if issue.found == "a time in UTC"}
    assert "timeZone" in required
    assert "KAP_TIME_ZONE" in required
    assert "22:30" not in str(found)
