"""`fhirclient`, a FHIR client of others, asks the mock EHR's server and the service, and reads what they send."""

import pytest
from fhirclient import client
from fhirclient.models.bundle import Bundle
from fhirclient.models.condition import Condition
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.models.riskassessment import RiskAssessment

from tests.training.cli.clinic_demo.running_demo import RunningDemo
from training.cli.clinic_demo.fhir_server import KINDS

pytestmark = pytest.mark.slow


def fhir_client(address: str) -> client.FHIRClient:
    return client.FHIRClient(settings={"app_id": "outside", "api_base": f"{address}/fhir"})


@pytest.fixture(scope="module")
def ehr(demo: RunningDemo) -> client.FHIRClient:
    return fhir_client(demo.ehr)


@pytest.fixture(scope="module")
def service(demo: RunningDemo) -> client.FHIRClient:
    return fhir_client(demo.service)


def collected(ehr: client.FHIRClient, patient: str) -> Bundle:
    """All that the mock EHR has of a patient, found by searches, as a collection."""
    found = [Patient.read(patient, ehr.server).as_json()]
    for kind in KINDS:
        if kind not in ("Patient", "Practitioner"):
            bundle = ehr.server.request_json(f"{kind}?patient={patient}")
            found += [entry["resource"] for entry in bundle.get("entry", [])]
    return Bundle({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in found]})


def test_the_mock_ehr_is_read_and_searched(ehr: client.FHIRClient) -> None:
    assert ehr.server.capabilityStatement.fhirVersion == "4.0.1"
    patient = Patient.read("synthetic-a", ehr.server)
    assert patient.name[0].text == "Synthetic Patient A"
    search = Observation.where({"patient": "synthetic-a", "code": "http://loinc.org|70274-6", "_sort": "date"})
    scores = [one.valueQuantity.value for one in search.perform_resources_iter(ehr.server)]
    assert scores == [17, 16, 11]
    conditions = Condition.where({"patient": "synthetic-b"}).perform_resources_iter(ehr.server)
    assert [one.code.coding[0].code for one in conditions] == ["F41.1", "F33.1"]


def test_the_service_describes_itself(service: client.FHIRClient) -> None:
    statement = service.server.capabilityStatement
    assert statement.fhirVersion == "4.0.1"
    operations = statement.rest[0].operation or []
    assert "predict" in {one.name.removeprefix("$") for one in operations}


@pytest.mark.parametrize("patient", ["synthetic-a", "synthetic-b"])
def test_a_record_is_answered_with_risk_assessments(
    ehr: client.FHIRClient, service: client.FHIRClient, patient: str
) -> None:
    sent = collected(ehr, patient)
    answer = Bundle(service.server.post_json("$predict", sent.as_json()).json())
    resources = [entry.resource for entry in answer.entry]
    risks = [one for one in resources if isinstance(one, RiskAssessment)]
    assert {one.subject.reference for one in risks} == {f"Patient/{patient}"}
    predictions = [one for risk in risks for one in risk.prediction]
    decimals = [one.probabilityDecimal for one in predictions if one.probabilityDecimal is not None]
    ranges = [one.probabilityRange for one in predictions if one.probabilityRange is not None]
    assert decimals
    assert all(0 <= one <= 100 for one in decimals)
    assert all(0 <= one.low.value <= one.high.value <= 100 for one in ranges)
    assert {"Provenance"} <= {one.resource_type for one in resources}


def test_a_patient_without_a_prediction_has_an_operation_outcome_or_no_probability(
    ehr: client.FHIRClient, service: client.FHIRClient
) -> None:
    sent = collected(ehr, "synthetic-c")
    answer = Bundle(service.server.post_json("$predict", sent.as_json()).json())
    risks = [entry.resource for entry in answer.entry if isinstance(entry.resource, RiskAssessment)]
    assert not [one for risk in risks for one in risk.prediction or [] if one.probabilityDecimal is not None]
    assert "OperationOutcome" in {entry.resource.resource_type for entry in answer.entry}
