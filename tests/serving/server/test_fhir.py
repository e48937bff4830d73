"""FHIR over HTTP from a real server: answers, refusals and descriptions are resources, and a repeat gets the same."""

import copy
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving.fhir.readers import objections, resources_in
from tests.serving.servers import Server

Document = dict[str, Any]
FHIR_JSON, JSON = "application/fhir+json", "application/json"
EXAMPLE: Document = json.loads(Path(__file__).parents[1].joinpath("fhir", "example.json").read_text(encoding="utf-8"))
AS_FHIR = {"Content-Type": FHIR_JSON}
DAYS = {
    "as_of_day": 13,
    "patient": {"patient_ref": "42", "age_years": 41, "sex": "female", "diagnosis": "gad"},
    "sessions": [
        {"session_number": 1, "day": 0, "kind": "dosing", "route": "intramuscular", "dose_mg_per_kg": 60 / 66}
    ],
    "assessments": [{"day": 0, "instrument": "gad7", "score": 16}, {"day": 6, "instrument": "gad7", "score": 9}],
}
"""The example in days, on the day of `parameters`."""


def parameters(bundle: Document, **values: Any) -> Document:
    """A bundle in Parameters that say what day it is."""
    given = [{"name": "asOf", "valueDate": "2026-10-14"}, {"name": "record", "resource": bundle}]
    return {"resourceType": "Parameters", "parameter": [*given, *({"name": n, **v} for n, v in values.items())]}


def predicted(server: Server, body: Document | bytes, headers: Mapping[str, str] = AS_FHIR) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return server.client.post("/fhir/$predict", content=content, headers=dict(headers))


def broken(place: int, **changes: Any) -> Document:
    """The example with elements of one resource changed."""
    document = copy.deepcopy(EXAMPLE)
    document["entry"][place]["resource"].update(changes)
    return document


def test_an_ehr_gets_the_numbers_of_the_plain_answer(server: Server) -> None:
    response = predicted(server, parameters(EXAMPLE))
    assert (response.status_code, response.headers["content-type"]) == (200, FHIR_JSON)
    assert objections([response.content]) == []
    answer = json.loads(response.content, parse_float=Decimal)
    plain = server.client.post("/v1/predict", json=DAYS).json()
    remission, relapse, _ = resources_in(answer, "RiskAssessment")
    shown = [one["probabilityDecimal"] for risk in (remission, relapse) for one in risk["prediction"]]
    expected = [plain["remission"], *plain["relapse"]["at_horizons"]]
    assert [float(number.scaleb(-2)) for number in shown] == [one["probability"] for one in expected]
    assert remission["occurrenceDateTime"] == "2026-10-14"  # before session 2, which may be tomorrow
    assert remission["subject"] == {"reference": "Patient/42"}
    assert remission["condition"] == {"reference": "Condition/gad"}


def test_what_was_not_used_is_said(server: Server) -> None:
    answer = predicted(server, parameters(EXAMPLE)).json()
    (outcome,) = resources_in(answer, "OperationOutcome")
    places = [issue["expression"][0] for issue in outcome["issue"]]
    assert any(place.startswith("Parameters.parameter[1].resource.entry[6].resource") for place in places)


def test_a_bundle_may_be_the_body_itself(server: Server) -> None:
    assert predicted(server, EXAMPLE).json()["resourceType"] == "Bundle"


def test_a_repeated_request_gets_the_same_bytes(server: Server) -> None:
    headers = AS_FHIR | {"Idempotency-Key": "fhir-visit-1"}
    first, again = (predicted(server, parameters(EXAMPLE), headers) for _ in range(2))
    assert first.content == again.content
    assert first.json()["identifier"] != predicted(server, parameters(EXAMPLE)).json()["identifier"]
    other = predicted(server, parameters(broken(5, valueQuantity={"value": 8})), headers)
    assert other.status_code == 422
    assert other.json()["issue"][0]["code"] == "business-rule"


@pytest.mark.parametrize(
    ("accept", "given"), [("*/*", FHIR_JSON), (JSON, JSON), ("application/fhir+xml, application/json;q=0.5", JSON)]
)
def test_the_answer_has_the_type_that_is_accepted(server: Server, accept: str, given: str) -> None:
    for response in (
        predicted(server, parameters(EXAMPLE), AS_FHIR | {"Accept": accept}),
        server.client.get("/fhir/metadata", headers={"Accept": accept}),
    ):
        assert (response.status_code, response.headers["content-type"]) == (200, given)


