"""A refusal names the place, what is required and what was found; no status is left without a code of FHIR R4."""

from http import HTTPStatus

import pytest

from serving.fhir.answer.operation_outcome import (
    MOST_ISSUES,
    not_used,
    operation_outcome,
    outcome_of_status,
)
from serving.fhir.parts import FhirIssue, UnusedPart

ISSUE_TYPES = (
    "invalid structure required value invariant security login unknown expired forbidden suppressed processing "
    "not-supported duplicate multiple-matches not-found deleted too-long code-invalid extension too-costly "
    "business-rule conflict transient lock-error no-store exception timeout incomplete throttled informational"
)
"""The codes of http://hl7.org/fhir/issue-type, FHIR R4."""


def test_an_issue_has_its_place_what_is_required_and_what_was_found() -> None:
    outcome = operation_outcome([FhirIssue("value", "Bundle.entry[2].resource.valueQuantity", "a number", "a text")])
    assert outcome["issue"] == [
        {
            "severity": "error",
            "code": "value",
            "details": {"text": "required a number; found a text"},
            "expression": ["Bundle.entry[2].resource.valueQuantity"],
        }
    ]


@pytest.mark.parametrize(("number", "listed"), [(99, 99), (100, 100), (101, 101)])
def test_at_most_100_issues_are_listed_and_the_others_counted(number: int, listed: int) -> None:
    issue = FhirIssue("value", "Bundle", "a number", "a text")
    found = operation_outcome([issue] * number)["issue"]
    assert len(found) == listed
    assert [one["details"]["text"] for one in found[MOST_ISSUES:]] == ["1 more are not listed"][: number - MOST_ISSUES]
    unused = not_used([UnusedPart("Bundle.entry[1].resource", "why")] * number)["issue"]
    assert {one["severity"] for one in unused} == {"information"}
    assert len(unused) == listed


@pytest.mark.parametrize("status", [status for status in HTTPStatus if status >= 400], ids=str)
def test_every_status_has_a_code_of_fhir(status: HTTPStatus) -> None:
    (issue,) = outcome_of_status(status, "A sentence.")["issue"]
    assert issue["code"] in ISSUE_TYPES.split()
    assert (issue["severity"], issue["details"]) == ("error", {"text": "A sentence."})
