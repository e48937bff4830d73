"""The FHIR addresses in the OpenAPI document. Resources are described by FHIR itself; here they are objects.

The example is a body that an EHR may send, answered by the served model.
"""

import datetime as dt
from collections.abc import Mapping
from http import HTTPStatus

import orjson

from serving.contract import routes
from serving.contract.refusal import RequestRefusedError
from serving.contract.response import Document
from serving.fhir.answer.bundle import answer_bundle
from serving.fhir.answer.capability import capability_statement, operation_definition
from serving.fhir.answer.elements import write
from serving.fhir.answer.operation_outcome import operation_outcome, outcome_of_status
from serving.fhir.parts import FhirRefusedError
from serving.fhir.reading.bundle import read_fhir
from serving.fhir.reading.options import ReadingDefaults
from serving.fhir.reading.problems import issues_of
from serving.http.fhir_format import NOT_ACCEPTABLE
from serving.http.worker_metrics import software_version
from serving.openapi.described_model import DescribedModel
from serving.openapi.examples import PREDICTION_ID
from serving.openapi.operations import (
    IDEMPOTENCY,
    NAMING,
    OperationTexts,
    answer,
    operation,
    refusing_statuses,
)
from serving.openapi.problems import ProblemStatus
from serving.openapi.schemas import reference

FHIR_TAG = "FHIR"
RESOURCE, OUTCOME = "FhirResource", "OperationOutcome"
FHIR_SCHEMAS: dict[str, Document] = {
    "SentFhirResource": {
        "type": "object",
        "description": "A Bundle of type collection, or Parameters (FHIR R4), with one patient's resources.",
        "required": ["resourceType"],
        "properties": {"resourceType": {"enum": ["Bundle", "Parameters"], "type": "string"}},
        "additionalProperties": True,
    },
    RESOURCE: {
        "type": "object",
        "description": "A resource of FHIR R4.",
        "required": ["resourceType"],
        "properties": {"resourceType": {"type": "string"}},
        "additionalProperties": True,
    },
    OUTCOME: {
        "type": "object",
        "description": "An OperationOutcome of FHIR R4: each issue has its FHIRPath, what is required and what was "
        "found, and repeats no value.",
        "required": ["resourceType", "issue"],
        "properties": {
            "resourceType": {"const": OUTCOME, "type": "string"},
            "issue": {"type": "array", "minItems": 1, "items": {"type": "object", "additionalProperties": True}},
        },
        "additionalProperties": True,
    },
}
_GIVEN_AT = dt.datetime(2026, 10, 14, 9, 30, tzinfo=dt.UTC)


def fhir_operations(shown: DescribedModel, problems: Mapping[HTTPStatus, ProblemStatus]) -> Document:
    """The operations of the FHIR addresses."""
    return {
        routes.FHIR_PREDICT: {"post": _predict(shown, problems)},
        routes.FHIR_METADATA: _page(
            routes.FHIR_METADATA,
            OperationTexts(FHIR_TAG, "Capability statement", "What the FHIR interface can do."),
            capability_statement(software_version()),
            problems,
        ),
        routes.FHIR_OPERATION: _page(
            routes.FHIR_OPERATION,
            OperationTexts(FHIR_TAG, "Definition of the operation", "The parameters and the answer of `$predict`."),
            operation_definition(),
            problems,
        ),
    }


def _predict(shown: DescribedModel, problems: Mapping[HTTPStatus, ProblemStatus]) -> Document:
    status, answered = _answered(shown)
    body = {"schema": reference("SentFhirResource"), "examples": {"bundle": _example("A short course", _SENT)}}
    responses = _refusals(routes.FHIR_PREDICT, problems)
    if status is HTTPStatus.OK:
        responses["200"] = _resource("The answer, a collection.", RESOURCE, {"bundle": ("A short course", answered)})
    else:
        responses["200"] = _resource("The answer, a collection.", RESOURCE, {"none": ("Cut short", _CUT)})
        responses[str(status.value)]["content"][routes.FHIR_JSON]["examples"]["bundle"] = _example(
            "Not under this protocol", answered
        )
    texts = OperationTexts(
        FHIR_TAG,
        "Predict from FHIR resources",
        "One patient's resources as a Bundle (collection) or Parameters. The answer is a Bundle: a RiskAssessment per "
        "question with probabilities in percent, DetectedIssues for cautions, Provenance, the Device, and "
        "OperationOutcomes for what was not used and why nothing was predicted. It is logged before it is sent. 400: "
        "the body can't be read as FHIR resources. 422: a value or a rule is not met, or the Idempotency-Key was used "
        "for another request.",
    )
    return operation(routes.FHIR_PREDICT, texts) | {
        "parameters": [IDEMPOTENCY, *NAMING],
        "requestBody": {"required": True, "content": {routes.FHIR_JSON: body, routes.JSON: body}},
        "responses": responses,
    }


