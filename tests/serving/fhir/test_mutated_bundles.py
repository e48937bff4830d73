"""Bundles with something wrong are answered or refused: with valid FHIRPath, no value of the patient, and no crash."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import fhirpathpy
import numpy as np
import pytest
from fhirpathpy.models import models

from models.bundle import Bundle
from serving.fhir.answer.elements import write
from serving.fhir.answer.operation_outcome import operation_outcome
from serving.fhir.parts import FhirIssue, FhirRecord, FhirRefusedError
from serving.fhir.reading.bundle import read_fhir
from serving.fhir.reading.options import ReadingDefaults
from serving.fhir.reading.problems import issues_of
from serving.openapi.examples import PREDICTION_ID
from serving.prediction.predictor import PredictionReply, Predictor
from tests.serving.bundles import refitted, toy_bundle
from tests.serving.fhir.answer.records import digested, sent
from tests.serving.fhir.charts import chart_cases
from tests.serving.fhir.mutations import MARK, mutated

PATIENTS = 30
REFERENCE = re.compile(rb'"reference":"[^"]*"')
"""An answer names the resources that it rests on by the references that their sender gave them."""


@cache
def compiled(expression: str) -> Any:
    """The expression as a function; parsing it takes most of the time."""
    return fhirpathpy.compile(expression, models["r4"])


def are_safe(bundles: int, seed: int, folder: Path) -> None:
    cases = list(chart_cases(PATIENTS, seed, folder))
    documents = [json.loads(case.body) for case in cases]
    for document in documents:
        for one in document.get("entry") or document["parameter"]:
            if one.get("resource", {}).get("resourceType") == "Patient":
                one["resource"]["name"] = [{"family": MARK}]
    rng = np.random.default_rng(seed)
    bundle = digested(refitted(toy_bundle(cases[0].defaults.protocol)))
    predictor = Predictor(bundle, "3")
    outcomes = {"read": 0, "refused": 0}
    for number in range(bundles):
        place = number % PATIENTS
        body = mutated(documents[place], rng)
        outcome = record_or_issues(body, cases[place].defaults)
        no_value_is_shown(outcome)
        outcomes["refused" if isinstance(outcome, tuple) else "read"] += 1
        if isinstance(outcome, tuple):
            assert outcome
            places_are_found(body, outcome[:3])
        else:
            assert MARK.encode() not in REFERENCE.sub(b"", answer_to(outcome, bundle, predictor))
    assert min(outcomes.values()) > bundles / 10, outcomes


def record_or_issues(body: bytes, defaults: ReadingDefaults) -> FhirRecord | tuple[FhirIssue, ...]:
    """Any other exception fails the test."""
    try:
        return read_fhir(body, defaults)
    except FhirRefusedError as refused:
        return refused.issues


def answer_to(record: FhirRecord, bundle: Bundle, predictor: Predictor) -> bytes:
    """The resource that answers a record that was read: a prediction, why there is none, or why it is refused."""
    (reply,) = predictor.answer_many([record.request], [PREDICTION_ID])
    if isinstance(reply, PredictionReply):
        return sent(bundle, reply.answer, record)
    return write(operation_outcome(issues_of(reply, record)))


def no_value_is_shown(outcome: FhirRecord | tuple[FhirIssue, ...]) -> None:
    """No planted text is in what is said about the bundle."""
    text = repr(outcome) if isinstance(outcome, tuple) else repr((outcome.unused, outcome.sources))
    assert MARK not in text


def places_are_found(body: bytes, issues: tuple[FhirIssue, ...]) -> None:
    """Each place is FHIRPath; it finds the element, or what holds it if the element is empty or missing."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    for issue in issues:
        expression = issue.expression
        found, holder = compiled(expression), compiled(expression.rpartition(".")[0] or expression)
        if isinstance(document, dict) and expression.partition(".")[0] == document.get("resourceType"):
            assert found(document) or holder(document), issue


@pytest.mark.slow
def test_500_mutated_bundles_are_read_or_refused(tmp_path: Path) -> None:
    are_safe(500, 3, tmp_path / "cohort")


@pytest.mark.long
def test_5000_mutated_bundles_are_read_or_refused(tmp_path: Path) -> None:
    are_safe(5_000, 4, tmp_path / "cohort")
