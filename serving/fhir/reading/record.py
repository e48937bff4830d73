"""The assembly: every reader's rows as one request with days from day 0, and what was used of what was sent.

The request is checked like any other, and its problems are told at the resources that they are from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import ValidationError

from features.protocol.document import Protocol
from serving.contract.calendar import CourseCalendar
from serving.contract.refusal import Suggestions, refusal_of
from serving.contract.request import PredictionRequest
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import MOST_ISSUES, FhirRecord, FhirRefusedError, LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.reading.conditions import read_conditions
from serving.fhir.reading.options import ReadingOptions
from serving.fhir.reading.patient import read_patient
from serving.fhir.reading.problems import issues_at
from serving.fhir.reading.ratings import read_ratings
from serving.fhir.reading.record_observations import read_record_observations
from serving.fhir.reading.request_document import RequestDocument
from serving.fhir.reading.subject import own_resources, patient_reference, the_patient
from serving.fhir.reading.vital_signs import read_vital_signs
from serving.fhir.treatment.administrations import read_administrations
from serving.fhir.treatment.course import KetamineCourse, ketamine_course
from serving.fhir.treatment.events import read_events
from serving.fhir.treatment.sessions import read_sessions
from serving.fhir.treatment.treatments import read_treatments, says_none
from serving.terminology.codes import load_terminology


def assembled(
    located: Sequence[LocatedResource], options: ReadingOptions, protocol: Protocol, root: str, notes: ReadingNotes
) -> FhirRecord:
    """The record from resources whose structure was checked; raises ``FhirRefusedError``."""
    refuse_if_wrong(notes)
    patient = the_patient(located, root, notes)
    if patient is None or notes.issues:
        raise _refused(notes)
    located = own_resources(located, patient, notes)
    context = ReadingContext(
        load_terminology(), protocol, options.zone, options.today, options.first_dose, options.main_condition
    )
    doses = read_administrations(located, context, notes)
    course = ketamine_course(doses, context, root, notes)
    if course is None:
        raise _refused(notes)
    context = replace(context, first_dose=course.first_dose)
    rows = _rows(located, course, context, notes)
    calendar = CourseCalendar(course.first_dose, options.zone)
    document = RequestDocument(calendar, protocol, doses, notes)
    for place, reference in patient_reference(patient, notes).items():
        document.add_patient(
            SourcedRow("patient", {"patient_ref": reference}, patient.expression, {"patient_ref": place})
        )
    for row in rows:
        document.add(row)
    notes.use(patient.expression)
    asked = says_none(located, notes) or options.treatments_complete is True
    document.close(options.today, asked=asked, incomplete=options.treatments_complete is False)
    refuse_if_wrong(notes)
    request = _checked(document, root)
    basis = _basis(located, rows, notes)
    condition = _reference_at(document.sources.get("patient.diagnosis", ""), located)
    sources = {"": root, **document.sources}
    return FhirRecord(request, calendar, patient.reference, basis, sources, tuple(notes.unused), condition)


def _reference_at(expression: str, located: Sequence[LocatedResource]) -> str:
    """The reference of the resource in which an expression is; empty if it is in none."""
    holding = (one.reference for one in located if f"{expression}.".startswith(f"{one.expression}."))
    return next(holding, "")


def refuse_if_wrong(notes: ReadingNotes) -> None:
    """Raises ``FhirRefusedError`` if anything was found wrong so far."""
    if notes.issues:
        raise _refused(notes)


def _refused(notes: ReadingNotes) -> FhirRefusedError:
    return FhirRefusedError(list(dict.fromkeys(notes.issues))[:MOST_ISSUES])


def _rows(
    located: Sequence[LocatedResource], course: KetamineCourse, context: ReadingContext, notes: ReadingNotes
) -> list[SourcedRow]:
    """The rows of every reader."""
    return [
        *course.earlier,
        *read_patient(located, context, notes),
        *read_conditions(located, context, notes),
        *read_vital_signs(located, context, notes),
        *read_record_observations(located, context, notes),
        *read_ratings(located, context, notes),
        *read_sessions(located, course.doses, context, notes),
        *read_treatments(located, context, notes),
        *read_events(located, context, notes),
    ]


def _checked(document: RequestDocument, root: str) -> PredictionRequest:
    """The request, checked by the contract; its problems are told at their resources."""
    try:
        return PredictionRequest.model_validate(document.values)
    except ValidationError as error:
        problems = refusal_of(error, Suggestions()).problems
        raise FhirRefusedError(issues_at(problems, {"": root, **document.sources})) from None


def _basis(located: Sequence[LocatedResource], rows: Sequence[SourcedRow], notes: ReadingNotes) -> dict[str, str]:
    """The resources that were read: each one's expression by its reference. What no reader took is said."""
    used = notes.used | {row.expression for row in rows}
    said = {place for part in notes.unused for place in _with_holders(part.expression)}
    for one in located:
        if one.expression not in used and one.expression not in said:
            notes.leave_out(one.expression, "nothing in it is part of a record")
    return {one.reference: one.expression for one in located if one.expression in used and one.reference}


def _with_holders(expression: str) -> Iterator[str]:
    """An expression, and those of the elements that it is in."""
    while expression:
        yield expression
        expression = expression.rpartition(".")[0]
