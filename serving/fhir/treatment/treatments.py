"""Earlier treatments of every kind: medications, procedures, inpatient stays, and lists that say there were none.

Sessions of the same procedure close to each other are one treatment, as a record has it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from serving.contract.calendar import DateRefusedError
from serving.fhir.elements.codings import codings_of, element, elements, meanings_of, text
from serving.fhir.elements.dates import WrittenPeriod, span_of, written_period
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.elements.treatment_outcomes import RecordedOutcome, recorded_outcome
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.structure.references import ResourceIndex
from serving.fhir.treatment.course import COURSE_GAP_DAYS
from serving.fhir.treatment.medication_treatments import medication_rows
from serving.fhir.treatment.procedures import HELD, procedure_code, session_date, session_kind
from serving.fhir.treatment.treatment_days import outcome_by_day_0, treatment_days

_INPATIENT: Final = frozenset({"IMP", "ACUTE", "NONAC"})
"""Codes of v3-ActCode for a stay in a hospital [recalled]."""
_COMORBIDITY: Final = "CM"
"""Code of HL7's diagnosis-role for a comorbidity of a stay [recalled]."""
_PSYCHIATRY: Final = frozenset({"394587001"})
"""SNOMED CT: Psychiatry, of HL7's value set c80-practice-codes [recalled]."""
_MEDICATION_LISTS: Final = frozenset({"10160-0", "29549-3"})
"""LOINC: History of medication use; Medications administered [recalled]."""


def read_treatments(
    located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes
) -> list[SourcedRow]:
    """The rows of earlier treatments, and the patient's cells that running medications give."""
    return [
        *medication_rows(located, context, notes),
        *_procedure_rows(located, context, notes),
        *_stay_rows(located, context, notes),
    ]


def says_none(located: Sequence[LocatedResource], notes: ReadingNotes) -> bool:
    """Whether a List of medications says that none are known: earlier treatments were asked about."""
    found = False
    for one in located:
        if one.resource.get("resourceType") != "List":
            continue
        empty = "nilknown" in {code for _, code in codings_of(one.resource.get("emptyReason"))}
        about = {code for _, code in codings_of(one.resource.get("code"))}
        if empty and about & _MEDICATION_LISTS and one.resource.get("status") == "current":
            notes.use(one.expression)
            found = True
        else:
            notes.leave_out(one.expression, "of lists, only a current one that says that no medications are known")
    return found


@dataclass(frozen=True)
class TreatmentProcedure:
    """A procedure that is an earlier treatment, with the day of it if it took place on one."""

    one: LocatedResource
    treatment: str
    day: Any
    outcome: RecordedOutcome

    @property
    def cells(self) -> tuple[tuple[str, Any], ...]:
        """What was achieved; procedures of one series agree in it."""
        return tuple(sorted(self.outcome.cells.items()))


def _procedure_rows(
    located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes
) -> Iterator[SourcedRow]:
    single: dict[tuple[str, Any], list[TreatmentProcedure]] = defaultdict(list)
    for one in located:
        found = _treatment_procedure(one, context, notes)
        if found is None:
            continue
        if found.day is None:
            period = written_period(one.resource, "performed")
            yield from _row(one, found.treatment, period, found.outcome, context, notes)
        else:
            single[found.treatment, found.cells].append(found)
    for (treatment, _), procedures in single.items():
        for series in _series(procedures):
            yield from _series_row(treatment, series, context, notes)


def _treatment_procedure(
    one: LocatedResource, context: ReadingContext, notes: ReadingNotes
) -> TreatmentProcedure | None:
    """An earlier treatment that a Procedure is part of; what is none is said, unless it is a session."""
    if one.resource.get("resourceType") != "Procedure":
        return None
    code, status = procedure_code(one, context), one.resource.get("status")
    if status not in HELD:
        notes.leave_out(one.expression, "its status says that it did not take place, or not yet")
    elif code is None:
        notes.leave_out(one.expression, "no code of the procedure is known here")
    elif session_kind(one, context) is not None:
        return None
    elif code.treatment is None:
        notes.leave_out(one.expression, "a session of psychotherapy without a day on which it counts")
    else:
        outcome = recorded_outcome(one, notes)
        day = None if status == "in-progress" else session_date(one, context)
        return TreatmentProcedure(one, code.treatment, day, outcome)
    return None


def _series(procedures: Sequence[TreatmentProcedure]) -> list[list[TreatmentProcedure]]:
    """Procedures in a row, each at most `COURSE_GAP_DAYS` after the one before."""
    series: list[list[TreatmentProcedure]] = []
    for one in sorted(procedures, key=lambda one: (one.day, one.one.expression)):
        if series and (one.day - series[-1][-1].day).days <= COURSE_GAP_DAYS:
            series[-1].append(one)
        else:
            series.append([one])
    return series


