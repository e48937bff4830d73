"""The Patient resource as age and sex; an allergy to ketamine from an AllergyIntolerance.

The date of death is an event, and left to `events`.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from serving.fhir.elements.codings import codings_of, meanings_of, text
from serving.fhir.elements.placed_dates import PlacingRule
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow

ALLERGY: Final = "ketamine_allergy"


def read_patient(located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes) -> list[SourcedRow]:
    """Rows of ``patient``: ``sex``, the pseudo-cell ``birth_date``, and ``ketamine_allergy``."""
    rows: list[SourcedRow] = []
    for one in located:
        if one.resource.get("resourceType") == "Patient":
            rows += [*_sex(one, notes), *_birth(one)]
        elif one.resource.get("resourceType") == "AllergyIntolerance":
            rows += _allergy(one, context, notes)
    return rows


def _sex(one: LocatedResource, notes: ReadingNotes) -> Iterator[SourcedRow]:
    gender, place = text(one.resource, "gender"), f"{one.expression}.gender"
    if gender in {"female", "male"}:
        yield SourcedRow("patient", {"sex": gender}, one.expression, {"sex": place})
    elif gender:
        notes.leave_out(place, "it is neither female nor male, and so does not tell the sex")


def _birth(one: LocatedResource) -> Iterator[SourcedRow]:
    """The birth date as written: what age an incomplete one tells depends on day 0, which the assembly knows."""
    written = text(one.resource, "birthDate")
    if written:
        places = {"birth_date": f"{one.expression}.birthDate"}
        yield SourcedRow("patient", {"birth_date": written}, one.expression, places)


def _allergy(one: LocatedResource, context: ReadingContext, notes: ReadingNotes) -> Iterator[SourcedRow]:
    """Whether there is an allergy to ketamine; a caution, so that one not confirmed counts too [judgement]."""
    place = f"{one.expression}.code"
    verification = _status(one, "verificationStatus")
    reason = _why_no_allergy(one, verification, context)
    substances = {meaning.substance for meaning in meanings_of(one.resource.get("code"), context.terminology.ketamine)}
    answers = meanings_of(one.resource.get("code"), context.terminology.coded_answer)
    if reason:
        notes.leave_out(one.expression, reason)
    elif substances and "refuted" in verification:
        if "ketamine" in substances:
            yield SourcedRow("patient", {ALLERGY: False}, one.expression, {ALLERGY: place})
        else:
            notes.leave_out(one.expression, "refuted for esketamine: that does not rule out ketamine")
    elif substances:
        yield SourcedRow("patient", {ALLERGY: True}, one.expression, {ALLERGY: place})
    elif "refuted" not in verification and [answer.column for answer in answers] == [ALLERGY]:
        yield SourcedRow("patient", {ALLERGY: answers[0].value}, one.expression, {ALLERGY: place})
    else:
        notes.leave_out(one.expression, "an allergy to another substance than ketamine, or one without a known code")


def _why_no_allergy(one: LocatedResource, verification: set[str], context: ReadingContext) -> str:
    if "entered-in-error" in verification:
        return "entered in error"
    if _status(one, "clinicalStatus") & {"inactive", "resolved"}:
        return "the allergy is not there any more"
    if one.resource.get("type") == "intolerance":
        return "an intolerance is no allergy"
    is_later = PlacingRule(context.zone, context.today).is_later(text(one.resource, "recordedDate"))
    return "recorded after today" if is_later else ""


def _status(one: LocatedResource, name: str) -> set[str]:
    return {code for _, code in codings_of(one.resource.get(name))}
