"""Conditions as the main diagnosis, comorbidities and flags of a patient.

Codes mean what the terminology says and no more. A refuted condition makes a flag false only where its code is all that
the flag stands for. Which diagnosis is the main one is left to `diagnoses`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from serving.fhir.elements.codings import codings_of, meanings_of, text
from serving.fhir.elements.placed_dates import PlacingRule
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.reading.diagnoses import COMORBIDITIES, CurrentDiagnosis, diagnosis_rows
from serving.terminology.meanings import ConditionCode

ClinicalState: TypeAlias = Literal["now", "past", "refuted"]
_UNCERTAIN: Final = frozenset({"unconfirmed", "provisional", "differential"})
_PAST: Final = frozenset({"inactive", "remission", "resolved"})
_ABATED: Final = ("abatementDateTime", "abatementAge", "abatementPeriod", "abatementRange", "abatementString")


@dataclass(frozen=True)
class CodedCondition:
    """A Condition with what its codes mean together, and whether it is there now, is over, or was refuted."""

    located: LocatedResource
    diagnosis: str | None
    meanings: tuple[ConditionCode, ...]
    state: ClinicalState


def read_conditions(
    located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes
) -> list[SourcedRow]:
    """Rows of ``patient``: flags, the diagnosis, comorbidities beside it, and the pseudo-cell ``onset_date``."""
    rows: list[SourcedRow] = []
    current: list[CurrentDiagnosis] = []
    for one in located:
        if one.resource.get("resourceType") != "Condition":
            continue
        condition = _coded(one, context, notes)
        if condition is None:
            continue
        flags = list(_flag_rows(condition, context))
        rows += flags
        if condition.diagnosis is not None and condition.state == "now":
            current.append(CurrentDiagnosis(one, condition.diagnosis))
        elif not flags:
            notes.leave_out(one.expression, _why_not(condition))
    return [*rows, *diagnosis_rows(current, located, context, notes)]


def _coded(one: LocatedResource, context: ReadingContext, notes: ReadingNotes) -> CodedCondition | None:
    """The meaning of a Condition; ``None`` with the reason in the notes where it says nothing for a record."""
    state = _state(one, notes)
    if state is None or _is_later(one, context, notes):
        return None
    code = one.resource.get("code")
    meanings = meanings_of(code, context.terminology.condition)
    used = tuple(meaning for meaning in meanings if not meaning.not_used)
    diagnoses = {meaning.diagnosis for meaning in used} - {None}
    if len(diagnoses) > 1:
        notes.refuse("code-invalid", f"{one.expression}.code", "codes of one diagnosis", "codes of several diagnoses")
    elif not used:
        reason = meanings[0].not_used if meanings else _no_meaning(code)
        notes.leave_out(one.expression, reason)
    else:
        return CodedCondition(one, next(iter(diagnoses), None), used, state)
    return None


def _no_meaning(code: object) -> str:
    return "its code is not one of the terminology" if any(codings_of(code)) else "it has no code"


def _state(one: LocatedResource, notes: ReadingNotes) -> ClinicalState | None:
    """Whether a Condition is there now, is over or was refuted; ``None`` where it is an error or not certain."""
    verification = _status(one, "verificationStatus")
    if "entered-in-error" in verification:
        notes.leave_out(one.expression, "entered in error")
        return None
    if "refuted" in verification:
        return "refuted"
    if verification & _UNCERTAIN:
        notes.leave_out(one.expression, "it is not confirmed")
        return None
    clinical = _status(one, "clinicalStatus")
    is_over = clinical & _PAST or (not clinical and any(name in one.resource for name in _ABATED))
    return "past" if is_over else "now"


def _status(one: LocatedResource, name: str) -> set[str]:
    return {code for _, code in codings_of(one.resource.get(name))}


def _is_later(one: LocatedResource, context: ReadingContext, notes: ReadingNotes) -> bool:
    """Whether a Condition was recorded or began after today."""
    dates = PlacingRule(context.zone, context.today)
    for name, shown in (("recordedDate", "recordedDate"), ("onsetDateTime", "onset")):
        if dates.is_later(text(one.resource, name)):
            notes.leave_out(f"{one.expression}.{shown}", "dated after today")
            return True
    return False


def _flag_rows(condition: CodedCondition, context: ReadingContext) -> Iterator[SourcedRow]:
    """True for the flags that a condition makes true, false for those that a refuted one makes false."""
    flags = {column.name for column in context.protocol.tables["patients"] if column.kind == "flag"}
    for name in sorted({*_true_flags(condition), *_false_flags(condition)} & flags):
        place = f"{condition.located.expression}.code"
        value = condition.state != "refuted"
        yield SourcedRow("patient", {name: value}, condition.located.expression, {name: place})


def _true_flags(condition: CodedCondition) -> Iterator[str]:
    for meaning in condition.meanings if condition.state != "refuted" else ():
        yield from (flag.name for flag in meaning.flags if condition.state == "now" or flag.when == "ever")


def _false_flags(condition: CodedCondition) -> Iterator[str]:
    for meaning in condition.meanings if condition.state == "refuted" else ():
        if meaning.whole:
            yield from (flag.name for flag in meaning.flags)
            column = COMORBIDITIES.get(meaning.diagnosis or "")
            if column is not None:
                yield column


def _why_not(condition: CodedCondition) -> str:
    if condition.state == "refuted":
        return "refuted, and no column stands for this condition alone"
    return "it is not there any more" if condition.state == "past" else "this study records no such flag"
