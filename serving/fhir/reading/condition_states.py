"""Whether a Condition is there today and was there on day 0, by its states, its dates and the certainty of its code.

What came after day 0 changes nothing of the columns that hold what was known on it: a diagnosis that has abated since
was one then, and one that began later was none.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from serving.fhir.elements.codings import codings_of, element, elements, extension, text
from serving.fhir.elements.placed_dates import PlacingRule
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes

ClinicalState: TypeAlias = Literal["now", "past", "refuted"]
_UNCERTAIN: Final = frozenset({"unconfirmed", "provisional", "differential"})
_PAST: Final = frozenset({"inactive", "remission", "resolved"})
_ABATED: Final = ("abatementDateTime", "abatementAge", "abatementPeriod", "abatementRange", "abatementString")
CERTAINTY_URL: Final = "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit"
"""An extension of a coding in ICD-10-GM: how certain the diagnosis is [seen: hl7germany/basisprofil-de-r4]."""
_SUSPECTED, _EXCLUDED, _STATE_AFTER = "V", "A", "Z"
"""Of KBV's code system of the certainty; G is certain [seen: hl7germany/basisprofil-de-r4]."""


@dataclass(frozen=True)
class ConditionState:
    """Whether a Condition is there today, over or refuted; whether it began by day 0, and whether it was there then."""

    today: ClinicalState
    began_by_day_0: bool
    on_day_0: bool


def condition_state(
    one: LocatedResource, context: ReadingContext, notes: ReadingNotes, *, is_over: bool
) -> ConditionState | None:
    """The state of a Condition; ``None`` where it is an error or not certain. ``is_over`` says that its code is so."""
    verification, certainty = status_codes(one, "verificationStatus"), _certainty(one)
    if "entered-in-error" in verification:
        notes.leave_out(one.expression, "entered in error")
        return None
    if len(certainty) > 1 or ("confirmed" in verification and certainty & {_SUSPECTED, _EXCLUDED}):
        required = "one certainty, in the state of verification and at every code"
        notes.refuse("invariant", f"{one.expression}.verificationStatus", required, "several")
        return None
    if "refuted" in verification or _EXCLUDED in certainty:
        return ConditionState("refuted", began_by_day_0=False, on_day_0=False)
    if verification & _UNCERTAIN or _SUSPECTED in certainty:
        notes.leave_out(one.expression, "it is not confirmed")
        return None
    return _dated(one, context, is_over=is_over or _STATE_AFTER in certainty or _says_over(one))


def onset_date(one: LocatedResource) -> str:
    """The first day of a Condition as written; empty if it has none."""
    return text(one.resource, "onsetDateTime") or text(element(one.resource, "onsetPeriod"), "start")


def status_codes(one: LocatedResource, name: str) -> set[str]:
    """The codes of a status, whatever their system."""
    return {code for _, code in codings_of(one.resource.get(name))}


def _dated(one: LocatedResource, context: ReadingContext, *, is_over: bool) -> ConditionState:
    """The state of a Condition that there is or was; an end after today is not known yet."""
    today = PlacingRule(context.zone, context.today)
    day_0 = PlacingRule(context.zone, context.first_dose or context.today)
    end = text(one.resource, "abatementDateTime") or text(element(one.resource, "abatementPeriod"), "start")
    began = not day_0.is_later(onset_date(one))
    is_past = is_over and not today.is_later(end)
    return ConditionState("past" if is_past else "now", began, began and (not is_past or day_0.is_later(end)))


def _says_over(one: LocatedResource) -> bool:
    clinical = status_codes(one, "clinicalStatus")
    return bool(clinical & _PAST or (not clinical and any(name in one.resource for name in _ABATED)))


def _certainty(one: LocatedResource) -> set[str]:
    """The certainty at the codes of a Condition, as far as there is one."""
    found = (
        part for coding in elements(one.resource.get("code"), "coding") for part in extension(coding, CERTAINTY_URL)
    )
    return {text(element(part, "valueCoding"), "code") or text(part, "valueCode") for part in found} - {""}
