"""The OpenAPI document: every address with every status of its answers, and a real example of each.

`schemas` makes the schemas, `problems` lists the refusals, and the served model answers the requests in `examples`.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from http import HTTPStatus

from serving.contract import routes
from serving.contract.response import Document
from serving.http.errors import HTML
from serving.http.metrics import CONTENT_TYPE_LATEST
from serving.http.readyz import ReadinessReport
from serving.http.worker_metrics import software_version
from serving.openapi.cds_hooks import CDS_HOOKS, cds_hooks_paths
from serving.openapi.described_model import DescribedModel
from serving.openapi.examples import LINK, Example, batch_example, broken_batch, prediction_examples
from serving.openapi.fhir_operations import FHIR_SCHEMAS, FHIR_TAG, fhir_operations
from serving.openapi.operations import (
    CARRIED,
    EHR,
    IN_EVERY_ANSWER,
    JSON,
    KEY,
    OperationTexts,
    PostOperation,
    answer,
    carried,
    get,
    json_answer,
    post,
    problem,
    response_name,
    text_answer,
)
from serving.openapi.problems import ProblemStatus, problem_statuses
from serving.openapi.schemas import RECORD, component_schemas
from serving.prediction.description import INTENDED_USE, NOT_A_DEVICE, SYNTHETIC

OPENAPI_VERSION = "3.1.0"
TITLE = "KAP Outcomes"
PREDICTIONS, SERVED, STATE = "Predictions", "What is served", "State of the service"
_ABOUT = f"""\
Predicts remission and relapse after ketamine-assisted psychotherapy from a patient's record, with intervals and \
reasons, or says why no prediction is possible.

**Intended use.** {INTENDED_USE} **{NOT_A_DEVICE}** It gives no medical advice. It describes groups of \
patients, not what will happen to one.

**Keys.** `Authorization: Bearer kap_...`. Each operation names the scope that its key must have. Until the \
first key is made, only callers on the same machine are answered, without a key.

**Records.** A record is in days or in dates. Days are whole numbers counted from day 0, the first dosing session. \
Dates are ISO 8601 dates, or dates and times with their offset from UTC, beside `first_dose_date`, the date of day 0. \
The service turns them into days, and logs only those. `patient_ref` must be a pseudonym. A field that is absent or \
null is *not recorded*. Nothing may be later than `as_of_day` or `as_of_date`. Types are strict: `"12"` is not a \
number, `12.0` is not a whole number, and an unknown field is refused.

**Errors.** Every error is a problem document (RFC 9457), under `/fhir` an OperationOutcome. It lists the path of each \
field to correct and repeats no value. An address that is not listed here is answered 404, a method that is not \
listed 405. `HEAD` is allowed where `GET` is.