def _page(
    path: str, texts: OperationTexts, resource: Document, problems: Mapping[HTTPStatus, ProblemStatus]
) -> Document:
    shown = _resource("The resource.", RESOURCE, {"served": (texts.summary, resource)})
    return {"get": operation(path, texts) | {"responses": {"200": shown} | _refusals(path, problems)}}


def _refusals(path: str, problems: Mapping[HTTPStatus, ProblemStatus]) -> Document:
    """Every refusal of an address as an outcome."""
    known = {status: problems[status] for status in refusing_statuses(path)}
    known[HTTPStatus.NOT_ACCEPTABLE] = ProblemStatus("JSON is not accepted.", {"format": NOT_ACCEPTABLE})
    return {
        str(status.value): _resource(
            one.when,
            OUTCOME,
            {name: (detail, outcome_of_status(status, detail)) for name, detail in one.details.items()},
            *one.headers,
        )
        for status, one in sorted(known.items())
    }


def _resource(description: str, schema: str, examples: Mapping[str, tuple[str, Document]], *headers: str) -> Document:
    named = {name: _example(*one) for name, one in examples.items()}
    return answer(description, routes.FHIR_JSON, {"schema": reference(schema), "examples": named}, *headers)


def _example(summary: str, value: Document) -> Document:
    return {"summary": summary, "value": value}


def _answered(shown: DescribedModel) -> tuple[HTTPStatus, Document]:
    """What the served model answers to the example, or why not."""
    defaults = ReadingDefaults(lambda _: _GIVEN_AT.date(), None, shown.predictor.bundle.protocol)
    try:
        record = read_fhir(orjson.dumps(_SENT), defaults)
    except FhirRefusedError as refused:
        return HTTPStatus.UNPROCESSABLE_ENTITY, operation_outcome(refused.issues)
    (reply,) = shown.predictor.answer_many([record.request], [PREDICTION_ID])
    if isinstance(reply, RequestRefusedError):
        return HTTPStatus.UNPROCESSABLE_ENTITY, operation_outcome(issues_of(reply, record))
    bundle = answer_bundle(reply.answer, record, shown.model, _GIVEN_AT, transparency=False)
    document: Document = orjson.loads(write(bundle))
    return HTTPStatus.OK, document


def _coded(system: str, code: str) -> Document:
    return {"coding": [{"system": system, "code": code}]}


def _of_patient(kind: str, name: str, status: str, date: str, **elements: object) -> Document:
    return {
        "resourceType": kind,
        "id": name,
        "status": status,
        "subject": {"reference": "Patient/7f3a2c"},
        "effectiveDateTime": date,
        **elements,
    }


def _rated(name: str, date: str, score: int) -> Document:
    """A total of the GAD-7."""
    code = _coded("http://loinc.org", "70274-6")
    return _of_patient("Observation", name, "final", date, code=code, valueInteger=score)


_DOSE = _of_patient(
    "MedicationAdministration",
    "dose-1",
    "completed",
    "2026-10-07",
    medicationCodeableConcept=_coded("http://www.nlm.nih.gov/research/umls/rxnorm", "6130"),
)
_SENT: Document = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "asOf", "valueDate": "2026-10-14"},
        *(
            {"name": "record", "resource": resource}
            for resource in (
                {"resourceType": "Patient", "id": "7f3a2c", "gender": "female", "birthDate": "1985-04-12"},
                _DOSE,
                _rated("gad7-before", "2026-10-07", 16),
                _rated("gad7-after", "2026-10-13", 9),
            )
        ),
    ],
}
_CUT: Document = {"resourceType": "Bundle", "type": "collection"}