@pytest.mark.parametrize("media_type", [FHIR_JSON, JSON, f"{FHIR_JSON}; fhirVersion=4.0; charset=UTF-8"])
def test_both_types_of_json_are_taken(server: Server, media_type: str) -> None:
    assert predicted(server, parameters(EXAMPLE), {"Content-Type": media_type}).status_code == 200


REFUSED: dict[str, tuple[Document | bytes, int, str]] = {
    "no JSON": (b"<Bundle/>", 400, ""),
    "nothing": (b"", 400, ""),
    "another JSON value": (b"[]", 400, "Bundle"),
    "a single resource": (EXAMPLE["entry"][0]["resource"], 400, "Bundle"),
    "no patient": ({"resourceType": "Bundle", "type": "collection", "entry": EXAMPLE["entry"][1:]}, 422, "Bundle"),
    "an impossible date": (broken(2, effectiveDateTime="2026-13-40"), 422, "entry[2].resource.effective"),
    "a score out of range": (
        broken(2, valueQuantity={"value": 22, "unit": "{score}"}),
        422,
        "entry[2].resource.value",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_an_outcome_that_names_the_place(server: Server, name: str) -> None:
    body, status, place = REFUSED[name]
    response = predicted(server, body)
    assert response.headers["content-type"] == FHIR_JSON
    assert objections([response.content]) == []
    assert response.json()["issue"][0]["severity"] == "error"
    assert place in response.json()["issue"][0].get("expression", [""])[0]
    assert response.status_code == status


def test_refusals_are_counted_by_their_elements(server: Server) -> None:
    predicted(server, broken(2, effectiveDateTime="2026-13-40"))
    counted = [line for line in server.client.get("/metrics").text.splitlines() if "kap_refusals_total{" in line]
    assert any('field="Bundle.entry.resource.effective' in line for line in counted)
    assert not any("2026-13-40" in line for line in counted)


@pytest.mark.parametrize(
    ("method", "path", "how", "status", "code"),
    [
        ("GET", "/fhir/Patient/42", {}, 404, "not-found"),
        ("GET", "/fhir/$predict", {}, 405, "not-supported"),
        ("POST", "/fhir/$predict", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415, "not-supported"),
        (
            "POST",
            "/fhir/$predict",
            {"content": b"{}", "headers": {"Content-Type": f"{FHIR_JSON}; fhirVersion=5.0"}},
            415,
            "not-supported",
        ),
        ("POST", "/fhir/$predict", {"content": b" " * (2**20 + 1), "headers": AS_FHIR}, 413, "too-long"),
        ("POST", "/fhir/$predict", {"content": b"{}", "headers": AS_FHIR | {"Via": "1.1 a"}}, 403, "forbidden"),
        (
            "POST",
            "/fhir/$predict",
            {"content": b"{}", "headers": AS_FHIR | {"Accept": "application/fhir+xml"}},
            406,
            "not-supported",
        ),
        ("GET", "/fhir/metadata?_format=xml", {}, 406, "not-supported"),
    ],
    ids=lambda part: part if isinstance(part, int | str) else "",
)
def test_every_error_of_an_address_is_an_outcome(
    server: Server, method: str, path: str, how: dict[str, Any], status: int, code: str
) -> None:
    response = server.client.request(method, path, **how)
    assert (response.status_code, response.headers["content-type"]) == (status, FHIR_JSON)
    assert objections([response.content]) == []
    assert response.json()["issue"][0]["code"] == code


def test_the_interface_describes_itself_without_a_key(server: Server) -> None:
    proxied = {"X-Forwarded-For": "192.0.2.7"}
    metadata, operation = (
        server.client.get(f"/fhir/{path}", headers=proxied) for path in ("metadata", "OperationDefinition/predict")
    )
    assert objections([metadata.content, operation.content]) == []
    (named,) = metadata.json()["rest"][0]["operation"]
    assert named == {"name": "predict", "definition": operation.json()["url"]}
    assert metadata.json()["fhirVersion"] == "4.0.1"


def test_the_log_holds_no_date_and_no_reference_of_the_patient(server: Server) -> None:
    predicted(server, parameters(EXAMPLE))
    written = b"".join(path.read_bytes() for path in server.state.rglob("*") if path.is_file())
    for value in (b"2026-10-01", b"Patient/42", b"gad7-before"):
        assert value not in written
    assert "2026-10-01" not in server.written()
