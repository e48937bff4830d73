"""Whose record it is: the one Patient of what was sent, and that every resource is about this patient.

A reference in a record is the patient's identifier, else the id; it is hashed before anything is logged.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from serving.fhir.elements.codings import element, elements, text
from serving.fhir.parts import LocatedResource, ReadingNotes
from serving.fhir.structure.references import ResourceIndex

_USES: Final = ("usual", "official", "")
"""Uses of an identifier, best first; old, temporary and secondary ones come last."""


def the_patient(located: Sequence[LocatedResource], root: str, notes: ReadingNotes) -> LocatedResource | None:
    """The only Patient, with all resources about it; ``None`` if ``notes`` says what is wrong."""
    patients = [one for one in located if one.resource.get("resourceType") == "Patient"]
    if not patients:
        notes.refuse("required", root, "the Patient resource of the patient", "none")
    for other in patients[1:]:
        notes.refuse("invariant", other.expression, "one Patient: send each patient's resources alone", "another one")
    if len(patients) != 1:
        return None
    (patient,) = patients
    index = ResourceIndex(located)
    for one in located:
        for name in ("subject", "patient"):
            reference = one.resource.get(name)
            if isinstance(reference, Mapping) and _is_other(reference, one, patient, index):
                required = "a resource about the patient that was sent"
                notes.refuse("invariant", f"{one.expression}.{name}", required, "a reference to another")
    return patient


def own_resources(
    located: Sequence[LocatedResource], patient: LocatedResource, notes: ReadingNotes
) -> list[LocatedResource]:
    """The resources without Observations whose focus is not the patient, such as the weight of an unborn child."""
    index = ResourceIndex(located)
    own = []
    for one in located:
        focus = elements(one.resource, "focus") if one.resource.get("resourceType") == "Observation" else ()
        if any(_is_other(reference, one, patient, index) for reference in focus):
            notes.leave_out(f"{one.expression}.focus", "it is not the patient that was observed")
        else:
            own.append(one)
    return own


def _is_other(
    reference: Mapping[str, Any], one: LocatedResource, patient: LocatedResource, index: ResourceIndex
) -> bool:
    """Whether a reference means another patient; one without an address and an identifier means this one."""
    if text(reference, "reference"):
        found = index.resolve(reference, one)
        return found is None or found.expression != patient.expression
    meant = element(reference, "identifier")
    own = elements(patient.resource, "identifier")
    return bool(text(meant, "value")) and not any(_is_same(meant, identifier) for identifier in own)


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two identifiers are one: two clinics may give the same number, so that their systems count."""
    systems = {text(one, "system"), text(other, "system")} - {""}
    return text(one, "value") == text(other, "value") and len(systems) < 2


def patient_reference(patient: LocatedResource, notes: ReadingNotes) -> dict[str, str]:
    """The patient's identifier or id by the place that has it; empty if there is neither, which is refused.

    Of several identifiers the one in usual use counts, then the official one, then the first.
    """
    listed = patient.resource.get("identifier")
    numbered = list(enumerate(listed)) if isinstance(listed, list) else []
    found = [(number, one) for number, one in numbered if text(one, "value").strip()]
    if found:
        number, best = min(found, key=lambda one: _rank(one[1]))
        return {f"{patient.expression}.identifier[{number}].value": text(best, "value")}
    own = text(patient.resource, "id")
    if own.strip():
        return {f"{patient.expression}.id": own}
    notes.refuse("required", f"{patient.expression}.identifier", "an identifier or an id of the patient", "neither")
    return {}


def _rank(identifier: Mapping[str, Any]) -> int:
    use = text(identifier, "use")
    return _USES.index(use) if use in _USES else len(_USES)
