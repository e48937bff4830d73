"""The mock EHR's FHIR server: what it answers is FHIR R4, read by models of others."""

import datetime as dt
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from training.cli.clinic_demo.fhir_server import FhirAnswer, FhirStore
from training.cli.clinic_demo.patients import ABOUT, draft_order, synthetic_resources

TODAY = dt.date(2026, 11, 29)
STORE = FhirStore("http://127.0.0.1:1/fhir", synthetic_resources(TODAY))


def validated(answer: FhirAnswer) -> dict[str, Any]:
    """The resource, after a model of FHIR has read it."""
    resource = dict(answer.resource)
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    return resource


@pytest.mark.parametrize("patient", ABOUT)
def test_a_patient_is_read_and_is_plainly_made_up(patient: str) -> None:
    resource = validated(STORE.answer(f"Patient/{patient}"))
    assert resource["id"] == patient
    assert resource["name"][0]["text"].startswith("Synthetic Patient ")


def test_every_resource_is_valid_and_has_an_id_of_its_own() -> None:
    for one in STORE.resources:
        validated(FhirAnswer(200, one))
    assert len({(one["resourceType"], one["id"]) for one in STORE.resources}) == len(STORE.resources)


def test_an_order_to_sign_is_valid() -> None:
    order = draft_order("synthetic-a", dt.datetime(2026, 11, 29, tzinfo=dt.UTC))
    assert validated(FhirAnswer(200, order))["entry"][0]["resource"]["status"] == "draft"


def test_a_search_gives_a_bundle_of_the_patients_resources() -> None:
    bundle = validated(STORE.answer("Observation?patient=synthetic-a"))
    assert (bundle["type"], bundle["total"]) == ("searchset", len(bundle["entry"]))
    assert {entry["resource"]["subject"]["reference"] for entry in bundle["entry"]} == {"Patient/synthetic-a"}
    assert all(entry["fullUrl"].startswith(STORE.base) for entry in bundle["entry"])


def test_a_search_that_finds_nothing_gives_a_bundle_without_entries() -> None:
    bundle = validated(STORE.answer("Observation?patient=nobody"))
    assert (bundle["total"], "entry" in bundle) == (0, False)


@pytest.mark.parametrize(
    ("address", "status"),
    [("Patient/nobody", 404), ("Spaceship/1", 404), ("Spaceship?patient=1", 404), ("Observation?colour=red", 400)],
)
def test_what_it_does_not_have_is_answered_with_an_operation_outcome(address: str, status: int) -> None:
    answer = STORE.answer(address)
    assert answer.status == status
    assert validated(answer)["resourceType"] == "OperationOutcome"


def test_the_capability_statement_lists_what_it_can_do() -> None:
    statement = validated(STORE.answer("metadata"))
    assert statement["fhirVersion"] == "4.0.1"
    assert {one["type"] for one in statement["rest"][0]["resource"]} >= {"Patient", "Observation", "Condition"}


def test_a_record_is_the_patient_and_all_about_them_and_nobody_else() -> None:
    for patient in ABOUT:
        first, *others = STORE.record_of(patient)
        assert (first["resourceType"], first["id"]) == ("Patient", patient)
        assert {one["subject"]["reference"] for one in others} == {f"Patient/{patient}"}
    total = sum(len(STORE.record_of(patient)) for patient in ABOUT)
    assert total == len(STORE.resources) - 1, "all but the clinician"
