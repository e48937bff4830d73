"""The OpenAPI document is one, tells the truth about every address, and every example in it is what really happens."""

import asyncio
import copy
import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import jsonschema_rs
import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic.alias_generators import to_camel
from starlette.types import Receive, Scope, Send

from features.eligibility.eligibility import Ineligible
from features.protocol.document import Covariate, Landmark, Protocol, RemissionRule
from models.applicability import WORDS
from serving.cds_hooks.services import SERVICES
from serving.contract.failures import LogRefusedError, LogUnavailableError
from serving.contract.refusal import RequestRefusedError
from serving.contract.routes import ROUTES
from serving.http.body import BodyLimits
from serving.http.errors import ProblemDetails, ProblemResponse
from serving.openapi.examples import LINK, PREDICTION_ID, prediction_examples
from serving.openapi.operations import IN_EVERY_ANSWER
from serving.openapi.problems import problem_statuses
from serving.openapi.static_responses import pages_of
from serving.prediction.cautions import RULES
from serving.prediction.no_prediction import NOT_FITTED, NOT_PROMOTED, OUTSIDE_TRAINING
from serving.prediction.predictor import Predictor
from serving.server import answering
from serving.server.batcher import OverloadedError
from serving.server.http_connection import DETAILS
from tests.places import ROOT
from tests.serving.bundles import toy_bundle
from tests.serving.cds_hooks.calls import order_sign
from tests.serving.dated_records import as_utc, in_dates
from tests.serving.http.test_access_control import CLINIC, READER, FakeRates, Ring, ask
from tests.serving.http.test_body import LIMITS, sent
from tests.serving.openapi.release import TAG
from tests.serving.requests import EXAMPLE, changed, example, problems, read
from tests.serving.servers import Server

Document = dict[str, Any]
JSON, PROBLEM_JSON, FHIR_JSON = "application/json", "application/problem+json", "application/fhir+json"
STUDY = Protocol(
    name="study",
    covariates=(
        Covariate("expectancy", "number", "expected benefit", minimum=0, maximum=10),
        Covariate("music", "binary", "music was played"),
    ),
)
PROTOCOLS = {
    "default": Protocol(),
    "with covariates": STUDY,
    "a fixed day": Protocol(landmarks=(Landmark("day 61", day=61),)),
    "all in remission": Protocol(landmarks=(Landmark("day 61", day=61),), remission=RemissionRule(at_landmark=True)),
}


def document_of(protocol: Protocol) -> Document:
    limits = BodyLimits(2**20, 2**25, 10.0)
    predictor = Predictor(toy_bundle(protocol), "3")
    found: Document = json.loads(
        pages_of(predictor, run_id="a1b2", tag="kap-outcomes:tag", performance=None, limits=limits).openapi
    )
    return found


@pytest.fixture(scope="module")
def served(server: Server) -> Document:
    found: Document = server.client.get("/openapi.json").json()
    return found


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def resolved(document: Document, part: Document) -> Document:
    """What a reference in the document stands for."""
    while "$ref" in part:
        place: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        part = place
    return part


def answers(document: Document, operation: Document) -> Iterator[tuple[str, str, Document]]:
    """Status, media type and content of every answer that an operation can give."""
    for status, response in operation["responses"].items():
        for media_type, content in resolved(document, response)["content"].items():
            yield status, media_type, content


def is_valid(document: Document, schema: Document, value: Any) -> bool:
    whole = {**schema, "components": document["components"]}
    return bool(jsonschema_rs.Draft202012Validator(whole).is_valid(value))


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_the_document_is_one_by_the_schema_of_openapi(protocol: Protocol) -> None:
    document = document_of(protocol)
    schemathesis.openapi.from_dict(document).validate()
    without = {key: document[key] for key in document if key != "info"}
    misplaced = copy.deepcopy(document)
    misplaced["paths"]["/v1/predict"]["post"]["parameters"][0]["in"] = "elsewhere"
    for broken in (without, misplaced):
        with pytest.raises(jsonschema_rs.ValidationError):
            schemathesis.openapi.from_dict(broken).validate()


def test_every_address_is_in_it_with_its_method_and_its_scope(served: Document) -> None:
    listed = {(path, method.upper()): operation for path, method, operation in operations(served)}
    assert listed.keys() == {(route.path, route.method) for route in ROUTES.values()}
    for route in ROUTES.values():
        security = [] if route.scope is None else [{"key": [route.scope]}]
        security += [{"ehr": []}] if route.ehr else []
        assert listed[route.path, route.method]["security"] == security


