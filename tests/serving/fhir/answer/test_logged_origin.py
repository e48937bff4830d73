"""The origin of a logged answer is valid FHIR, names what the service gave, and has nothing of the patient."""

import json
from dataclasses import replace
from typing import Any

import pytest

from serving.fhir.answer.elements import entry_url, write
from serving.fhir.answer.logged_origin import LoggedOrigin, OriginCheck, OriginPart, origin_bundle
from tests.serving.fhir.readers import objections, resources_in

PREDICTION = "f69b5789-ae6c-4549-b0e0-fe1c22364afb"
INTERVAL = {"low": 0.1, "high": 0.4}
ANSWER: dict[str, Any] = {
    "outcome": "predicted",
    "landmark": {"name": "before session 2", "day": 41, "date": "2026-03-04"},
    "remission": {"probability": 0.2718, "interval_90": INTERVAL},
    "relapse": {"at_horizons": [{"days": 84, "probability": 0.3141, "interval_90": INTERVAL}]},
    "sustained_remission": [{"horizon_days": 84, "probability": None}],
}
ORIGIN = LoggedOrigin(
    prediction_id=PREDICTION,
    at="2026-11-28T23:16:50.123456+00:00",
    caller="c0ffee00",
    model_version="4",
    bundle_digest="b" * 64,
    trained_with="0.9.0",
    answer=ANSWER,
    parts=(
        OriginPart("model", "urn:kap-outcomes:sha-256", "b" * 64),
        OriginPart("training run", "urn:kap-outcomes:mlflow-run", "r" * 32),
        OriginPart("cohort", "urn:kap-outcomes:sha-256", "c" * 64),
        OriginPart("decision", "urn:kap-outcomes:decision", "3:" + "d" * 64),
    ),
    checks=(
        OriginCheck("entry", "passed", "answered 2026-11-28, 'before session 2' on day 41"),
        OriginCheck("decision", "failed", "decision.000003: was changed"),
        OriginCheck("answer", "not checked", "the bundle is lost"),
    ),
)


def only(bundle: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = resources_in(bundle, kind)
    return found


@pytest.mark.parametrize(
    "origin",
    [
        ORIGIN,
        replace(ORIGIN, answer=None, parts=(), trained_with=None),
        replace(ORIGIN, caller="loopback", answer={"outcome": "not_predictable", "reasons": []}),
    ],
    ids=["whole", "erased, nothing confirmed", "no prediction"],
)
def test_every_reader_of_fhir_takes_it(origin: LoggedOrigin) -> None:
    assert objections([write(origin_bundle(origin))]) == []


def test_the_targets_are_the_risk_assessments_that_the_service_gave_and_no_others() -> None:
    targets = only(origin_bundle(ORIGIN), "Provenance")["target"]
    assert targets[0]["identifier"]["value"] == f"urn:uuid:{PREDICTION}"
    assert [one["reference"] for one in targets[1:]] == [
        entry_url(PREDICTION, "remission"),
        entry_url(PREDICTION, "relapse"),
    ]


def test_model_caller_run_cohort_and_decision_are_named() -> None:
    bundle = origin_bundle(ORIGIN)
    provenance, event, device = (only(bundle, kind) for kind in ("Provenance", "AuditEvent", "Device"))
    assert [one["what"]["display"] for one in provenance["entity"]] == ["model", "training run", "cohort", "decision"]
    assert provenance["agent"][0]["who"]["reference"] == entry_url(PREDICTION, "model")
    assert provenance["agent"][1]["who"]["identifier"]["value"] == "c0ffee00"
    assert [agent["requestor"] for agent in event["agent"]] == [True, False]
    assert device["identifier"][0]["value"] == "b" * 64
    assert [one["value"] for one in device["version"]] == ["4", "0.9.0"]
    assert provenance["recorded"] == event["recorded"] == ORIGIN.at


def test_nothing_of_the_patient_is_in_it() -> None:
    text = write(origin_bundle(ORIGIN)).decode()
    assert not [value for value in ("2718", "3141", "day 41", "2026-03-04", "before session") if value in text]


def test_what_no_check_confirmed_is_left_out_and_the_outcome_of_each_check_is_said() -> None:
    bundle = origin_bundle(replace(ORIGIN, parts=ORIGIN.parts[:1]))
    assert [one["what"]["display"] for one in only(bundle, "Provenance")["entity"]] == ["model"]
    issues = only(bundle, "OperationOutcome")["issue"]
    assert [issue["severity"] for issue in issues] == ["information", "error", "warning"]
    assert issues[1]["details"]["text"] == "decision: failed: decision.000003: was changed"


def test_the_same_origin_gives_the_same_bundle() -> None:
    assert json.dumps(origin_bundle(ORIGIN)) == json.dumps(origin_bundle(ORIGIN))
