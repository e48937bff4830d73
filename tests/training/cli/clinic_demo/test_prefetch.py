"""Prefetch templates stand for addresses of the EHR's own FHIR server; what can't be had is left out, not invented."""

import datetime as dt
import json
from typing import Any

import pytest

from tests.places import GOLDEN
from training.cli.clinic_demo.fhir_server import FhirStore
from training.cli.clinic_demo.patients import synthetic_resources
from training.cli.clinic_demo.prefetch import prefetched, resolved

CONTEXT: dict[str, Any] = {
    "userId": "Practitioner/synthetic-clinician",
    "patientId": "synthetic-a",
    "draftOrders": {"resourceType": "Bundle", "id": "orders"},
}
STORE = FhirStore("http://127.0.0.1:1/fhir", synthetic_resources(dt.date(2026, 11, 29)))


@pytest.mark.parametrize(
    ("template", "address"),
    [
        ("Patient/{{context.patientId}}", "Patient/synthetic-a"),
        ("Patient/{{ context.patientId }}", "Patient/synthetic-a"),
        ("Observation?patient={{context.patientId}}&code=http://loinc.org|70274-6",
         "Observation?patient=synthetic-a&code=http://loinc.org|70274-6"),
        ("Practitioner/{{userPractitionerId}}", "Practitioner/synthetic-clinician"),
        ("Bundle/{{context.draftOrders.id}}", "Bundle/orders"),
        ("Patient/1", "Patient/1"),
        ("PractitionerRole?_id={{userPractitionerRoleId}}", None),
        ("Encounter/{{context.encounterId}}", None),
        ("Bundle/{{context.draftOrders}}", None),
        ("Patient/{{patientId}}", None),
    ],
)  # fmt: skip
def test_a_template_stands_for(template: str, address: str | None) -> None:
    assert resolved(template, CONTEXT) == address


def test_answers_have_the_keys_of_their_templates() -> None:
    templates = {
        "patient": "Patient/{{context.patientId}}",
        "ratings": "Observation?patient={{context.patientId}}&code=http://loinc.org|70274-6",
        "allergies": "AllergyIntolerance?patient={{context.patientId}}",
        "role": "PractitionerRole?_id={{userPractitionerRoleId}}",
        "unsupported": "Observation?patient={{context.patientId}}&_include=Observation:subject",
    }
    found = prefetched(templates, CONTEXT, STORE)
    assert found["patient"]["id"] == "synthetic-a"
    assert [entry["resource"]["valueQuantity"]["value"] for entry in found["ratings"]["entry"]] == [17, 16, 11]
    assert "role" not in found, "the user is not a PractitionerRole"
    assert "unsupported" not in found, "the server refuses this search"


def test_the_examples_of_the_specification_are_resolved() -> None:
    place = GOLDEN / "cds-hooks" / "07-example-prefetch-templates.json"
    if not place.is_file():
        pytest.skip("the examples of the specification are not here")
    templates = json.loads(place.read_text(encoding="utf-8"))["prefetch"]
    context = {"userId": "PractitionerRole/A2340113", "patientId": "1288992"}
    assert {key: resolved(template, context) for key, template in templates.items()} == {
        "patient": "Patient/1288992",
        "hemoglobin-a1c": "Observation?patient=1288992&code=4548-4&_count=1&sort:desc=date",
        "diabetes-type2": "Condition?patient=1288992&code=44054006&category=problem-list-item&status=active",
        "user": "PractitionerRole?_id=A2340113",
    }
