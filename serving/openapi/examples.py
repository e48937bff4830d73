"""Example requests, made up for the served protocol and answered by the served model."""

import copy
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from features.protocol.document import Covariate, Landmark, Protocol
from features.protocol.instruments import DEPRESSION_SCALES
from serving.contract.batch import NO_RECORDS
from serving.contract.calendar import CourseCalendar
from serving.contract.dated_request import AS_OF_DATE, DAYS, FIRST_DOSE_DATE, dated_name
from serving.contract.reading import read_record
from serving.contract.refusal import RequestRefusedError
from serving.contract.request import AS_OF_DAY
from serving.contract.response import Document
from serving.http.errors import refusal
from serving.prediction.predictor import Predictor

PREDICTION_ID = "f69b5789-ae6c-4549-b0e0-fe1c22364afb"
"""The id of every example; a real one is new each time."""
LINK: Document = {"path": f"/decide?launch={'A' * 96}", "expires_at": "2026-11-29T09:15:00+00:00"}
"""A made-up link to a page, which opens nothing."""
DAYS_BETWEEN_SESSIONS = 7
FIRST_DOSE = CourseCalendar(dt.date(2026, 10, 7))


@dataclass(frozen=True)
class Example:
    """A request and its answer, with the HTTP status; ``in_schema``: its schema allows it."""

    summary: str
    request: Document
    status: HTTPStatus
    answer: Document
    in_schema: bool = True


def prediction_examples(predictor: Predictor) -> dict[str, Example]:
    """Examples of ``POST /v1/predict`` by outcome, if the served model and protocol allow one."""
    protocol = predictor.bundle.protocol
    records = [record_at(protocol, landmark) for landmark in reversed(protocol.landmarks)]
    records += [record | {"assessments": _at_baseline(record["assessments"])} for record in records]
    dates = [in_dates(record) for record in records]
    found = {
        "predicted": _with_outcome("predicted", "A patient who is like the training patients", predictor, records),
        "in_dates": _with_outcome("predicted", "The same record in dates", predictor, dates),
        "not_predictable": _with_outcome(
            "not_predictable", "A record for which no prediction is possible", predictor, _unpredictable(records[-1])
        ),
        "refused": _refused("A record that breaks a rule", predictor, breaking(records[0])),
    }
    return {name: example for name, example in found.items() if example is not None}


def batch_example(predictor: Predictor) -> Example:
    """An example of ``POST /v1/predict_batch``: one request of each outcome."""
    requests = [example.request for example in prediction_examples(predictor).values()]
    answers = [_item(predictor, request) for request in requests]
    summary = "Each request is answered or refused on its own"
    return Example(summary, {"requests": requests, "in_full": False}, HTTPStatus.OK, {"answers": answers})


def broken_batch() -> Example:
    """A batch without requests."""
    request: Document = {"requests": []}
    refused = RequestRefusedError([NO_RECORDS])
    return Example("A batch without a request", request, HTTPStatus.BAD_REQUEST, _document(refused), in_schema=False)


def record_at(protocol: Protocol, landmark: Landmark) -> Document:
    """A made-up record that has just reached a landmark: a course that improves, but is not yet in remission."""
    doses, today = _course(protocol, landmark)
    ages = protocol.eligibility
    record: Document = {
        "as_of_day": today,
        "patient": {
            "patient_ref": "clinic-a-0042",
            "site_id": "clinic-a",
            "age_years": min(max(41.0, ages.minimum_age), ages.maximum_age),
            "sex": "female",
            "diagnosis": "gad",
            "illness_duration_years": 8,
            "comorbid_depression": True,
            "benzodiazepine_mg": 5,
            "resting_systolic_mmhg": 146,
        },
        "prior_treatments": [{"treatment": "ssri", "end_day": -30, "adequate": True, "outcome": "no_response"}],
        "sessions": [_dose(number) for number in range(1, doses + 1)],
        "assessments": _ratings(protocol, today),
        "events": [],
    }
    if "expectancy" not in {covariate.name for covariate in protocol.covariates}:
        record["patient"]["expectancy"] = 7
    if protocol.covariates:
        record["patient"]["covariates"] = {one.name: _covariate(one) for one in protocol.covariates}
    return record


def in_dates(record: Mapping[str, object]) -> Document:
    """A record in days as one in dates; its first dose is on a Wednesday in October."""
    dated = _copied(record)
    dated |= {FIRST_DOSE_DATE: FIRST_DOSE.date_of(0), AS_OF_DATE: FIRST_DOSE.date_of(dated.pop(AS_OF_DAY.name))}
    for table, name in (path for path in DAYS if len(path) > 1):
        for row in dated[table]:
            if name in row:
                row[dated_name(name)] = FIRST_DOSE.date_of(row.pop(name))
    return dated


