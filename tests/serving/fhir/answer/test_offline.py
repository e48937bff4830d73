"""Without a server the same resources come back; a refusal has the FHIRPath, what is required and what was found."""

import copy
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from features.protocol.problems import InputRefusedError
from serving.fhir.answer.elements import write
from serving.fhir.answer.offline import predict_fhir
from serving.fhir.reading.bundle import read_fhir
from serving.fhir.reading.options import ReadingDefaults
from tests.serving.bundles import refitted, toy_bundle
from tests.serving.fhir.answer.records import digested, replies, sent
from tests.serving.fhir.readers import objections

EXAMPLE: dict[str, Any] = json.loads(Path(__file__).parents[1].joinpath("example.json").read_text(encoding="utf-8"))
BUNDLE = digested(refitted(toy_bundle()))
DEFAULTS = ReadingDefaults(lambda _: dt.date(2026, 10, 14), None, BUNDLE.protocol)


def offline(document: dict[str, Any], *, transparency: bool = False) -> bytes:
    answer = predict_fhir(json.dumps(document).encode(), BUNDLE, "3", DEFAULTS, transparency=transparency)
    return write(answer, indented=True)


@pytest.mark.parametrize("transparency", [False, True], ids=["plain", "transparency"])
def test_the_answer_is_that_of_the_service_but_for_its_names_and_times(*, transparency: bool) -> None:
    record = read_fhir(json.dumps(EXAMPLE).encode(), DEFAULTS)
    (reply,) = replies(BUNDLE, [record.request])
    service = json.loads(sent(BUNDLE, reply.answer, record, transparency=transparency))
    found = offline(EXAMPLE, transparency=transparency)
    assert objections([found]) == []
    own = json.loads(found)
    predictions = [[entry["resource"].get("prediction") for entry in document["entry"]] for document in (service, own)]
    assert predictions[0] == predictions[1]
    assert predictions[0][0]
    kinds = [[entry["resource"]["resourceType"] for entry in document["entry"]] for document in (service, own)]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize(
    ("place", "changes", "expression"),
    [
        (2, {"effectiveDateTime": "2026-13-40"}, "Bundle.entry[2].resource.effective"),
        (2, {"valueQuantity": {"value": 22, "unit": "{score}"}}, "Bundle.entry[2].resource.value"),
        (0, {"birthDate": "1885-04-12"}, "Bundle.entry[0].resource"),
    ],
)
def test_a_refusal_names_place_requirement_and_finding_but_no_value(
    place: int, changes: dict[str, Any], expression: str
) -> None:
    document = copy.deepcopy(EXAMPLE)
    document["entry"][place]["resource"].update(changes)
    with pytest.raises(InputRefusedError) as refused:
        offline(document)
    problems = refused.value.problems
    assert any(problem.place.startswith(expression) for problem in problems)
    assert all(problem.required and problem.found for problem in problems)
    assert not any(value in str(problems) for value in ("2026-13-40", "1885"))