def test_every_operation_says_in_sentences_what_it_is_for(served: Document) -> None:
    names = {tag["name"] for tag in served["tags"]}
    for _, _, operation in operations(served):
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= names
    assert len({operation["operationId"] for _, _, operation in operations(served)}) == len(ROUTES)


def test_it_says_what_the_service_is_for_and_what_it_is_not(served: Document) -> None:
    said = served["info"]["description"]
    for words in ("Intended use", "not a medical device", "synthetic", "repeats no value"):
        assert words in said


def test_every_answer_has_an_example_that_its_schema_allows(served: Document) -> None:
    for path, _, operation in operations(served):
        for status, media_type, content in answers(served, operation):
            assert content["examples"], (path, status)
            for name, shown in content["examples"].items():
                assert is_valid(served, content["schema"], shown["value"]), (path, status, name)
            of_errors = FHIR_JSON if path.startswith("/fhir/") else PROBLEM_JSON
            if int(status) >= 400 and (path, status) != ("/readyz", "503"):
                assert media_type == of_errors
            else:
                assert media_type != PROBLEM_JSON


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_every_example_of_a_request_is_allowed_by_its_schema_and_has_its_answer(protocol: Protocol) -> None:
    document = document_of(protocol)
    for _, _, operation in operations(document):
        content = operation.get("requestBody", {"content": {JSON: {"examples": {}}}})["content"][JSON]
        by_name = {name for _, _, answer in answers(document, operation) for name in answer["examples"]}
        assert set(content["examples"]) <= by_name
        for shown in content["examples"].values():
            assert is_valid(document, content["schema"], shown["value"])


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_there_is_an_example_of_each_outcome_whatever_the_protocol(protocol: Protocol) -> None:
    found = prediction_examples(Predictor(toy_bundle(protocol), "3"))
    outcomes = {name: one.answer.get("outcome") for name, one in found.items()}
    assert outcomes == {
        "predicted": "predicted",
        "in_dates": "predicted",
        "not_predictable": "not_predictable",
        "refused": None,
    }


@pytest.mark.parametrize(
    ("part", "codes"),
    [
        ("Caution", {rule.code for rule in RULES}),
        (
            "Reason",
            {why.name.lower() for why in Ineligible} | {NOT_FITTED, NOT_PROMOTED, OUTSIDE_TRAINING},
        ),
        ("UnlikeReason", set(WORDS)),
    ],
)
def test_every_code_that_an_answer_can_have_is_reported_and_no_other(
    served: Document, part: str, codes: set[str]
) -> None:
    listed = served["components"]["schemas"][part]["properties"]["code"]["enum"]
    assert sorted(listed) == sorted(codes)


def test_every_example_of_a_request_is_answered_as_its_example_says(server: Server, served: Document) -> None:
    executed = []
    for path, method, operation in operations(served):
        if method != "post":
            continue
        for name, shown in operation["requestBody"]["content"][JSON]["examples"].items():
            response = server.client.post(path, json=shown["value"])
            (expected,) = (
                (int(status), media_type, answer["examples"][name]["value"])
                for status, media_type, answer in answers(served, operation)
                if name in answer["examples"]
            )
            assert (response.status_code, response.headers["content-type"]) == expected[:2]
            assert under_one_id(response.json()) == alike(expected[2])
            executed.append((path, name))
    assert executed == [
        ("/v1/predict", "predicted"),
        ("/v1/predict", "in_dates"),
        ("/v1/predict", "not_predictable"),
        ("/v1/predict", "refused"),
        ("/v1/predict_batch", "mixed"),
        ("/decide", "predicted"),
        ("/decide", "in_dates"),
        ("/decide", "not_predictable"),
        ("/decide", "refused"),
        ("/fhir/$predict", "bundle"),
        ("/cds-services/kap-patient-view", "quiet_kap-patient-view"),
        ("/cds-services/kap-patient-view/feedback", "unknown_kap-patient-view"),
        ("/cds-services/kap-order-sign", "quiet_kap-order-sign"),
        ("/cds-services/kap-order-sign/feedback", "unknown_kap-order-sign"),
    ]


def alike(shown: Document) -> Document:
    """An example, in the form in which a FHIR answer is compared with it."""
    return under_one_id(shown) if shown.get("resourceType") == "Bundle" else shown


