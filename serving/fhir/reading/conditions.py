"""Conditions as the main diagnosis, comorbidities and flags of a patient.

Codes mean what the terminology says and no more. A refuted condition makes a flag false only where its code is all that
the flag stands for. Which diagnosis is the main one is left to `diagnoses`.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from serving.contract.calendar import DateRefusedError
from serving.fhir.elements.codings import codings_of, meanings_of, text
from serving.fhir.elements.dates import span_of
from serving.fhir.elements.placed_dates import PlacingRule
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.reading.condition_states import ConditionState, condition_state, onset_date
from serving.fhir.reading.diagnoses import COMORBIDITIES, CurrentDiagnosis, diagnosis_rows
from serving.fhir.reading.vital_signs import PREGNANCY_DAYS
from serving.terminology.meanings import ConditionCode, FlagColumn

_PREGNANCY: Final = "pregnant_or_breastfeeding"


@dataclass(frozen=True)
class CodedCondition:
    """A Condition with what its codes mean together, and whether it is and was there."""

    located: LocatedResource
    diagnosis: str | None
    meanings: tuple[ConditionCode, ...]
    state: ConditionState


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
        if condition.diagnosis is not None and condition.state.on_day_0:
            current.append(CurrentDiagnosis(one, condition.diagnosis))
        elif not flags:
            notes.leave_out(one.expression, _why_not(condition, context))
    return [*rows, *diagnosis_rows(current, located, context, notes)]


def _coded(one: LocatedResource, context: ReadingContext, notes: ReadingNotes) -> CodedCondition | None:
    """The meaning of a Condition; ``None`` with the reason in the notes where it says nothing for a record."""
    code = one.resource.get("code")
    meanings = meanings_of(code, context.terminology.condition)
    state = condition_state(one, context, notes, is_over=any(meaning.over for meaning in meanings))
    if state is None or _is_later(one, context, notes):
        return None
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


def _is_later(one: LocatedResource, context: ReadingContext, notes: ReadingNotes) -> bool:
    """Whether a Condition was recorded or began after today."""
    dates = PlacingRule(context.zone, context.today)
    for date, shown in ((text(one.resource, "recordedDate"), "recordedDate"), (onset_date(one), "onset")):
        if dates.is_later(date):
            notes.leave_out(f"{one.expression}.{shown}", "dated after today")
            return True
    return False


def _flag_rows(condition: CodedCondition, context: ReadingContext) -> Iterator[SourcedRow]:
    """True for the flags that a condition makes true, false for those that a refuted one makes false."""
    flags = {column.name: column for column in context.protocol.tables["patients"] if column.kind == "flag"}
    true = {
        flag.name
        for meaning in condition.meanings
        for flag in meaning.flags
        if flag.name in flags and _is_true(condition, flag, context, is_caution=flags[flag.name].screening)
    }
    for name in sorted(true | {*_false_flags(condition)} & flags.keys()):
        place = f"{condition.located.expression}.code"
        yield SourcedRow("patient", {name: name in true}, condition.located.expression, {name: place})


def _is_true(condition: CodedCondition, flag: FlagColumn, context: ReadingContext, *, is_caution: bool) -> bool:
    """Whether a condition makes a flag true: a caution by today, another one by day 0."""
    state = condition.state
    if state.today == "refuted" or (flag.name == _PREGNANCY and _is_stale(condition, context)):
        return False
    if flag.when == "ever":
        return is_caution or state.began_by_day_0
    return state.today == "now" if is_caution else state.on_day_0


def _is_stale(condition: CodedCondition, context: ReadingContext) -> bool:
    """Whether a pregnancy was recorded so long ago that it is over."""
    resource, begin = condition.located.resource, context.today - dt.timedelta(days=PREGNANCY_DAYS)
    date = text(resource, "recordedDate") or onset_date(condition.located)
    with suppress(DateRefusedError):
        return bool(date) and span_of(date, context.zone).last < begin
    return False


def _false_flags(condition: CodedCondition) -> Iterator[str]:
    for meaning in condition.meanings if condition.state.today == "refuted" else ():
        if meaning.whole:
            yield from (flag.name for flag in meaning.flags)
            column = COMORBIDITIES.get(meaning.diagnosis or "")
            if column is not None:
                yield column


def _why_not(condition: CodedCondition, context: ReadingContext) -> str:
    state = condition.state
    if state.today == "refuted":
        return "refuted, and no column stands for this condition alone"
    if not state.began_by_day_0:
        return "it began after day 0: what was there on it is recorded"
    if state.today == "past":
        return "it is not there any more"
    if any(flag.name == _PREGNANCY for meaning in condition.meanings for flag in meaning.flags) and _is_stale(
        condition, context
    ):
        return f"older than {PREGNANCY_DAYS} days: it does not say what is now"
    return "this study records no such flag"
