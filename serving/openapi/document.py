"""The OpenAPI document: every address, every status that it can answer with, and an example of each, all of them true.

The schemas are made in `openapi_schemas`, the refusals listed in `openapi_problems`, the examples answered by the
served model in `examples`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version

from serving.contract import routes
from serving.contract.response import Document
from serving.http.body import BodyLimits
from serving.http.metrics import CONTENT_TYPE_LATEST
from serving.http.readyz import ReadinessReport
from serving.openapi.examples import batch_example, broken_batch, prediction_examples
from serving.openapi.operations import (
    CARRIED,
    JSON,
    KEY,
    PostOperation,
    Words,
    carried,
    get,
    json_answer,
    post,
    problem,
    response_name,
    text_answer,
)
from serving.openapi.problems import ProblemStatus, problem_statuses
from serving.openapi.schemas import component_schemas
from serving.prediction.description import INTENDED_USE, NOT_A_DEVICE, SYNTHETIC, Instruments, ModelDescription
from serving.prediction.predictor import Predictor

OPENAPI_VERSION = "3.1.0"
TITLE = "KAP Outcomes"
PREDICTIONS, SERVED, STATE = "Predictions", "What is served", "State of the service"
_ABOUT = f"""\
Predicts remission and relapse of ketamine-assisted psychotherapy from a patient's record, with intervals and reasons, \
or says why it can't.

**Intended use.** {INTENDED_USE} **{NOT_A_DEVICE}** It gives no medical advice and describes groups of patients, not \
the fate of one.

**Keys.** `Authorization: Bearer kap_...`. Each operation names the scope that its key must have. Where no key was \
ever made, only callers on the same machine are answered, without one.

**Records.** Days are whole numbers counted from day 0, the first dosing session; there are no dates, and \
`patient_ref` must be a pseudonym. A field that is absent or null is *not recorded*. Nothing may be later than \
`as_of_day`. Kinds are strict: `"12"` is no number, `12.0` no whole number, an unknown field is refused.

**Errors.** Every error is a problem document (RFC 9457) with the path of each field to mend and never a value. An \
address that is not listed here is answered 404, a method that is not listed 405 (`HEAD` goes where `GET` does).

