"""What a treatment achieved, and whether it was adequate: from extensions of our own, and from SNOMED CT.

FHIR has no element for either. Sources of the codes: HL7's value set procedure-outcome, and the names of the others as
implementation guides of FHIR have them [seen]. What they are to an outcome is a choice [judgement].
"""

from collections.abc import Iterator, Mapping
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


def recorded_outcome(one: LocatedResource, notes: ReadingNotes) -> dict[str, Any]:
    """The cells ``outcome`` and ``adequate`` of a treatment, as far as its resource has them.

    The extension counts before a code. Two codes that differ, or an extension twice, are refused.
    """
    cells: dict[str, Any] = {}
    coded = {_OUTCOMES[code] for code in _codes(one.resource) if code in _OUTCOMES}
    own = extension(one.resource, OUTCOME_URL)
    adequate = extension(one.resource, ADEQUATE_URL)
    if len(own) > 1 or len(adequate) > 1 or (not own and len(coded) > 1):
        notes.refuse("invariant", f"{one.expression}.extension", "one outcome of a treatment", "several")
        return {}
    if own:
        value = own[0].get("valueCode")
        if value in TREATMENT_OUTCOMES:
            cells["outcome"] = value
        else:
            required = "valueCode with one of " + ", ".join(TREATMENT_OUTCOMES)
            notes.refuse("code-invalid", f"{one.expression}.extension", required, "another value")
    elif coded:
        cells["outcome"] = next(iter(coded))
    if adequate:
        value = adequate[0].get("valueBoolean")
        if isinstance(value, bool):
            cells["adequate"] = value
        else:
            notes.refuse("value", f"{one.expression}.extension", "valueBoolean", "another value")
    return cells


def _codes(resource: Mapping[str, Any]) -> Iterator[str]:
    """SNOMED CT codes of why a medication was stopped, and of the outcome of a procedure."""
    reasons = resource.get("statusReason")
    for concept in [*(reasons if isinstance(reasons, list) else [reasons]), resource.get("outcome")]:
        yield from (code for system, code in codings_of(concept) if system == SNOMED_CT)
