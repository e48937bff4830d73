"""Records as a reading of FHIR resources gives them, made from requests, and the bundles that answer them."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from models.bundle import Bundle
from serving.contract.calendar import CourseCalendar
from serving.contract.request import MOST_ROWS, PredictionRequest
from serving.fhir.answer.bundle import answer_bundle
from serving.fhir.answer.elements import write
from serving.fhir.parts import FhirRecord, UnusedPart
from serving.prediction.description import describe_model
from serving.prediction.predictor import PredictionReply, Predictor

Document = dict[str, Any]
FIRST_DOSE = dt.date(2026, 10, 1)
GIVEN_AT = dt.datetime(2026, 11, 2, 9, 30, 0, 125_000, tzinfo=dt.UTC)
UNKNOWN = UnusedPart("Bundle.entry[99].resource", "no code of it is known")


def digested(bundle: Bundle) -> Bundle:
    """The bundle with a digest, which one that was never stored does not have; it differs by protocol."""
    return replace(bundle, digest=bundle.protocol.digest)


def record_of(
    request: PredictionRequest,
    *,
    first_dose: dt.date = FIRST_DOSE,
    unused: tuple[UnusedPart, ...] = (),
    condition: str = "",
) -> FhirRecord:
    """The record of a request whose rows came from one resource each, one after the other in a bundle."""
    places = [f"{table}[{row}]" for table in MOST_ROWS for row in range(len(getattr(request, table) or ()))]
    sources = {place: f"Bundle.entry[{number}].resource" for number, place in enumerate(places, start=1)}
    basis = {"Patient/42": "Bundle.entry[0].resource"}
    basis |= {f"Observation/{number}": place for number, place in enumerate(sources.values(), start=1)}
    return FhirRecord(request, CourseCalendar(first_dose), "Patient/42", basis, sources, unused, condition)


def replies(bundle: Bundle, requests: list[PredictionRequest]) -> list[PredictionReply]:
    """The answers to requests, each under a UUID as in the service."""
    ids = [str(UUID(int=place, version=4)) for place in range(len(requests))]
    found = Predictor(bundle, "3").answer_many(requests, ids)
    assert all(isinstance(reply, PredictionReply) for reply in found)
    return [reply for reply in found if isinstance(reply, PredictionReply)]


def sent(bundle: Bundle, answer: Document, record: FhirRecord, *, transparency: bool = False) -> bytes:
    """The answer as the service sends it."""
    model = describe_model(bundle, "3", "a1b2", None)
    return write(answer_bundle(answer, record, model, GIVEN_AT, transparency=transparency))


def answered(bundle: Bundle, request: PredictionRequest, *, transparency: bool = False, **parts: Any) -> Document:
    """The answer to one request, read again."""
    (reply,) = replies(bundle, [request])
    found: Document = json.loads(sent(bundle, reply.answer, record_of(request, **parts), transparency=transparency))
    return found
