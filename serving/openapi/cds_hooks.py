"""The addresses of CDS Hooks in the OpenAPI document."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

import orjson

from serving.cds_hooks.card_text import CardContext
from serving.cds_hooks.cards import CardSettings, prediction_cards, read_answer
from serving.cds_hooks.feedback import UNKNOWN_CARD
from serving.cds_hooks.services import SERVICES, CdsService, discovery
from serving.contract import routes
from serving.contract.refusal import RequestRefusedError
from serving.contract.response import Document
from serving.http.errors import refusal
from serving.openapi.examples import FIRST_DOSE, PREDICTION_ID, Example, prediction_examples
from serving.openapi.operations import (
    NAMING,
    OperationTexts,
    PostOperation,
    get,
    json_answer,
    post,
    response_name,
)
from serving.openapi.problems import ProblemStatus
from serving.prediction.predictor import Predictor
from serving.terminology.codes import load_terminology

CDS_HOOKS = "CDS Hooks"
"""The tag of the operations."""
CALL_ID = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
PATIENT = {"resourceType": "Patient", "id": "1288992"}
NO_RATINGS = {"resourceType": "Bundle", "type": "searchset", "total": 0}
SETTINGS = CardSettings("card", None)


def cds_hooks_paths(predictor: Predictor, problems: Mapping[HTTPStatus, ProblemStatus]) -> Document:
    """The operations by address."""
    paths: Document = {routes.CDS_SERVICES: _discovery(predictor)}
    for service in SERVICES:
        paths[service.path] = _service(service, predictor, problems)
        paths[service.feedback_path] = _feedback(service, problems)
    return paths


def _discovery(predictor: Predictor) -> Document:
    shown = orjson.loads(discovery(predictor.bundle.protocol, load_terminology()).written())
    return get(
        routes.CDS_SERVICES,
        OperationTexts(
            CDS_HOOKS,
            "Discovery",
            "The CDS services by CDS Hooks 2.0: their hooks, and the FHIR resources that an EHR fetches for them.",
        ),
        json_answer("The services.", "CdsServices", {"served": ("The services", shown)}),
    )


def _service(service: CdsService, predictor: Predictor, problems: Mapping[HTTPStatus, ProblemStatus]) -> Document:
    quiet = Example("A patient without ketamine", _call(service), HTTPStatus.OK, {"cards": []})
    examples = {f"quiet_{service.id}": quiet} | {
        f"card_{name}": Example(one.summary, {}, HTTPStatus.OK, _cards(one.answer), in_schema=False)
        for name, one in prediction_examples(predictor).items()
        if one.status is HTTPStatus.OK
    }
    schema = "PatientViewCall" if service.hook == "patient-view" else "OrderSignCall"
    operation = post(
        service.path,
        OperationTexts(CDS_HOOKS, service.title, f"{service.description} The answer is logged before it is sent."),
        PostOperation(schema, "CardsResponse", examples),
        problems,
    )
    missing = {"$ref": f"#/components/responses/{response_name(HTTPStatus.PRECONDITION_FAILED)}"}
    operation["post"]["responses"][str(HTTPStatus.PRECONDITION_FAILED.value)] = missing
    return operation


def _feedback(service: CdsService, problems: Mapping[HTTPStatus, ProblemStatus]) -> Document:
    logged = Example("Feedback on one card", {}, HTTPStatus.OK, {"logged": 1}, in_schema=False)
    refused = RequestRefusedError([replace(UNKNOWN_CARD, path="feedback[0].card")])
    unknown = Example(
        "Feedback on a card that was never sent",
        _overridden(),
        HTTPStatus.BAD_REQUEST,
        orjson.loads(refusal(refused).body),
    )
    operation = post(
        service.feedback_path,
        OperationTexts(
            CDS_HOOKS,
            f"Feedback on cards of {service.id}",
            "What clinicians did with cards. All of it is logged, or nothing. The same feedback is logged once.",
        ),
        PostOperation("FeedbackRequest", "FeedbackReceipt", {"logged": logged, f"unknown_{service.id}": unknown}),
        problems,
    )
    operation["post"]["parameters"] = NAMING
    return operation


def _call(service: CdsService) -> Document:
    context: Document = {"userId": "Practitioner/example", "patientId": PATIENT["id"]}
    if service.hook == "order-sign":
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection"}
    return {
        "hook": service.hook,
        "hookInstance": CALL_ID,
        "context": context,
        "prefetch": {"patient": PATIENT, "observations": NO_RATINGS},
    }


def _overridden() -> Document:
    override = {"reason": {"code": "already-considered"}, "userComment": "Discussed last week."}
    one = {
        "card": PREDICTION_ID,
        "outcome": "overridden",
        "overrideReason": override,
        "outcomeTimestamp": "2026-12-11T10:05:31Z",
    }
    return {"feedback": [one]}


def _cards(answer: Document) -> Document:
    read = read_answer(orjson.dumps(answer).decode())
    cards = prediction_cards(read, CardContext(FIRST_DOSE, ()), SETTINGS, None)
    written: Document = orjson.loads(cards.written())
    return written