def _course(protocol: Protocol, landmark: Landmark) -> tuple[int, int]:
    """The number of weekly dosing sessions before a landmark, and its day."""
    if landmark.day is not None:
        last = min(landmark.day, protocol.acute_max_days)
        weekly = last // DAYS_BETWEEN_SESSIONS + 1
        return weekly if protocol.remission.anchor == "last_acute_session" else 0, landmark.day
    doses = (landmark.before_session or 1) - 1
    return doses, doses * DAYS_BETWEEN_SESSIONS


def breaking(record: Mapping[str, object]) -> Document:
    """The record with a rating from tomorrow, which no schema can forbid."""
    broken = _copied(record)
    broken["assessments"][-1]["day"] = broken["as_of_day"] + 1
    return broken


def _dose(number: int) -> Document:
    return {
        "session_number": number,
        "day": (number - 1) * DAYS_BETWEEN_SESSIONS,
        "kind": "dosing",
        "route": "intramuscular",
        "dose_mg_per_kg": 0.9,
        "peak_dissociation": 24,
        "peak_distress": 20,
    }


def _ratings(protocol: Protocol, today: int) -> list[Document]:
    """Ratings on the first primary scale: in the relapse band at baseline, yesterday a reliable change below.

    If the protocol starts from remission, the ratings are in remission. A depression scale is added.
    """
    scale = protocol.instruments[protocol.remission.instruments[0]]
    numbers = scale.severity_numbers
    change, limit = numbers["reliable_change"] or 0.0, numbers["remission_at_most"] or scale.minimum
    relapse = numbers["relapse_at_least"] or limit
    high = limit if protocol.remission.at_landmark else round((scale.maximum + relapse) / 2)
    low = limit if protocol.remission.at_landmark else max(high - change, limit)
    ratings: list[Document] = [{"day": 0, "instrument": scale.name, "score": scale.severity(high)}]
    if today > 1:
        ratings.append({"day": today - 1, "instrument": scale.name, "score": scale.severity(low)})
    beside = next(name for name in DEPRESSION_SCALES if name != scale.name)
    second = protocol.instruments[beside]
    return [*ratings, {"day": 0, "instrument": beside, "score": round((second.minimum + second.maximum) / 3)}]


def _at_baseline(ratings: Iterable[Document]) -> list[Document]:
    """The ratings up to day 0, for a protocol under which a later one would decide remission."""
    return [rating for rating in ratings if rating["day"] <= 0]


def _covariate(covariate: Covariate) -> float | bool | str:
    if covariate.kind == "category":
        return covariate.levels[0]
    return True if covariate.kind == "binary" else round((covariate.minimum + covariate.maximum) / 2, 1)


def _unpredictable(record: Document) -> list[Document]:
    """The record without ratings; and, if none is needed, of a patient who has withdrawn."""
    left = {"day": min(record["as_of_day"], 0), "event": "withdrawal"}
    return [record | {"assessments": []}, record | {"events": [left]}]


def _with_outcome(outcome: str, summary: str, predictor: Predictor, records: Iterable[Document]) -> Example | None:
    """The first record whose answer has this outcome."""
    for record in records:
        reply = _reply(predictor, record, in_full=True)
        if not isinstance(reply, RequestRefusedError) and reply["outcome"] == outcome:
            return Example(summary, record, HTTPStatus.OK, reply)
    return None


def _refused(summary: str, predictor: Predictor, record: Document) -> Example | None:
    reply = _reply(predictor, record, in_full=True)
    if isinstance(reply, RequestRefusedError):
        return Example(summary, record, HTTPStatus.BAD_REQUEST, _document(reply))
    return None


def _item(predictor: Predictor, record: Document) -> Document:
    reply = _reply(predictor, record, in_full=False)
    return reply.as_item() if isinstance(reply, RequestRefusedError) else reply


def _reply(predictor: Predictor, record: Document, *, in_full: bool) -> Document | RequestRefusedError:
    try:
        answer = predictor.answer(read_record(orjson.dumps(record)), PREDICTION_ID, in_full=in_full)
    except RequestRefusedError as refused:
        return refused
    document: Document = orjson.loads(answer)
    return document


def _document(refused: RequestRefusedError) -> Document:
    document: Document = orjson.loads(refusal(refused).body)
    return document


def _copied(record: Mapping[str, object]) -> Document:
    return copy.deepcopy(dict(record))
