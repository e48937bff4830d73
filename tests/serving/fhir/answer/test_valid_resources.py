"""Every resource that leaves is valid: for fhir-resources, by the invariants of R4, and for two readers of node."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from models.bundle import Bundle
from serving.fhir.answer.capability import capability_statement, operation_definition
from serving.fhir.answer.elements import write
from serving.fhir.answer.operation_outcome import operation_outcome, outcome_of_status
from serving.fhir.parts import FhirIssue
from tests.serving.answers import drawn
from tests.serving.bundles import bundles_of_every_kind
from tests.serving.fhir.answer.records import UNKNOWN, Document, digested, record_of, replies, sent
from tests.serving.fhir.readers import by_invariants, by_models, by_node, invariants, objections, require_node

KINDS = bundles_of_every_kind()
FEW, MANY = 3, 150


@pytest.fixture(scope="module")
def served() -> dict[str, Bundle]:
    return {name: digested(bundle) for name, bundle in KINDS.items()}


def answers(bundle: Bundle, seed: int, *, transparency: bool, number: int = FEW) -> Iterator[bytes]:
    requests = drawn(seed, number, bundle.protocol)
    for request, reply in zip(requests, replies(bundle, requests), strict=True):
        yield sent(bundle, reply.answer, record_of(request, unused=(UNKNOWN,)), transparency=transparency)


@pytest.mark.parametrize("transparency", [False, True], ids=["plain", "transparency"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_to_synthetic_patients_is_valid(
    served: dict[str, Bundle], kind: str, *, transparency: bool
) -> None:
    found = list(answers(served[kind], len(kind), transparency=transparency))
    assert len(found) == FEW + 2
    assert objections(found) == []


@pytest.mark.long
def test_the_answers_to_many_synthetic_patients_are_valid(served: dict[str, Bundle]) -> None:
    assert objections(list(answers(served["refits"], 1, transparency=True, number=MANY))) == []


def test_both_outcomes_are_among_the_answers(served: dict[str, Bundle]) -> None:
    kinds = {entry["resource"]["resourceType"] for one in answers(served["refits"], 6, transparency=False)
             for entry in json.loads(one)["entry"]}  # fmt: skip
    assert {"RiskAssessment", "OperationOutcome", "DetectedIssue", "Provenance", "Device"} <= kinds


def test_what_describes_the_interface_is_valid() -> None:
    assert objections([write(capability_statement("0.9.0")), write(operation_definition())]) == []


def test_every_refusal_is_valid() -> None:
    issue = FhirIssue("structure", "Bundle.entry[0].resource.status", "a code", "nothing")
    outcomes = [operation_outcome([issue] * number) for number in (1, 100, 101)]
    outcomes += [outcome_of_status(status, "No.") for status in STATUSES]
    outcomes.append(outcome_of_status(400, "No.", [{"path": "", "required": "a JSON text", "found": "nothing"}]))
    assert objections([write(one) for one in outcomes]) == []


STATUSES = (400, 401, 403, 404, 405, 406, 408, 413, 415, 422, 429, 431, 500, 503)

Spoil = Callable[[Document], Any]
FAULTS: dict[str, tuple[Spoil, bool, bool, bool]] = {
    "an unknown element": (lambda risk: risk.update(certainty="high"), True, False, True),
    "no status": (lambda risk: risk.pop("status"), True, False, True),
    "an unknown status": (lambda risk: risk.update(status="certain"), False, False, True),
    "both values of a choice": (
        lambda risk: risk["prediction"][0].update(probabilityRange=risk["prediction"][1]["probabilityRange"]),
        True,
        False,
        False,
    ),
    "more than all": (lambda risk: risk["prediction"][0].update(probabilityDecimal=101), False, True, False),
    "a range without a unit": (
        lambda risk: risk["prediction"][1]["probabilityRange"]["low"].pop("code"),
        False,
        True,
        False,
    ),
    "a range that is turned about": (
        lambda risk: risk["prediction"][1]["probabilityRange"]["low"].update(value=100),
        False,
        True,
        False,
    ),
    "a reference into itself": (lambda risk: risk["subject"].update(reference="#patient"), False, True, False),
    "a code without its system": (
        lambda risk: risk["prediction"][1]["probabilityRange"]["low"].pop("system"),
        False,
        True,
        False,
    ),
}
"""Faults, and whether the models, the invariants and npm's fhir see them."""


@pytest.mark.parametrize("fault", FAULTS)
def test_the_readers_see_a_fault(served: dict[str, Bundle], fault: str) -> None:
    spoil, *seen = FAULTS[fault]
    bundle = json.loads(next(answers(served["refits"], 6, transparency=False)))
    spoil(bundle["entry"][0]["resource"])
    assert [bool(by_models(bundle)), bool(by_invariants(bundle))] == seen[:2]


def test_the_readers_of_node_see_the_same_faults(served: dict[str, Bundle]) -> None:
    require_node()
    bundles = []
    for spoil, *_ in FAULTS.values():
        bundle = json.loads(next(answers(served["refits"], 6, transparency=False)))
        spoil(bundle["entry"][0]["resource"])
        bundles.append(bundle)
    found = by_node(bundles)
    assert [any(text.startswith("fhir:") for text in texts) for texts in found] == [one[3] for one in FAULTS.values()]
    assert [any(text.startswith("fhirpath:") for text in texts) for texts in found] == [
        one[2] for one in FAULTS.values()
    ]


def test_each_invariant_is_listed_once_with_its_source() -> None:
    keys = [one["key"] for one in invariants()]
    assert len(keys) == len(set(keys))
    assert all(one["source"] and one["elements"] and one["expression"] for one in invariants())
