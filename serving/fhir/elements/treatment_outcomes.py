"""What a treatment achieved, and whether it was adequate: from extensions of our own, and from SNOMED CT.

FHIR has no element for either. Sources of the codes: HL7's value set procedure-outcome, and the names of the others as
implementation guides of FHIR have them [seen]. What they are to an outcome is a choice [judgement].
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from features.protocol.columns import TREATMENT_OUTCOMES
from serving.fhir.elements.codings import codings_of, extension
from serving.fhir.parts import LocatedResource, ReadingNotes

OUTCOME_URL: Final = "https://kap-outcomes.example/fhir/StructureDefinition/treatment-outcome"
"""An extension with a ``valueCode``, one of the record's outcomes."""
ADEQUATE_URL: Final = "https://kap-outcomes.example/fhir/StructureDefinition/adequate"
"""An extension with a ``valueBoolean``: dose and duration were adequate."""
SNOMED_CT: Final = "http://snomed.info/sct"
_OUTCOMES: Final = {
    "385669000": "response",  # Successful
    "385670004": "partial_response",  # Partially successful
    "385671000": "no_response",  # Unsuccessful
    "182864000": "intolerance",  # Drug not taken - side-effects
    "395009001": "intolerance",  # Medication stopped - side effect
    "407563006": "intolerance",  # Treatment not tolerated
    "266721009": "no_response",  # No response to treatment
    "395007004": "no_response",  # Medication stopped - ineffective
}


@dataclass(frozen=True)
class RecordedOutcome:
    """The cells ``outcome`` and ``adequate`` of a treatment, as far as they are there, and their elements."""

    cells: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)


def recorded_outcome(one: LocatedResource, notes: ReadingNotes) -> RecordedOutcome:
    """What a resource says about the outcome of a treatment.

    The extension counts before a code. Two codes that differ, or an extension twice, are refused.
    """
    coded = {_OUTCOMES[code] for code in _codes(one.resource) if code in _OUTCOMES}
    own, adequate = (extension(one.resource, url) for url in (OUTCOME_URL, ADEQUATE_URL))
    place = f"{one.expression}.extension"
    if len(own) > 1 or len(adequate) > 1 or (not own and len(coded) > 1):
        notes.refuse("invariant", place if own or adequate else _coded_place(one), "one outcome", "several")
        return RecordedOutcome()
    cells: dict[str, Any] = {}
    places: dict[str, str] = {}
    if coded and not own:
        cells["outcome"], places["outcome"] = next(iter(coded)), _coded_place(one)
    for column, found, name, values in (
        ("outcome", own, "valueCode", TREATMENT_OUTCOMES),
        ("adequate", adequate, "valueBoolean", (True, False)),
    ):
        value = found[0].get(name) if found else None
        if found and value not in values:
            notes.refuse("code-invalid", place, f"{name} with one of {_listed(values)}", "another value")
        elif found:
            cells[column], places[column] = value, place
    return RecordedOutcome(cells, places)


def _listed(values: Iterable[object]) -> str:
    return ", ".join(str(value).lower() for value in values)


def _coded_place(one: LocatedResource) -> str:
    name = "outcome" if one.resource["resourceType"] == "Procedure" and "outcome" in one.resource else "statusReason"
    return f"{one.expression}.{name}"


def _codes(resource: Mapping[str, Any]) -> Iterator[str]:
    """SNOMED CT codes of why a medication was stopped, and of the outcome of a procedure."""
    reasons = resource.get("statusReason")
    for concept in [*(reasons if isinstance(reasons, list) else [reasons]), resource.get("outcome")]:
        yield from (code for system, code in codings_of(concept) if system == SNOMED_CT)