def without_names(part: Any) -> Any:
    """A resource without its times, and with one name for all entries."""
    if isinstance(part, dict):
        timed = ("occurredDateTime", "recorded", "identifiedDateTime")
        return {name: without_names(value) for name, value in part.items() if name not in timed}
    if isinstance(part, list):
        return [without_names(one) for one in part]
    return "urn:uuid" if isinstance(part, str) and part.startswith("urn:uuid:") else part


def under_one_id(answer: Document) -> Document:
    """The answer with the examples' prediction id or link; of a FHIR answer without what follows from id and time."""
    if answer.get("resourceType") == "Bundle":
        return {"of": [without_names(entry["resource"]) for entry in answer["entry"]]}
    if answer.keys() == LINK.keys():
        assert answer["path"] != LINK["path"]
        return LINK
    for one in answer.get("answers", [answer]):
        if "prediction_id" in one:
            assert one["prediction_id"] != PREDICTION_ID
            one["prediction_id"] = PREDICTION_ID
    return answer


def test_every_page_is_as_its_example_says(server: Server, served: Document) -> None:
    for path, method, operation in operations(served):
        if method != "get":
            continue
        response = server.client.get(path)
        ((media_type, content),) = operation["responses"]["200"]["content"].items()
        (shown,) = (shown["value"] for shown in content["examples"].values())
        assert response.status_code == 200
        assert response.headers["content-type"].partition(";")[0] == media_type
        if media_type == "text/plain":
            assert shown in response.text
        else:
            assert contains(response.json(), shown)
            if path != "/openapi.json":
                assert response.json() == shown


def contains(whole: Any, part: Any) -> bool:
    """Whether a document has all that another has, which may be cut short."""
    if isinstance(part, dict):
        return all(name in whole and contains(whole[name], value) for name, value in part.items())
    return bool(whole == part)


def test_the_key_of_an_example_is_taken(server: Server, served: Document) -> None:
    parameter, *_ = served["paths"]["/v1/predict"]["post"]["parameters"]
    headers = {parameter["name"]: parameter["example"]}
    first, again = (server.client.post("/v1/predict", json=EXAMPLE, headers=headers).json() for _ in range(2))
    assert first["prediction_id"] == again["prediction_id"]


def test_every_answer_has_the_ids_that_were_sent(server: Server, served: Document) -> None:
    for path, method, operation in operations(served):
        named = [parameter for parameter in operation["parameters"] if parameter["name"] != "Idempotency-Key"]
        sent = {parameter["name"]: parameter["example"] for parameter in named}
        assert set(sent) == {"X-Request-Id", "traceparent"}
        for wrong in (False, True):
            body = {"json": EXAMPLE if path == "/v1/predict" else {}} if method == "post" else {}
            response = server.client.request("PUT" if wrong else method, path, headers=sent, **body)
            assert {name: response.headers[name] for name in sent} == sent
    for part in (*operations_answers(served), *served["components"]["responses"].values()):
        assert {"X-Request-Id", "traceparent"} <= set(part["headers"])


def operations_answers(document: Document) -> Iterator[Document]:
    """Every answer of every operation."""
    for _, _, operation in operations(document):
        yield from (resolved(document, part) for part in operation["responses"].values())


Provoked = tuple[int, dict[str, str], Document]


def over_http(server: Server, method: str = "POST", path: str = "/v1/predict", **how: Any) -> Provoked:
    response = server.client.request(method, path, **how)
    return response.status_code, dict(response.headers), response.json()


def at_access_control(*keys: Any, rates: FakeRates | None = None, known: bool = True, **how: Any) -> Provoked:
    response = ask("/v1/predict", "POST", keys=Ring(*keys, known=known), rates=rates, **how)
    return response.status_code, dict(response.headers), response.json()


def reused(server: Server) -> Provoked:
    headers = {"Idempotency-Key": "used-before"}
    server.client.post("/v1/predict", json=EXAMPLE, headers=headers)
    return over_http(server, json=changed(("patient", "age_years"), 50), headers=headers)


def while_answering(error: Exception | None) -> Provoked:
    """What a caller gets when this happens to the work on the answer; ``None``: it takes too long."""

    async def work() -> None:
        if error is not None:
            raise error
        await asyncio.Event().wait()

    answer = asyncio.run(answering.answered(work()))
    assert isinstance(answer, ProblemResponse)
    return answer.status_code, dict(answer.headers), json.loads(answer.body)


