"""Problems of a request as issues at the resources that its parts came from."""

from collections.abc import Iterable, Mapping
from typing import Final

from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.fhir.parts import FhirIssue, FhirRecord

_ROOT: Final = "Bundle"
_IN_DATES: Final = {"a day not after as_of_day": "a date that is not after today"}
"""What a request requires of days, said of dates."""


def issues_of(refused: RequestRefusedError, record: FhirRecord) -> tuple[FhirIssue, ...]:
    """The problems that the predictor found in a record, at their FHIRPath."""
    return issues_at(refused.problems, record.sources)


def issues_at(problems: Iterable[RequestProblem], sources: Mapping[str, str]) -> tuple[FhirIssue, ...]:
    """Problems at the places that ``sources`` gives for the paths of the request.

    >>> issues_at([RequestProblem("events[0].day", "a day", "none")], {"events[0]": "Bundle.entry[1].resource"})
    (FhirIssue(code='value', expression='Bundle.entry[1].resource', required='a day', found='none'),)
    """
    return tuple(
        FhirIssue("value", _place(one.path, sources), _IN_DATES.get(one.required, one.required), one.found)
        for one in problems
    )


def _place(path: str, sources: Mapping[str, str]) -> str:
    """The source of a path, or of the part that it is in."""
    while path:
        if path in sources:
            return sources[path]
        path = path.rpartition(".")[0]
    return sources.get("", _ROOT)
