"""Earlier treatments among MedicationStatements and MedicationRequests, benzodiazepines of day 0, and opioids of today.

A statement says what was taken. A request only says what was prescribed: it counts where no statement says more about
the same substance, and all requests for one substance are one treatment, since prescriptions are renewed [judgement].
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from serving.fhir.elements.codings import element, elements, text
from serving.fhir.elements.daily_doses import daily_mg
from serving.fhir.elements.dates import WrittenPeriod, written_period
from serving.fhir.elements.medications import CodedMedication, coded_medication
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.elements.treatment_outcomes import RecordedOutcome, recorded_outcome
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.structure.references import ResourceIndex
from serving.fhir.treatment.treatment_days import TreatmentDays, outcome_by_day_0, treatment_days
from serving.terminology.meanings import TreatmentCode

_TAKEN: Final = {"active": False, "on-hold": False, "completed": True, "stopped": True}
"""Whether a medication in this state has ended; in the other states it is no treatment."""
_ORDERS: Final = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
"""Intents of a request that somebody has ordered; plans, proposals and options are not."""
_OPIOID: Final = "opioid_use"
_BENZODIAZEPINE: Final = "benzodiazepine"


@dataclass(frozen=True)
class MedicationUse:
    """One substance of a statement or a request: what it is, when, and what is recorded of it."""

    one: LocatedResource
    code: TreatmentCode | None
    days: TreatmentDays
    outcome: RecordedOutcome

    @property
    def substance(self) -> tuple[str, str]:
        """What makes two uses those of the same substance."""
        if self.code is None:
            return "ketamine", ""
        return self.code.treatment or _OPIOID, self.code.ingredient


def medication_rows(
    located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes
) -> list[SourcedRow]:
    """Earlier treatments with medications, and benzodiazepines and opioids as cells of the patient."""
    index = ResourceIndex(located)
    uses: dict[str, list[MedicationUse]] = {"MedicationStatement": [], "MedicationRequest": []}
    for one in located:
        kind = str(one.resource.get("resourceType"))
        if kind in uses:
            uses[kind] += _uses(one, index, context, notes)
    statements = uses["MedicationStatement"]
    requests = _without_stated(uses["MedicationRequest"], statements, notes)
    kept = [*statements, *_joined(requests, notes)]
    rows = [_row(use) for use in kept if use.code is None or use.code.treatment is not None]
    return [*rows, *_opioid_rows(kept, notes), *_benzodiazepine_rows(kept, notes)]


def _uses(
    one: LocatedResource, index: ResourceIndex, context: ReadingContext, notes: ReadingNotes
) -> Iterator[MedicationUse]:
    """The substances of a resource that were taken or ordered before day 0, and an opioid that is taken today."""
    medication = coded_medication(one, index, context.terminology, notes)
    why_not = _not_taken(one.resource) or ("" if medication.treatments or medication.ketamine else medication.unknown)
    if why_not:
        notes.leave_out(one.expression, why_not)
        return
    period, asserted = _written(one.resource)
    has_ended = _TAKEN[one.resource["status"]]
    days = treatment_days(one.expression, period, asserted, has_ended=has_ended, context=context, notes=notes)
    if days is None:
        return
    if days.why_not:
        opioids = [code for code in medication.treatments if code.opioid and days.is_running]
        yield from (MedicationUse(one, code, days, RecordedOutcome()) for code in opioids)
        if not opioids:
            notes.leave_out(one.expression, days.why_not)
        return
    if medication.ketamine is not None and not _ended_before(days, context):
        notes.leave_out(one.expression, "ketamine that did not end before day 0 is the course itself")
        return
    yield from _of_substances(one, medication, days, outcome_by_day_0(recorded_outcome(one, notes), days, notes))


def _of_substances(
    one: LocatedResource, medication: CodedMedication, days: TreatmentDays, outcome: RecordedOutcome
) -> Iterator[MedicationUse]:
    if medication.ketamine is not None:
        yield MedicationUse(one, None, days, outcome)
    for code in medication.treatments:
        yield MedicationUse(one, code, days, outcome)


def _ended_before(days: TreatmentDays, context: ReadingContext) -> bool:
    """Whether a treatment ended before day 0; on an unknown day by today, it may be the course that is over."""
    first_dose = context.first_dose or context.today
    return "end_day" in days.cells and str(days.cells["end_day"]) < first_dose.isoformat()


def _not_taken(resource: Mapping[str, Any]) -> str:
    """Why a statement or request is no treatment; empty if it may be."""
    status, intent = resource.get("status"), resource.get("intent")
    if status not in _TAKEN:
        shown = status if status in _SHOWN else "unknown"
        return f"its status is {shown}"
    if resource["resourceType"] == "MedicationRequest":
        if resource.get("doNotPerform"):
            return "a request not to give it"
        if intent not in _ORDERS and not (intent == "plan" and _is_reported(resource)):
            return "its intent is no order"
    return ""


def _is_reported(request: Mapping[str, Any]) -> bool:
    """Whether a request stands for a medication that somebody says is taken: US Core has those as plans [recalled]."""
    return bool(request.get("reportedBoolean") or "reportedReference" in request)


_SHOWN: Final = frozenset({"cancelled", "draft", "entered-in-error", "intended", "not-taken"})


def _written(resource: Mapping[str, Any]) -> tuple[WrittenPeriod, str]:
    """When a medication was taken or ordered, and when that was stated."""
    if resource["resourceType"] == "MedicationStatement":
        return written_period(resource, "effective"), text(resource, "dateAsserted")
    authored = text(resource, "authoredOn")
    dosages = elements(resource, "dosageInstruction")
    bounds = element(dosages[0], "timing", "repeat", "boundsPeriod") if len(dosages) == 1 else {}
    if text(bounds, "start"):
        place = ("dosageInstruction", 0, "timing", "repeat", "bounds")
        return WrittenPeriod(bounds["start"], text(bounds, "end"), (*place, "start"), (*place, "end")), authored
    return WrittenPeriod(authored, "", ("authoredOn",), ("authoredOn",)), ""


def _without_stated(
    requests: Sequence[MedicationUse], statements: Sequence[MedicationUse], notes: ReadingNotes
) -> list[MedicationUse]:
    """The requests for substances that no statement is about, and opioids that are taken today all the same."""
    stated = {use.substance for use in statements} | {(use.substance[0], "") for use in statements}
    kept = []
    for use in requests:
        substance = use.substance
        if use.code is not None and use.code.opioid and use.days.is_running:
            kept.append(use)
        elif substance in stated or (not substance[1] and substance[0] in {name for name, _ in stated}):
            notes.leave_out(use.one.expression, "a statement about the same medication says what was taken")
        else:
            kept.append(use)
    return kept


def _joined(requests: Sequence[MedicationUse], notes: ReadingNotes) -> list[MedicationUse]:
    """One use for all requests of a substance: from the first day to the last, and running if one is."""
    together: dict[tuple[str, str], list[MedicationUse]] = defaultdict(list)
    for use in requests:
        together[use.substance].append(use)
    return [uses[0] if len(uses) == 1 else _union(uses, notes) for uses in together.values()]


def _union(uses: Sequence[MedicationUse], notes: ReadingNotes) -> MedicationUse:
    for use in uses[1:]:
        notes.use(use.one.expression)
    by_start = sorted(uses, key=lambda use: str(use.days.cells.get("start_day", "")))
    first, ends = by_start[0], [use for use in uses if "end_day" in use.days.cells]
    cells = {name: day for name, day in first.days.cells.items() if name == "start_day"}
    places = {name: place for name, place in first.days.places.items() if name == "start_day"}
    if len(ends) == len(uses):
        last = max(ends, key=lambda use: str(use.days.cells["end_day"]))
        cells["end_day"], places["end_day"] = last.days.cells["end_day"], last.days.places["end_day"]
    running = sorted((use for use in uses if use.days.is_running), key=_is_active)
    outcome = RecordedOutcome(
        {name: value for use in uses for name, value in use.outcome.cells.items()},
        {name: place for use in uses for name, place in use.outcome.places.items()},
    )
    days = TreatmentDays(cells, places, bool(running))
    return replace((running or [first])[-1], days=days, outcome=outcome)


def _is_active(use: MedicationUse) -> bool:
    return use.one.resource.get("status") == "active"


def _row(use: MedicationUse) -> SourcedRow:
    treatment = "ketamine" if use.code is None else use.code.treatment
    cells = {"treatment": treatment, **use.days.cells, **use.outcome.cells}
    places = {"treatment": f"{use.one.expression}.medication", **use.days.places, **use.outcome.places}
    return SourcedRow("prior_treatments", cells, use.one.expression, places)


def _opioid_rows(uses: Sequence[MedicationUse], notes: ReadingNotes) -> Iterator[SourcedRow]:
    """An opioid that is taken today; one on hold or ended says nothing."""
    for use in uses:
        if use.code is None or not use.code.opioid:
            continue
        if use.days.is_running and _is_active(use):
            place = f"{use.one.expression}.medication"
            yield SourcedRow("patient", {_OPIOID: True}, use.one.expression, {_OPIOID: place})
        elif use.code.treatment is None:
            notes.leave_out(use.one.expression, "an opioid that is not taken now")


def _benzodiazepine_rows(uses: Sequence[MedicationUse], notes: ReadingNotes) -> Iterator[SourcedRow]:
    """The benzodiazepines that ran on day 0 as diazepam, if the daily dose of each has one meaning.

    The column is of day 0: one that ended in the course counts, since its end may be what the course achieved.
    """
    benzodiazepines = [use for use in uses if use.code and use.code.treatment == _BENZODIAZEPINE]
    running = [use for use in benzodiazepines if "end_day" not in use.days.cells]
    amounts = []
    for use in running:
        name = "dosage" if use.one.resource["resourceType"] == "MedicationStatement" else "dosageInstruction"
        daily, same = daily_mg(elements(use.one.resource, name)), use.code and use.code.as_10_mg_diazepam
        if daily is None or not same:
            if name in use.one.resource:
                notes.leave_out(f"{use.one.expression}.{name}", "no single daily dose in mg of diazepam")
        else:
            amounts.append(daily * 10 / same)
    if running and len(amounts) == len(running):
        column, place = "benzodiazepine_mg", f"{running[0].one.expression}.dosage"
        yield SourcedRow("patient", {column: sum(amounts)}, running[0].one.expression, {column: place})
