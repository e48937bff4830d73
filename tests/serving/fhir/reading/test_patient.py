"""Age, sex and an allergy to ketamine from the Patient and the AllergyIntolerance."""

from typing import Any

import pytest

from serving.fhir.reading.patient import read_patient
from tests.serving.fhir.reading.charts import SNOMED_CT, Resource, coded, read

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


@pytest.mark.parametrize(
    ("gender", "sex"), [("female", "female"), ("male", "male"), ("other", None), ("unknown", None)]
)
def test_sex_is_recorded_where_gender_tells_it(gender: str, sex: str | None) -> None:
    chart = read(read_patient, {"resourceType": "Patient", "gender": gender})
    assert chart.cells == ({"sex": sex} if sex else {})
    assert list(chart.unused) == ([] if sex else ["r0.gender"])
    assert gender not in " ".join(chart.unused.values()).split()


@pytest.mark.parametrize("date", ["1980-05-17", "1980-05", "1980"])
def test_the_birth_date_goes_to_the_assembly_as_written(date: str) -> None:
    chart = read(read_patient, {"resourceType": "Patient", "birthDate": date})
    assert (chart.cells, chart.rows[0].cells_from) == ({"birth_date": date}, {"birth_date": "r0.birthDate"})


def test_nothing_else_of_a_patient_is_read() -> None:
    named = {"resourceType": "Patient", "name": [{"family": "Chalmers"}], "deceasedBoolean": False}
    assert read(read_patient, named).rows == []


def allergy(code: str, system: str = RXNORM, verification: str = "", **elements: Any) -> Resource:
    made: Resource = {"resourceType": "AllergyIntolerance", "code": coded((system, code)), **elements}
    if verification:
        status = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
        made["verificationStatus"] = coded((status, verification))
    return made


OVER = {"clinicalStatus": coded(("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "resolved"))}
ALLERGIES: dict[str, tuple[Resource, bool | None]] = {
    "ketamine": (allergy("6130"), True),
    "a product with ketamine": (allergy("238082"), True),
    "esketamine": (allergy("2119365"), True),
    "ketamine in SNOMED CT": (allergy("373464007", SNOMED_CT), True),
    "confirmed": (allergy("6130", verification="confirmed"), True),
    "not confirmed": (allergy("6130", verification="unconfirmed"), True),
    "ketamine, refuted": (allergy("6130", verification="refuted"), False),
    "esketamine, refuted": (allergy("2119365", verification="refuted"), None),
    "an error": (allergy("6130", verification="entered-in-error"), None),
    "over": (allergy("6130") | OVER, None),
    "an intolerance": (allergy("6130", type="intolerance"), None),
    "another substance": (allergy("36437"), None),
    "no allergies": (allergy("716186003", SNOMED_CT), False),
    "no allergies, refuted": (allergy("716186003", SNOMED_CT, "refuted"), None),
    "recorded today": (allergy("6130", recordedDate="2026-11-20"), True),
    "recorded tomorrow": (allergy("6130", recordedDate="2026-11-21"), None),
}


@pytest.mark.parametrize("kind", ALLERGIES)
def test_an_allergy_to_ketamine_is_one_that_is_there(kind: str) -> None:
    resource, expected = ALLERGIES[kind]
    chart = read(read_patient, resource)
    assert chart.cells == ({} if expected is None else {"ketamine_allergy": expected})
    assert list(chart.unused) == (["r0"] if expected is None else [])