**Trying again.** 408, 429 and 503 may be tried again, as may a connection that broke: with the same `Idempotency-Key` \
and body the answer is the one given first, under the same `prediction_id`, and is logged once."""
_TAGS = {
    PREDICTIONS: "Ask for one patient, or for many at once.",
    SERVED: "Which model answers, how good it was found, and what it reads.",
    STATE: "For whoever runs the service.",
}
_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key made by `kap keys create`, with the scope `predict`, `read` or `admin`; `admin` may do all.",
}
_METRIC = "# HELP kap_log_unavailable_total Requests not answered for want of the log."


@dataclass(frozen=True)
class Shown:
    """What the document is about: what answers, under which tag of the model store, and what may be sent to it."""

    predictor: Predictor
    tag: str
    model: ModelDescription
    instruments: Instruments
    limits: BodyLimits


def openapi_document(shown: Shown) -> Document:
    """The document, as plain values for JSON."""
    problems = problem_statuses(shown.limits)
    synthetic = f"\n\n**The served model.** {SYNTHETIC}" if shown.model.synthetic else ""
    return {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": TITLE,
            "version": _version(),
            "summary": "Remission and relapse of ketamine-assisted psychotherapy. Research software.",
            "description": _ABOUT + synthetic,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
        "paths": _predictions(shown, problems) | _served(shown) | _state(shown),
        "components": {
            "schemas": component_schemas(shown.predictor.bundle.protocol),
            "responses": {response_name(status): problem(status, one) for status, one in problems.items()},
            "headers": CARRIED,
            "securitySchemes": {KEY: _SCHEME},
        },
    }


def _version() -> str:
    try:
        return version("kap-outcomes")
    except PackageNotFoundError:
        return "not installed"  # run from a folder of sources


def _predictions(shown: Shown, problems: Mapping[HTTPStatus, ProblemStatus]) -> Document:
    one, batch = (
        prediction_examples(shown.predictor),
        {"mixed": batch_example(shown.predictor), "empty": broken_batch()},
    )
    larger = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    many = replace(problems[larger], details={"batch": f"a body of at most {shown.limits.batch} bytes is taken"})
    return {
        routes.PREDICT: post(
            routes.PREDICT,
            Words(
                PREDICTIONS,
                "Predict for one patient",
                "The latest moment of prediction (landmark) that the record has reached answers; what was recorded "
                "after its day is not used. The answer is logged before it is given. `outcome` tells a prediction from "
                "the reasons why there is none, which is no error.",
            ),
            PostOperation("PredictionRequest", "PredictionResponse", one),
            problems,
        ),
        routes.PREDICT_BATCH: post(
            routes.PREDICT_BATCH,
            Words(
                PREDICTIONS,
                "Predict for up to 1,000 patients",
                "Each request is answered or refused on its own, in the order in which they came: one that breaks the "
                "contract does not spoil the others. The reasons and the weekly curve of relapse are null unless "
                "`in_full` is true. A batch counts as many requests as it holds.",
            ),
            PostOperation("BatchRequest", "BatchResponse", batch),
            {**problems, larger: many},
        ),
    }


def _served(shown: Shown) -> Document:
    model, instruments = shown.model.model_dump(mode="json"), shown.instruments.model_dump(mode="json")
    cut = {"openapi": OPENAPI_VERSION, "info": {"title": TITLE, "version": _version()}, "paths": {}}
    return {
        routes.MODEL: get(
            routes.MODEL,
            Words(
                SERVED,
                "Which model answers",
                "Its version and digest, the study's protocol, the moments of prediction and what each needs, the "
                "features, what it was learned from, and how good its predictions were for patients it never saw, with "
                "95% intervals.",
            ),
            json_answer("The model.", "ModelDescription", {"served": ("The served model", model)}),
        ),
        routes.INSTRUMENTS: get(
            routes.INSTRUMENTS,
            Words(
                SERVED,
                "Which rating scales are read",
                "Ranges, bands and cut-offs with their sources, and which scales decide remission and relapse.",
            ),
            json_answer("The scales.", "Instruments", {"served": ("The scales of the served protocol", instruments)}),
        ),
        routes.OPENAPI: get(
            routes.OPENAPI,
            Words(
                SERVED,
                "This document",
                "It is made for the served model: the schemas know the scales and covariates of its protocol, and the "
                "examples are its answers.",
            ),
            {
                "description": "An OpenAPI document.",
                "content": {
                    JSON: {
                        "schema": {"type": "object", "required": ["openapi", "info", "paths"]},
                        "examples": {"cut": {"summary": "Cut short", "value": cut}},
                    }
                },
            },
        ),
    }


def _state(shown: Shown) -> Document:
    ready = ReadinessReport(True, shown.model.version, shown.tag, "answers", None)
    waiting = replace(ready, ready=False, log="does not answer; nothing is answered unlogged")
    lives = text_answer("It does.", "text/plain", "An empty line", "\n")
    readyz = get(
        routes.READYZ,
        Words(
            STATE,
            "Whether requests are answered",
            "And why a newer model is not taken up, where one is refused; the older one then goes on answering.",
        ),
        json_answer("They are.", "ReadinessReport", {"ready": ("Ready", asdict(ready))}),
    )
    not_ready = json_answer("They are not.", "ReadinessReport", {"log": ("The log is gone", asdict(waiting))})
    readyz["get"]["responses"]["503"] = not_ready | {"headers": carried("Retry-After")}
    metrics = text_answer("The metrics.", CONTENT_TYPE_LATEST.partition(";")[0], "One line of many", _METRIC)
    return {
        routes.LIVEZ: get(routes.LIVEZ, Words(STATE, "Whether the process lives", "For whoever restarts it."), lives),
        routes.HEALTHZ: get(routes.HEALTHZ, Words(STATE, "Whether the process lives", "The same as /livez."), lives),
        routes.READYZ: readyz,
        routes.METRICS: get(
            routes.METRICS,
            Words(STATE, "Metrics for Prometheus", "Counts and times in its text format; never a patient's value."),
            metrics,
        ),
    }