async def _defect(scope: Scope, receive: Receive, send: Send) -> None:
    raise ZeroDivisionError


def defect() -> Provoked:
    app = ProblemDetails(_defect)

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as one:
            return await one.get("/")

    response = asyncio.run(send())
    return response.status_code, dict(response.headers), response.json()


def late() -> Provoked:
    status, text = sent([None])
    return status, {}, json.loads(text)


AS_JSON = {"Content-Type": JSON}
PROVOKED: dict[tuple[int, str], Callable[[Server], Provoked]] = {
    (400, "idempotency_key"): lambda server: over_http(server, json=EXAMPLE, headers={"Idempotency-Key": "two words"}),
    (400, "empty"): lambda server: over_http(server, path="/v1/predict_batch", json={"requests": []}),
    (401, "no_key"): lambda _: at_access_control(CLINIC),
    (401, "wrong_key"): lambda _: at_access_control(CLINIC, Authorization="Bearer another"),
    (403, "scope"): lambda _: at_access_control(READER, Authorization=f"Bearer {READER.id}"),
    (403, "only_loopback"): lambda server: over_http(server, json=EXAMPLE, headers={"X-Forwarded-For": "192.0.2.7"}),
    (404, "not_found"): lambda server: over_http(server, path="/v1/elsewhere"),
    (405, "method"): lambda server: over_http(server, "GET"),
    (412, "prefetch"): lambda server: over_http(
        server, path="/cds-services/kap-order-sign", json=order_sign(prefetch=None)
    ),
    (413, "one"): lambda server: over_http(server, content=b" " * (2**20 + 1), headers=AS_JSON),
    (413, "batch"): lambda server: over_http(
        server, path="/v1/predict_batch", content=b" " * (2**25 + 1), headers=AS_JSON
    ),
    (415, "media_type"): lambda server: over_http(server, content=b"{}", headers={"Content-Type": "text/plain"}),
    (415, "compressed"): lambda server: over_http(
        server, content=b"{}", headers=AS_JSON | {"Content-Encoding": "gzip"}
    ),
    (422, "key_reused"): reused,
    (429, "rate"): lambda _: at_access_control(CLINIC, rates=FakeRates(0), Authorization=f"Bearer {CLINIC.id}"),
    (431, "head"): lambda server: over_http(server, json=EXAMPLE, headers={"X-Long": "a" * 40_000}),
    (500, "defect"): lambda _: defect(),
    (503, "log"): lambda _: while_answering(LogUnavailableError("it is locked")),
    (503, "overloaded"): lambda _: while_answering(OverloadedError()),
    (503, "too_long"): lambda _: while_answering(None),
    (503, "keys"): lambda _: at_access_control(CLINIC, known=False, Authorization=f"Bearer {CLINIC.id}"),
}
"""How each refusal of which the document has an example comes about."""


class _WorkerStub:
    """The part of a worker that `answering` uses for an answer."""

    def __init__(self) -> None:
        self.settings = self
        self.answer_seconds = 0.01

    def refused_for_the_log(self) -> None:
        pass


def test_a_log_that_is_another_is_an_outage_and_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "current_worker", _WorkerStub)
    unavailable, refused = map(while_answering, (LogUnavailableError("it is locked"), LogRefusedError("another log")))
    assert refused == unavailable
    assert refused[0] == 503


@pytest.mark.parametrize(("status", "name"), PROVOKED, ids=str)
def test_every_example_of_a_refusal_is_what_really_happens(
    server: Server, served: Document, monkeypatch: pytest.MonkeyPatch, status: int, name: str
) -> None:
    monkeypatch.setattr(answering, "current_worker", _WorkerStub)
    real_status, headers, problem = PROVOKED[status, name](server)
    shown = refusals(served)[status, name]
    assert (real_status, problem) == (status, shown["value"])
    response = served["components"]["responses"][title(status)]
    for header in set(response["headers"]) - set(IN_EVERY_ANSWER):  # not every case goes through the whole service
        schema = resolved(served, response["headers"][header])["schema"]
        given = headers[header.lower()]
        assert is_valid(served, schema, int(given) if schema["type"] == "integer" else given)


def test_the_example_of_a_body_that_comes_too_late_is_what_really_happens() -> None:
    assert late()[2]["detail"] == problem_statuses(LIMITS)[HTTPStatus.REQUEST_TIMEOUT].details["late"]


