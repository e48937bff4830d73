"""The sessions of a course: days with doses of ketamine, sessions of psychotherapy, and what was found at them.

Numbers count within a kind by date. Several doses of a day are one session, as a record has them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from serving.contract.calendar import DateRefusedError, local_date
from serving.fhir.elements.codings import element, elements, meanings_of
from serving.fhir.elements.dates import moment_of, written_period
from serving.fhir.elements.doses import FINAL
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.structure.expressions import expression_at
from serving.fhir.structure.references import ResourceIndex
from serving.fhir.treatment.administrations import Administration
from serving.fhir.treatment.procedures import HELD, session_date, session_kind

FINDINGS: Final = frozenset({"peak_dissociation", "peak_systolic_mmhg", "peak_distress", "adverse_event"})
"""The columns of a session that Observations of the project's own code system fill."""


@dataclass
class SessionDraft:
    """A session while it is read: its cells, where they are from, and the resources behind it."""

    kind: str
    date: str
    expression: str
    cells: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    resources: list[str] = field(default_factory=list)


def read_sessions(
    located: Sequence[LocatedResource], doses: Sequence[Administration], context: ReadingContext, notes: ReadingNotes
) -> list[SourcedRow]:
    """The sessions of the course whose doses these are, with their findings."""
    by_day: dict[str, list[Administration]] = defaultdict(list)
    for dose in doses:
        by_day[dose.date.isoformat()].append(dose)
    drafts = [_dosing_session(day, given, notes) for day, given in sorted(by_day.items())]
    drafts += _talks(located, context, notes)
    _add_findings(located, drafts, context, notes)
    return list(_numbered(drafts))


def _dosing_session(day: str, given: Sequence[Administration], notes: ReadingNotes) -> SessionDraft:
    """The session that the doses of a day make."""
    counted = _without_repeats(given, notes)
    first = counted[0]
    draft = SessionDraft("dosing", day, first.expression, resources=[one.expression for one in given])
    draft.places = {"day": first.date_expression}
    for other in counted[1:]:
        notes.use(other.expression)
    if len({one.route for one in counted}) > 1:
        for one in counted:
            notes.leave_out(f"{one.expression}.dosage", "doses of one day by several routes: neither is recorded")
        return draft
    for other in counted[1:]:
        notes.leave_out(other.date_expression, "a further dose of the day is added to the session of the first")
    if first.route is not None:
        draft.cells["route"], draft.places["route"] = first.route, f"{first.expression}.dosage.route"
    dose = _dose_of_day(counted, notes)
    if dose is not None:
        draft.cells["dose_mg_per_kg"], draft.places["dose_mg_per_kg"] = dose, f"{first.expression}.dosage.dose"
    return draft


def _dose_of_day(counted: Sequence[Administration], notes: ReadingNotes) -> float | None:
    """The doses of a day added up; ``None`` if one is not known, or if two may be one that was sent twice."""
    if _may_repeat(counted):
        for one in counted:
            notes.leave_out(f"{one.expression}.dosage.dose", "equal doses of one day without times: two, or one twice")
        return None
    known = [one.mg_per_kg for one in counted if one.mg_per_kg is not None]
    if len(known) == len(counted):
        return sum(known)
    if known:
        notes.leave_out(f"{counted[0].expression}.dosage.dose", "another dose of the day is not known")
    return None


def _without_repeats(given: Sequence[Administration], notes: ReadingNotes) -> list[Administration]:
    """The doses of a day without those that stand twice with the same time and dosage."""
    counted: list[Administration] = []
    for one in given:
        twice = one.moment is not None and any(
            other.moment == one.moment and _dosage(other) == _dosage(one) for other in counted
        )
        if twice:
            notes.leave_out(one.expression, "the same dose at the same time was sent twice and counts once")
        else:
            counted.append(one)
    return counted


