"""Which medication a resource means: its own codes, or those of a Medication that it refers to and its ingredients."""

from dataclasses import dataclass
from typing import Any

from serving.fhir.elements.codings import codings_of, elements, meanings_of
from serving.fhir.parts import LocatedResource, ReadingNotes
from serving.fhir.structure.references import ResourceIndex
from serving.terminology.codes import Terminology
from serving.terminology.meanings import KetamineCode, TreatmentCode


@dataclass(frozen=True)
class CodedMedication:
    """The substances of a medication as far as the terminology has them; ``has_codes`` says whether it has any code."""

    treatments: tuple[TreatmentCode, ...]
    ketamine: KetamineCode | None
    has_codes: bool
    expression: str

    @property
    def unknown(self) -> str:
        """Why a medication without a known substance is not used."""
        return "no code of the medication is known here" if self.has_codes else "the medication has no code"


def coded_medication(
    holder: LocatedResource, index: ResourceIndex, terminology: Terminology, notes: ReadingNotes
) -> CodedMedication:
    """The medication of a MedicationStatement, -Request or -Administration; codes that contradict are refused."""
    expression = f"{holder.expression}.medication"
    concepts: list[Any] = [holder.resource.get("medicationCodeableConcept")]
    medication = index.resolve(holder.resource.get("medicationReference"), holder)
    if medication is not None and medication.resource.get("resourceType") == "Medication":
        ingredients = [one.get("itemCodeableConcept") for one in elements(medication.resource, "ingredient")]
        concepts = [medication.resource.get("code")]
        if not _is_known(concepts[0], terminology):
            concepts = ingredients
        notes.use(medication.expression)
    treatments: list[TreatmentCode] = []
    ketamine: list[KetamineCode] = []
    for concept in concepts:
        ketamine += meanings_of(concept, terminology.ketamine)
        meant = meanings_of(concept, terminology.treatment)
        if len({(one.treatment, one.opioid) for one in meant}) > 1:
            notes.refuse("code-invalid", expression, "codes of one medication", "codes of several classes")
        treatments += meant[:1]
    if len({one.substance for one in ketamine}) > 1:
        notes.refuse("code-invalid", expression, "codes of one substance", "codes of ketamine and of esketamine")
    has_codes = any(True for concept in concepts for _ in codings_of(concept))
    return CodedMedication(tuple(dict.fromkeys(treatments)), next(iter(ketamine), None), has_codes, expression)


def _is_known(concept: object, terminology: Terminology) -> bool:
    return bool(meanings_of(concept, terminology.treatment) or meanings_of(concept, terminology.ketamine))