@pytest.mark.parametrize(("status", "name"), [(408, "late_head"), (503, "connections")])
def test_the_examples_of_refused_connections_have_the_texts_of_the_connection(
    served: Document, status: int, name: str
) -> None:
    """`test_http_connection` provokes them."""
    assert refusals(served)[status, name]["value"]["detail"] == DETAILS[HTTPStatus(status)]


def test_no_example_of_a_refusal_is_left_out(served: Document) -> None:
    elsewhere = {(400, f"unknown_{service.id}") for service in SERVICES}
    elsewhere |= {(400, "refused"), (408, "late"), (408, "late_head"), (503, "connections")}
    assert set(refusals(served)) - elsewhere == set(PROVOKED)


def title(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "")


def refusals(document: Document) -> dict[tuple[int, str], Document]:
    """Every example of a refusal in the document, by status and name."""
    responses = [
        (HTTPStatus[_constant(name)].value, response) for name, response in document["components"]["responses"].items()
    ]
    responses += [
        (int(status), response)
        for _, _, operation in operations(document)
        for status, response in operation["responses"].items()
        if "$ref" not in response
    ]
    return {
        (status, name): shown
        for status, response in responses
        for name, shown in response["content"].get(PROBLEM_JSON, {"examples": {}})["examples"].items()
    }


def _constant(name: str) -> str:
    (found,) = (status.name for status in HTTPStatus if title(status) == name)
    return found


@pytest.mark.parametrize(
    "document",
    [
        changed(("as_of_day",), "14"),
        changed(("as_of_day",), 40_001),
        changed(("patient", "age_years"), 9),
        changed(("patient", "patient_ref"), " "),
        changed(("patient", "sex"), "other"),
        changed(("patient", "shoe_size"), 42),
        changed(("patient", "covariates"), {"expectancy": 11}),
        changed(("patient", "covariates"), {"expectancy": True}),
        changed(("patient", "covariates"), {"music": 2}),
        changed(("patient", "covariates"), {"another": 1}),
        changed(("patient", "covariates"), {"working_alliance": 7}),  # a field of the patient under this protocol
        changed(("patient", "expectancy"), 7),  # among the covariates under this protocol
        changed(("patient", "working_alliance"), 11),
        changed(("assessments", 0, "instrument"), "mood"),
        changed(("assessments", 0, "score"), 22),
        changed(("assessments", 2, "score"), 28),
        changed(("sessions", 0, "session_number"), 0),
        changed(("sessions", 0, "session_number"), None),
        changed(("events", 0, "event"), None),
        example(patient=None),
        {"as_of_day": 14},
        [],
        None,
    ],
)
def test_what_the_schema_forbids_is_refused(document: Any) -> None:
    assert not is_valid(document_of(STUDY), {"$ref": "#/components/schemas/PredictionRequest"}, document)
    if not problems(json.dumps(document)):
        (reply,) = Predictor(toy_bundle(STUDY), "3").answer_many([read(document)], [PREDICTION_ID])
        assert isinstance(reply, RequestRefusedError)


@pytest.mark.parametrize(
    "document",
    [
        EXAMPLE,
        changed(("patient", "covariates"), {"expectancy": 7, "music": True}),
        changed(("patient", "covariates"), {"expectancy": None, "music": 1}),
        changed(("patient", "covariates"), None),
        changed(("patient", "expectancy"), None),
        changed(("patient", "working_alliance"), 7),
        changed(("assessments", 0, "score"), 21),
        changed(("assessments", 2, "score"), 27),
        {"as_of_day": 0, "patient": {"patient_ref": "a"}},
    ],
)
def test_what_the_service_takes_the_schema_allows(document: Document) -> None:
    schema = {"$ref": "#/components/schemas/PredictionRequest"}
    assert not problems(document)
    assert is_valid(document_of(STUDY), schema, document)


DATED = in_dates(EXAMPLE, dt.date(2026, 10, 7))
AT_NOON = in_dates(EXAMPLE, dt.date(2026, 10, 7), as_utc(dt.time(12), ZoneInfo("Europe/Berlin")))
RECORD = {"$ref": "#/components/schemas/Record"}


@pytest.mark.parametrize("document", [EXAMPLE, DATED, AT_NOON | {"time_zone": "Europe/Berlin"}])
def test_the_schema_of_a_record_allows_both_forms(document: Document) -> None:
    assert not problems(document)
    assert is_valid(document_of(STUDY), RECORD, document)