def _series_row(
    treatment: str, series: Sequence[TreatmentProcedure], context: ReadingContext, notes: ReadingNotes
) -> Iterator[SourcedRow]:
    """The earlier treatment that a series is, as far as it was before day 0."""
    before = [one for one in series if context.first_dose is None or one.day < context.first_dose]
    for later in series[len(before) :]:
        notes.leave_out(later.one.expression, "it took place on or after day 0, and is no earlier treatment")
    if before:
        first, last = before[0], before[-1]
        for other in before[1:]:
            notes.use(other.one.expression)
        cells = {"treatment": treatment, "start_day": first.day.isoformat(), "end_day": last.day.isoformat()}
        places = {"start_day": f"{first.one.expression}.performed", "end_day": f"{last.one.expression}.performed"}
        places |= first.outcome.places
        yield SourcedRow("prior_treatments", cells | dict(first.cells), first.one.expression, places)


def _row(
    one: LocatedResource,
    treatment: str,
    period: WrittenPeriod,
    outcome: RecordedOutcome,
    context: ReadingContext,
    notes: ReadingNotes,
) -> Iterator[SourcedRow]:
    """The earlier treatment of one resource over a period."""
    has_ended = one.resource.get("status") != "in-progress"
    if has_ended:  # a procedure of one date began and ended then
        period = replace(period, is_point=False)
    days = treatment_days(one.expression, period, "", has_ended=has_ended, context=context, notes=notes)
    if days is not None and days.why_not:
        notes.leave_out(one.expression, days.why_not)
    elif days is not None:
        outcome = outcome_by_day_0(outcome, days, notes)
        cells = {"treatment": treatment, **days.cells, **outcome.cells}
        yield SourcedRow("prior_treatments", cells, one.expression, {**days.places, **outcome.places})


def _stay_rows(
    located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes
) -> Iterator[SourcedRow]:
    """Psychiatric inpatient stays: earlier treatments before day 0, events from then on."""
    index = ResourceIndex(located)
    for one in located:
        if one.resource.get("resourceType") != "Encounter":
            continue
        why_not = _no_stay(one, index, context)
        if why_not:
            notes.leave_out(one.expression, why_not)
            continue
        period = element(one.resource, "period")
        written = WrittenPeriod(text(period, "start"), text(period, "end"), ("period", "start"), ("period", "end"))
        if _begins_in_course(written, context):
            places = {"day": f"{one.expression}.period.start"}
            yield SourcedRow("events", {"day": written.start, "event": "hospitalisation"}, one.expression, places)
        else:
            yield from _row(one, "inpatient", written, recorded_outcome(one, notes), context, notes)


def _no_stay(one: LocatedResource, index: ResourceIndex, context: ReadingContext) -> str:
    """Why an Encounter is no psychiatric inpatient stay; empty if it is one."""
    resource = one.resource
    if resource.get("status") not in ("finished", "in-progress", "onleave"):
        return "its status says that it did not take place, or not yet"
    if text(resource.get("class"), "code") not in _INPATIENT:
        return "of encounters only inpatient stays are read"
    services = [resource.get("serviceType"), *elements(resource, "type")]
    if any(code in _PSYCHIATRY for service in services for _, code in codings_of(service)):
        return ""
    reasons = [_is_psychiatric(concept, context) for concept in elements(resource, "reasonCode")]
    reasons += [_is_psychiatric(_code_at(ref, one, index), context) for ref in elements(resource, "reasonReference")]
    diagnoses = [_code_at(element(entry, "condition"), one, index) for entry in _main_diagnoses(resource)]
    is_psychiatric = any(reasons) or (diagnoses and all(_is_psychiatric(code, context) for code in diagnoses))
    return "" if is_psychiatric else "an inpatient stay without a psychiatric service or reason"


def _code_at(reference: Mapping[str, Any], one: LocatedResource, index: ResourceIndex) -> Any:
    found = index.resolve(reference, one)
    return None if found is None else found.resource.get("code")


def _is_psychiatric(concept: Any, context: ReadingContext) -> bool:
    return any(code.diagnosis for code in meanings_of(concept, context.terminology.condition))


def _main_diagnoses(encounter: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The diagnoses that a stay was for: those of the best rank, and no comorbidity.

    A stay for an appendectomy lists a depression as well.
    """
    own = [one for one in elements(encounter, "diagnosis") if _COMORBIDITY not in _uses_of(one)]
    best = min((one["rank"] for one in own if "rank" in one), default=None)
    return [one for one in own if one.get("rank") == best]


def _uses_of(diagnosis: Mapping[str, Any]) -> set[str]:
    return {code for _, code in codings_of(diagnosis.get("use"))}


def _begins_in_course(period: WrittenPeriod, context: ReadingContext) -> bool:
    try:
        return context.first_dose is not None and span_of(period.start, context.zone).first >= context.first_dose
    except DateRefusedError:
        return False
