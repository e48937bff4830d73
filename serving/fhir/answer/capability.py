"""What the service says of its FHIR interface: the capability statement, and the definition of its one operation."""

from serving.contract.routes import FHIR_JSON, FHIR_OPERATION, JSON
from serving.fhir.answer.elements import Resource, concept
from serving.prediction.description import INTENDED_USE, NOT_A_DEVICE

OPERATION_URL = "urn:uuid:4f6f4c33-0a56-5f0e-9c4b-2d7c8f3f5a10"
"""The canonical name of the operation; a service has no address of its own that is the same everywhere."""
CHANGED = "2026-11-29"
"""When these two resources last changed."""


def capability_statement(version: str) -> Resource:
    """The answer of ``GET /fhir/metadata``; ``version`` is that of the software."""
    return {
        "resourceType": "CapabilityStatement",
        "name": "KapOutcomes",
        "title": "KAP Outcomes",
        "status": "active",
        "date": CHANGED,
        "description": f"{INTENDED_USE} {NOT_A_DEVICE}",
        "kind": "instance",
        "software": {"name": "KAP Outcomes", "version": version},
        "implementation": {"description": "Predicts from what is sent with a request. It keeps no FHIR resources."},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, JSON],
        "rest": [
            {
                "mode": "server",
                "documentation": f"One operation. GET {FHIR_OPERATION} describes it. It needs a key with the scope "
                "predict.",
                "security": {
                    "service": [concept("API key: Authorization: Bearer kap_...")],
                    "description": "Over TLS. The operator makes keys with `kap keys create`. Before the first key is "
                    "made, only callers on the same machine are answered.",
                },
                "operation": [{"name": "predict", "definition": OPERATION_URL}],
            }
        ],
    }


def operation_definition() -> Resource:
    """The answer of ``GET /fhir/OperationDefinition/predict``."""
    return {
        "resourceType": "OperationDefinition",
        "id": "predict",
        "url": OPERATION_URL,
        "name": "Predict",
        "title": "Predict remission and relapse after ketamine-assisted psychotherapy",
        "status": "active",
        "kind": "operation",
        "date": CHANGED,
        "description": f"{INTENDED_USE} {NOT_A_DEVICE} The same record gives the same numbers.",
        "affectsState": False,
        "code": "predict",
        "comment": "The answer holds a RiskAssessment per question, DetectedIssues for cautions, Provenance, the "
        "Device, and OperationOutcomes for what was not used and why nothing was predicted.",
        "system": True,
        "type": False,
        "instance": False,
        "parameter": [*_PARAMETERS, _RETURN],
    }


def _given(name: str, kind: str, documentation: str, most: str = "1") -> Resource:
    """A parameter of the request."""
    return {"name": name, "use": "in", "min": 0, "max": most, "documentation": documentation, "type": kind}


_PARAMETERS: list[Resource] = [
    _given(
        "record",
        "Resource",
        "The patient's resources: a Bundle of type collection, or resources one by one. The name may be another. A "
        "Bundle may also be the body itself, without Parameters.",
        "*",
    ),
    _given("firstDoseDate", "date", "Day 0, also a planned one. Without it, day 0 is the first dose of ketamine."),
    _given("asOf", "date", "Today. Without it, the date of the service."),
    _given("timeZone", "code", "The clinic's time zone by its IANA name, such as Europe/Berlin."),
    {
        **_given("mainCondition", "Reference", "The Condition that is treated, where there are several."),
        "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Condition"],
    },
    _given(
        "priorTreatmentsComplete",
        "boolean",
        "Whether the earlier treatments that were sent are all there were. Without it, they count as recorded.",
    ),
]
_RETURN: Resource = {
    "name": "return",
    "use": "out",
    "min": 1,
    "max": "1",
    "documentation": "The answer, a collection. Without a prediction it says why.",
    "type": "Bundle",
}