@pytest.mark.parametrize(
    "document",
    [
        changed(("as_of_date",), "2026-10", DATED),
        changed(("as_of_date",), "2026-10-07T12:00:00", DATED),
        changed(("assessments", 0, "date"), None, DATED),
        changed(("assessments", 0, "date"), 0, DATED),
        changed(("assessments", 0, "score"), 22, DATED),
        changed(("assessments", 0, "day"), 0, DATED),
        changed(("assessments", 0, "date"), "2026-10-07"),
        changed(("time_zone",), "a" * 129, DATED),
        DATED | {"as_of_day": 14},
        EXAMPLE | {"first_dose_date": "2026-10-07"},
        EXAMPLE | {"time_zone": "Europe/Berlin"},
    ],
)
def test_what_the_schema_of_a_record_forbids_is_refused(document: Document) -> None:
    assert not is_valid(document_of(STUDY), RECORD, document)
    if not problems(document):
        with pytest.raises(RequestRefusedError):
            Predictor(toy_bundle(STUDY), "3").predict(read(document))


def test_every_kind_of_answer_is_of_the_documented_type_and_a_changed_one_is_not(served: Document) -> None:
    for name, schema in (("predicted", "PredictionResponse"), ("not_predictable", "PredictionResponse")):
        one = served["paths"]["/v1/predict"]["post"]["responses"]["200"]["content"][JSON]["examples"][name]["value"]
        assert is_valid(served, {"$ref": f"#/components/schemas/{schema}"}, one)
        for change in ({"outcome": "another"}, {"cautions": 1}, {"prediction_id": None}):
            changed_one = copy.deepcopy(one) | change
            assert not is_valid(served, {"$ref": f"#/components/schemas/{schema}"}, changed_one)


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_the_document_passes_the_validator_of_openapi(protocol: Protocol) -> None:
    OpenAPIV31SpecValidator(document_of(protocol)).validate()


def test_an_answer_may_have_more_fields_and_a_request_may_not(served: Document) -> None:
    dated = {"DatedPredictionRequest", "DatedPriorTreatment", "DatedSession", "DatedAssessment", "DatedEvent"}
    requested = {"PredictionRequest", "BatchRequest", "Patient", "PriorTreatment", "Session", "Assessment", "Event"}
    requested |= dated
    closed = {
        name for name, schema in served["components"]["schemas"].items() if schema.get("additionalProperties") is False
    }
    assert closed == requested
    (examples,) = (
        content["examples"]
        for status, _, content in answers(served, served["paths"]["/v1/predict"]["post"])
        if status == "200"
    )
    for example_of in examples.values():
        assert is_valid(served, {"$ref": "#/components/schemas/PredictionResponse"}, example_of["value"] | {"new": 1})


def test_the_file_of_a_release_is_what_the_service_says(server: Server, served: Document, tmp_path: Path) -> None:
    """The served model is the same made-up one; only its entry in the model store has another name."""
    path = tmp_path / "dist" / "openapi.json"
    subprocess.run([sys.executable, "-m", "tests.serving.openapi.release", str(path)], cwd=ROOT, check=True)
    tag = server.client.get("/readyz").json()["model"]
    assert json.loads(path.read_text(encoding="utf-8").replace(TAG, tag)) == served


def test_no_field_has_a_default_by_which_a_generator_would_require_it(served: Document) -> None:
    assert '"default":' not in json.dumps(served["components"]["schemas"])


def _derived_names(name: str, schema: Document) -> Iterator[str]:
    """The names that generators make for the parts of a schema that have none: its own, then the field's."""
    for key, part in schema.get("properties", {}).items():
        camel = to_camel(key)
        within = name + camel[:1].upper() + camel[1:]
        for each in (part, part.get("items", {}), *part.get("anyOf", [])):
            if "enum" in each or "properties" in each:
                yield within
                yield from _derived_names(within, each)


def test_no_schema_has_the_name_that_generators_give_to_a_part_of_another(served: Document) -> None:
    schemas = served["components"]["schemas"]
    derived = [part for name, schema in schemas.items() for part in _derived_names(name, schema)]
    assert "ReasonCode" in derived, "the codes of a reason are one of the parts without a name"
    assert len(set(derived)) == len(derived)
    assert not set(derived) & set(schemas)
