"""What the readers of FHIR resources pass on: located resources in; rows, parts that were not used, and problems out.

Places are FHIRPath expressions from the resource that was sent, such as ``Bundle.entry[5].resource.value``. No text has
a value of the patient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from serving.contract.calendar import CourseCalendar
from serving.contract.request import PredictionRequest

IssueCode: TypeAlias = Literal[
    "structure", "required", "value", "invariant", "code-invalid", "not-supported", "too-long"
]
"""The codes of an OperationOutcome's issue that a refusal uses (FHIR R4, issue-type)."""
Table: TypeAlias = Literal["patient", "prior_treatments", "sessions", "assessments", "events"]
"""A part of the request."""
MOST_ISSUES: Final = 100
"""Issues that a refusal lists."""


@dataclass(frozen=True)
class LocatedResource:
    """A resource as it was sent, as plain values, and the FHIRPath of it.

    ``reference`` is how others refer to it, such as ``Patient/42`` or ``urn:uuid:...``; empty if it has no id.
    ``full_url`` is its address in the bundle, if it has one.
    """

    expression: str
    resource: Mapping[str, Any]
    reference: str = ""
    full_url: str = ""


@dataclass(frozen=True)
class FhirIssue:
    """One thing to correct: where, what is required and what was found; never the value."""

    code: IssueCode
    expression: str
    required: str
    found: str


@dataclass(frozen=True)
class UnusedPart:
    """A resource or element that was sent and not used, and why."""

    expression: str
    why: str


@dataclass(frozen=True)
class SourcedRow:
    """Cells of a part of the request by column, with dates as ISO texts where the column is a day.

    ``expression`` is the resource, ``cells_from`` the elements of single columns where they are known.
    """

    table: Table
    cells: Mapping[str, Any]
    expression: str
    cells_from: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ReadingNotes:
    """What a reading has left out and found wrong so far.

    ``used`` has the expressions of resources that gave a part of another's row, such as the weight behind a dose.
    """

    unused: list[UnusedPart] = field(default_factory=list)
    issues: list[FhirIssue] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def use(self, expression: str) -> None:
        """A resource was read into the row of another."""
        self.used.add(expression)

    def leave_out(self, expression: str, why: str) -> None:
        """A part was not used, for this reason."""
        self.unused.append(UnusedPart(expression, why))

    def refuse(self, code: IssueCode, expression: str, required: str, found: str) -> None:
        """The bundle can't be read at this place; reading goes on to find other problems."""
        self.issues.append(FhirIssue(code, expression, required, found))


class FhirRefusedError(Exception):
    """A bundle is not valid or has two meanings; ``issues`` has every problem found."""

    def __init__(self, issues: Sequence[FhirIssue]) -> None:
        """Keep the issues; the message has their number only."""
        self.issues = tuple(issues)
        super().__init__(f"{len(self.issues)} problem{'' if len(self.issues) == 1 else 's'}")


@dataclass(frozen=True, eq=False)
class FhirRecord:
    """A patient's record from FHIR resources, and where each part of it came from.

    ``sources`` maps paths of the request, such as ``assessments[3]`` and ``assessments[3].score``, to FHIRPath
    expressions, and the empty path to the body. ``subject`` is the reference of the patient, ``basis`` has those of the
    resources that were read, with their expressions, ``condition`` is that of the main diagnosis, empty if it has none.
    """

    request: PredictionRequest
    calendar: CourseCalendar
    subject: str
    basis: Mapping[str, str]
    sources: Mapping[str, str]
    unused: tuple[UnusedPart, ...]
    condition: str = ""