def _may_repeat(counted: Sequence[Administration]) -> bool:
    """Whether two doses of a day are equal and lack a time that would tell them apart."""
    untimed = [one for one in counted if one.moment is None]
    return any(one is not other and _dosage(one) == _dosage(other) for one in untimed for other in counted)


def _dosage(one: Administration) -> Mapping[str, Any]:
    return element(one.located.resource, "dosage")


def _talks(located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes) -> Iterable[SessionDraft]:
    """Sessions of psychotherapy and preparation; those at the same moment count once."""
    seen: set[tuple[str, Any]] = set()
    found = []
    for one in located:
        if one.resource.get("resourceType") != "Procedure" or one.resource.get("status") not in HELD:
            continue
        kind, date = session_kind(one, context), session_date(one, context)
        if kind is None or date is None:
            continue  # the reader of earlier treatments has it
        period = written_period(one.resource, "performed")
        moment = moment_of(period.start)
        if moment is not None and (kind, moment) in seen:
            notes.leave_out(one.expression, "a session at the same time was sent twice and counts once")
            continue
        seen.add((kind, moment))
        places = {"day": expression_at(one.expression, period.start_name)}
        found.append(SessionDraft(kind, date.isoformat(), one.expression, places=places, resources=[one.expression]))
    return found


def _add_findings(
    located: Sequence[LocatedResource], drafts: Sequence[SessionDraft], context: ReadingContext, notes: ReadingNotes
) -> None:
    """Fill what was observed at sessions into their cells."""
    index = ResourceIndex(located)
    for one in located:
        column = finding_column(one, context)
        if column is None:
            continue
        if one.resource.get("status") not in FINAL:
            notes.leave_out(one.expression, "its value is not final")
            continue
        value = _value(one.resource)
        draft = _session_of(one, drafts, index, context)
        if value is None:
            notes.refuse("required", f"{one.expression}.value", "a number, or true or false", "another value, or none")
        elif draft is None:
            notes.leave_out(one.expression, "no session is part of it or on its day")
        elif draft.cells.get(column, value) != value:
            notes.refuse("invariant", f"{one.expression}.value", f"one {column} of a session", "a second value")
        else:
            draft.cells[column], draft.places[column] = value, f"{one.expression}.value"
            notes.use(one.expression)


def finding_column(one: LocatedResource, context: ReadingContext) -> str | None:
    """The column of a session that an Observation fills, if it is one of a session's."""
    if one.resource.get("resourceType") != "Observation":
        return None
    meanings = meanings_of(one.resource.get("code"), context.terminology.column)
    return next((meaning.column for meaning in meanings if meaning.column in FINDINGS), None)


def _value(resource: Mapping[str, Any]) -> Any:
    for value in (resource.get("valueBoolean"), resource.get("valueInteger")):
        if value is not None:
            return value
    return element(resource, "valueQuantity").get("value")


def _session_of(
    one: LocatedResource, drafts: Sequence[SessionDraft], index: ResourceIndex, context: ReadingContext
) -> SessionDraft | None:
    """The session that an Observation is part of, else the dosing session of its day."""
    whole = [index.resolve(reference, one) for reference in elements(one.resource, "partOf")]
    places = {part.expression for part in whole if part is not None}
    if places:
        return next((draft for draft in drafts if places & set(draft.resources)), None)
    try:
        day = local_date(written_period(one.resource, "effective").start, context.zone).isoformat()
    except DateRefusedError:
        return None
    same_day = [draft for draft in drafts if draft.date == day]
    return next((draft for draft in same_day if draft.kind == "dosing"), same_day[0] if same_day else None)


def _numbered(drafts: Sequence[SessionDraft]) -> Iterable[SourcedRow]:
    """The sessions as rows, numbered within each kind by date."""
    numbers: dict[str, int] = defaultdict(int)
    for draft in sorted(drafts, key=lambda one: one.date):
        numbers[draft.kind] += 1
        cells = {"session_number": numbers[draft.kind], "day": draft.date, "kind": draft.kind} | draft.cells
        yield SourcedRow("sessions", cells, draft.expression, draft.places)