**Retries.** Retry after 408, 429, 503 or a broken connection. With the same `Idempotency-Key` and body you get the \
first answer under the same `prediction_id`, and it is logged once."""
_TAGS = {
    PREDICTIONS: "Predict for one patient, or for many at once.",
    CDS_HOOKS: "Cards for an EHR, by CDS Hooks 2.0.",
    FHIR_TAG: "The same in FHIR R4, as clinic software speaks it. Errors are OperationOutcomes.",
    SERVED: "The model that answers, its performance, and the scales that it reads.",
    STATE: "For the operator of the service.",
}
_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key made by `kap keys create`, with the scope `predict`, `read` or `admin` (all).",
}
_EHR_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The token of a configured EHR by CDS Hooks 2.0, signed for one call of one address.",
}
_METRIC = "# HELP kap_log_unavailable_total Requests not answered because the log failed."


def openapi_document(shown: DescribedModel) -> Document:
    """The document, as plain values for JSON."""
    problems = problem_statuses(shown.limits)
    synthetic = f"\n\n**The served model.** {SYNTHETIC}" if shown.model.synthetic else ""
    return {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": TITLE,
            "version": software_version(),
            "summary": "Remission and relapse after ketamine-assisted psychotherapy. Research software.",
            "description": _ABOUT + synthetic,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
        "paths": _predictions(shown, problems)
        | fhir_operations(shown, problems)
        | cds_hooks_paths(shown.predictor, problems)
        | _served(shown)
        | _state(shown),
        "components": {
            "schemas": component_schemas(shown.predictor.bundle.protocol) | FHIR_SCHEMAS,
            "responses": {response_name(status): problem(status, one) for status, one in problems.items()},
            "headers": CARRIED,
            "securitySchemes": {KEY: _SCHEME, EHR: _EHR_SCHEME},
        },
    }


def _predictions(shown: DescribedModel, problems: Mapping[HTTPStatus, ProblemStatus]) -> Document:
    one = prediction_examples(shown.predictor)
    batch = {"mixed": batch_example(shown.predictor), "empty": broken_batch()}
    larger = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    many = replace(problems[larger], details={"batch": f"The body must not exceed {shown.limits.batch} bytes."})
    return {
        routes.PREDICT: post(
            routes.PREDICT,
            OperationTexts(
                PREDICTIONS,
                "Predict for one patient",
                "The prediction is for the latest landmark (moment of prediction) that the record has reached. What "
                "was recorded after its day is not used. The answer is logged before it is sent. `outcome` says "
                "whether there is a prediction; if not, `reasons` says why. That is not an error.",
            ),
            PostOperation(RECORD, "PredictionResponse", one),
            problems,
        ),
        routes.PREDICT_BATCH: post(
            routes.PREDICT_BATCH,
            OperationTexts(
                PREDICTIONS,
                "Predict for up to 1,000 patients",
                "Each request is answered or refused on its own, in the order of the requests. `reasons` and the "
                "weekly curve of relapse are null unless `in_full` is true. For the rate limit, each request of a "
                "batch counts.",
            ),
            PostOperation("BatchRequest", "BatchResponse", batch),
            {**problems, larger: many},
        ),
        routes.DECIDE: _page(one, problems),
    }


def _page(examples: Mapping[str, Example], problems: Mapping[HTTPStatus, ProblemStatus]) -> Document:
    created = HTTPStatus.CREATED
    texts = OperationTexts(
        PREDICTIONS,
        "Predict for one patient, and make a page of the answer",
        "A page for the shared decision of patient, family and clinician. Its path opens it in any browser, without "
        "a key, for some minutes; it holds nothing of the patient. With `Accept: text/html` the answer is the page "
        "itself.",
    )
    pages = {
        name: one if one.status is not HTTPStatus.OK else replace(one, status=created, answer=LINK)
        for name, one in examples.items()
    }
    operation = post(routes.DECIDE, texts, PostOperation(RECORD, "PageLink", pages, created), problems)
    answered = operation["post"]["responses"][str(created.value)]
    answered["headers"] |= carried("Location")
    answered["content"] |= text_answer("", HTML, "The beginning of a page", "<!DOCTYPE html>")["content"]
    return operation


def _served(shown: DescribedModel) -> Document:
    model, instruments = shown.model.model_dump(mode="json"), shown.instruments.model_dump(mode="json")
    cut = {"openapi": OPENAPI_VERSION, "info": {"title": TITLE, "version": software_version()}, "paths": {}}
    return {
        routes.MODEL: get(
            routes.MODEL,
            OperationTexts(
                SERVED,
                "The served model",
                "Its version and digest, the study's protocol, the landmarks and what each needs, the features, the "
                "development cohort, and the performance for held-out patients, with 95% intervals.",
            ),
            json_answer("The model.", "ModelDescription", {"served": ("The served model", model)}),
        ),
        routes.INSTRUMENTS: get(
            routes.INSTRUMENTS,
            OperationTexts(
                SERVED,
                "Rating scales",
                "Ranges, bands and cut-offs with their sources, and which scales decide remission and relapse.",
            ),
            json_answer("The scales.", "Instruments", {"served": ("The scales of the served protocol", instruments)}),
        ),
        routes.OPENAPI: get(
            routes.OPENAPI,
            OperationTexts(
                SERVED,
                "This document",
                "It describes the served model: the schemas have the scales and covariates of its protocol, and the "
                "examples are its answers.",
            ),
            answer(
                "An OpenAPI document.",
                JSON,
                {
                    "schema": {"type": "object", "required": ["openapi", "info", "paths"]},
                    "examples": {"cut": {"summary": "Cut short", "value": cut}},
                },
            ),
        ),
    }


def _state(shown: DescribedModel) -> Document:
    ready = ReadinessReport(True, shown.model.version, shown.tag, "answers", None)
    waiting = replace(ready, ready=False, log="does not answer; no answer is sent unlogged")
    lives = text_answer("The process runs.", "text/plain", "An empty line", "\n")
    readyz = get(
        routes.READYZ,
        OperationTexts(
            STATE,
            "Readiness",
            "Whether requests are answered, and why a newer model is refused, if one is. The older model then keeps "
            "answering.",
        ),
        json_answer("Ready.", "ReadinessReport", {"ready": ("Ready", asdict(ready))}),
    )
    not_ready = json_answer("Not ready.", "ReadinessReport", {"log": ("The log does not answer", asdict(waiting))})
    readyz["get"]["responses"]["503"] = not_ready | {"headers": carried("Retry-After", *IN_EVERY_ANSWER)}
    metrics = text_answer("The metrics.", CONTENT_TYPE_LATEST.partition(";")[0], "One line of many", _METRIC)
    return {
        routes.LIVEZ: get(routes.LIVEZ, OperationTexts(STATE, "Liveness", "Whether the process runs."), lives),
        routes.HEALTHZ: get(routes.HEALTHZ, OperationTexts(STATE, "Liveness", "The same as /livez."), lives),
        routes.READYZ: readyz,
        routes.METRICS: get(
            routes.METRICS,
            OperationTexts(
                STATE,
                "Metrics for Prometheus",
                "Counts and times in Prometheus' text format, without patients' values.",
            ),
            metrics,
        ),
    }
