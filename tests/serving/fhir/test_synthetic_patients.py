"""A patient has the same record and the same numbers whether a clinic sends FHIR resources with dates or days."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from serving.contract.request import PredictionRequest
from serving.fhir.parts import FhirRecord
from serving.fhir.reading.bundle import read_fhir
from serving.prediction.predictor import PredictionReply, Predictor
from tests.serving.bundles import refitted, toy_bundle
from tests.serving.fhir.charts import ChartCase, chart_cases
from tests.serving.requests import read


def in_any_order(request: PredictionRequest) -> dict[str, Any]:
    """The request as plain values, rows sorted; an empty table other than earlier treatments is the same as none."""
    values = request.model_dump(exclude_none=True)
    rows = {name: sorted(map(_as_text, part)) for name, part in values.items() if isinstance(part, list)}
    return values | {name: part for name, part in rows.items() if part or name == "prior_treatments"}


def _as_text(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)


def answers(predictor: Predictor, requests: Iterable[PredictionRequest]) -> list[Any]:
    """The answers without their ids."""
    given = list(requests)
    found = []
    for reply in predictor.answer_many(given, ["x"] * len(given)):
        assert isinstance(reply, PredictionReply), reply
        found.append(orjson.loads(reply.body))
    return found


def are_the_same(patients: int, seed: int, folder: Path) -> None:
    cases = list(chart_cases(patients, seed, folder))
    records = [read_fhir(case.body, case.defaults) for case in cases]
    documents = [read(case.document) for case in cases]
    for record, document in zip(records, documents, strict=True):
        assert in_any_order(record.request) == in_any_order(document)
    predictor = Predictor(refitted(toy_bundle(cases[0].defaults.protocol)), "1")
    from_fhir, from_days = answers(predictor, (one.request for one in records)), answers(predictor, documents)
    assert from_fhir == from_days
    assert sum(one["outcome"] == "predicted" for one in from_fhir) > patients / 2
    for case, record in zip(cases, records, strict=True):
        everything_is_used_or_said(case, record)


def everything_is_used_or_said(case: ChartCase, record: FhirRecord) -> None:
    """Every resource is in the basis, or it or its parts are said not to be used."""
    sent = json.loads(case.body)
    listed = sent.get("entry") or [one for one in sent["parameter"] if "resource" in one]
    name = "Bundle.entry" if "entry" in sent else "Parameters.parameter"
    said = {part.expression for part in record.unused}
    for number, one in enumerate(listed):
        resource = one["resource"]
        used = f"{resource['resourceType']}/{resource['id']}" in record.basis
        place = f"{name}[{number}].resource."
        assert used or any(f"{part}.".startswith(place) for part in said), resource["resourceType"]


@pytest.mark.slow
def test_60_synthetic_patients_are_the_same_as_resources_and_as_days(tmp_path: Path) -> None:
    are_the_same(60, 11, tmp_path / "cohort")


@pytest.mark.long
def test_1000_synthetic_patients_are_the_same_as_resources_and_as_days(tmp_path: Path) -> None:
    are_the_same(1_000, 12, tmp_path / "cohort")
