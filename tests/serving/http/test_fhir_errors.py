"""Under /fhir every error is an operation outcome, from all parts; elsewhere it stays a problem document."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.contract.refusal import NOTHING_SENT, RequestRefusedError
from serving.http.errors import ProblemDetails, ProblemResponse, refusal
from serving.http.fhir_errors import OperationOutcomes

FHIR_JSON, PROBLEM_JSON = "application/fhir+json", "application/problem+json"
STATUSES = (400, 401, 403, 404, 405, 406, 408, 413, 415, 422, 429, 500, 503)


def fetched(app: ASGIApp, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(OperationOutcomes(ProblemDetails(app)))
        async with httpx.AsyncClient(transport=transport, base_url="http://kap") as client:
            return await client.get(path)

    return asyncio.run(ask())


async def _failing(scope: Scope, receive: Receive, send: Send) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("path", ["/fhir", "/fhir/$predict", "/fhir/Patient/1"])
@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal_becomes_an_outcome_with_its_status_detail_and_headers(status: int, path: str) -> None:
    response = fetched(ProblemResponse(status, "A sentence.", headers={"Retry-After": "7"}), path)
    assert (response.status_code, response.headers["content-type"]) == (status, FHIR_JSON)
    assert response.headers["retry-after"] == "7"
    assert response.headers["content-length"] == str(len(response.content))
    assert response.json()["resourceType"] == "OperationOutcome"
    assert response.json()["issue"][0]["details"]["text"] == "A sentence."


@pytest.mark.parametrize("path", ["/v1/predict", "/fhirs", "/"])
def test_elsewhere_it_stays_a_problem_document(path: str) -> None:
    assert fetched(ProblemResponse(404), path).headers["content-type"] == PROBLEM_JSON


FOREIGN: dict[str, tuple[Callable[[], ASGIApp], int]] = {
    "an exception": (lambda: _failing, 500),
    "another text": (lambda: PlainTextResponse("value", 404), 404),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_an_error_that_is_no_problem_document_becomes_an_outcome_too(name: str) -> None:
    app, status = FOREIGN[name]
    response = fetched(app(), "/fhir/metadata")
    assert (response.status_code, response.headers["content-type"]) == (status, FHIR_JSON)
    assert "value" not in response.text


def test_the_problems_of_a_body_become_issues() -> None:
    response = fetched(refusal(RequestRefusedError([NOTHING_SENT])), "/fhir/$predict")
    (issue,) = response.json()["issue"]
    assert issue == {
        "severity": "error",
        "code": "structure",
        "details": {"text": "required a JSON text; found nothing"},
    }


@pytest.mark.parametrize("status", [200, 422])
def test_what_a_route_sends_as_fhir_passes(status: int) -> None:
    sent: dict[str, Any] = {"content": b'{"resourceType": "Bundle"}', "status_code": status, "media_type": FHIR_JSON}
    response = fetched(Response(**sent), "/fhir/$predict")
    assert (response.status_code, response.content) == (status, sent["content"])
