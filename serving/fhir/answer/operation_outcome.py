"""Operation outcomes: why a request is refused, why nothing was predicted, and what was sent and not used.

Every text names a place and a kind of thing, never a value that was sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from serving.contract.response import Document
from serving.fhir.answer.elements import Resource
from serving.fhir.parts import FhirIssue, UnusedPart

MOST_ISSUES = 100
"""Issues that an outcome lists; the others are counted."""
_TYPES: dict[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "invalid",
    HTTPStatus.UNAUTHORIZED: "login",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "not-supported",
    HTTPStatus.NOT_ACCEPTABLE: "not-supported",
    HTTPStatus.REQUEST_TIMEOUT: "timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-long",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "not-supported",
    HTTPStatus.UNPROCESSABLE_ENTITY: "business-rule",
    HTTPStatus.TOO_MANY_REQUESTS: "throttled",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "too-long",
    HTTPStatus.INTERNAL_SERVER_ERROR: "exception",
    HTTPStatus.SERVICE_UNAVAILABLE: "transient",
}
"""The codes of FHIR R4's issue-type for statuses over HTTP."""


def operation_outcome(issues: Sequence[FhirIssue]) -> Resource:
    """Why a bundle is refused: for each issue the FHIRPath, what is required and what was found."""
    listed = [_of_refusal(issue) for issue in issues[:MOST_ISSUES]]
    return _outcome([*listed, *_left_out("error", len(issues))])


def outcome_of_status(status: int, detail: str, problems: Iterable[Mapping[str, str]] = ()) -> Resource:
    """A refusal over HTTP: one issue with its detail, or one for each problem of the request."""
    code = _TYPES.get(HTTPStatus(status), "processing")
    issues = [
        _of_refusal(FhirIssue("structure", problem["path"], problem["required"], problem["found"]))
        for problem in problems
    ]
    return _outcome(issues or [_issue("error", code, detail)])


def not_predicted(answer: Document) -> Resource:
    """Why there is no prediction (`response.NotPredictable`): it is no error, and says what would make one possible.

    The record was read, but is not sufficient or not of a kind that the model was made for (issue-type
    "business-rule").
    """
    issues = []
    for reason in answer["reasons"]:
        remedy = f" What to do: {reason['remedy']}." if reason["remedy"] is not None else ""
        issues.append(
            _issue("warning", "business-rule", f"No prediction. {reason['message']}.{remedy}", reason["code"])
        )
    return _outcome(issues)


def not_known(title: str, horizons: Sequence[int]) -> Resource:
    """That the model does not reach the horizons (days) of a question."""
    within = " or ".join(f"{days} days" for days in horizons)
    return _outcome([_issue("information", "informational", f"{title}: not known within {within}.")])


def not_given(withheld: Sequence[Document]) -> Resource:
    """The questions whose answers are not given (`response.WithheldQuestion`), each with its code and why."""
    return _outcome([_issue("information", "suppressed", one["message"], one["code"]) for one in withheld])


def not_used(unused: Sequence[UnusedPart]) -> Resource:
    """What was sent and not used, each with its FHIRPath and why."""
    listed = [_issue("information", "informational", part.why, "", part.expression) for part in unused[:MOST_ISSUES]]
    return _outcome([*listed, *_left_out("information", len(unused))])


def _outcome(issues: list[Resource]) -> Resource:
    return {"resourceType": "OperationOutcome", "issue": issues}


def _of_refusal(issue: FhirIssue) -> Resource:
    text = f"required {issue.required}; found {issue.found}"
    return _issue("error", issue.code, text, "", issue.expression)


def _issue(severity: str, code: str, text: str, diagnostics: str = "", expression: str = "") -> Resource:
    found: dict[str, Any] = {"severity": severity, "code": code, "details": {"text": text}}
    if diagnostics:
        found["diagnostics"] = diagnostics
    if expression:
        found["expression"] = [expression]
    return found


def _left_out(severity: str, number: int) -> list[Resource]:
    more = number - MOST_ISSUES
    return [_issue(severity, "informational", f"{more} more are not listed")] if more > 0 else []
