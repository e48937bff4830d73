"""A record in dates gets the numbers of the same record in days, bit for bit, and is refused in its own terms."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest

from features.protocol.problems import InputRefusedError, Problem
from features.records.cohort import Cohort
from serving.contract.dated_record import DatedRecord, in_days
from serving.contract.reading import read_record, read_request
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.contract.request import PredictionRequest
from serving.prediction.dated_answer import answer_in_dates
from serving.prediction.offline import predict_json
from serving.prediction.predictor import PredictionReply, Predictor
from serving.server.batcher import input_text
from tests.serving.bundles import refitted, toy_bundle, with_applicability
from tests.serving.dated_records import Writing, as_date, as_utc, at_local, at_offset, in_dates
from tests.serving.requests import EXAMPLE, Document, changed, example, request_of
from training.cohort.reader import read_cohort
from training.simulation.cohort import simulate_cohort, write_cohort

FIRST_DOSE = dt.date(2026, 10, 7)
DATED = in_dates(EXAMPLE, FIRST_DOSE)
ZONES = [
    ZoneInfo(name)
    for name in ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Australia/Lord_Howe")
]
LATE, NOON, EARLY = dt.time(23, 45), dt.time(12), dt.time(0, 15)
PATIENTS = 1_000


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort") / "synthetic"
    write_cohort(simulate_cohort(PATIENTS, 4, 23), folder)
    return read_cohort(folder)


@pytest.fixture(scope="module")
def predictor(cohort: Cohort) -> Predictor:
    return Predictor(refitted(with_applicability(toy_bundle(cohort.protocol))), "3")


def _writings(zone: ZoneInfo) -> list[tuple[Writing, ZoneInfo | None]]:
    """Ways of writing the dates of a patient there, each with the zone that must be sent."""
    local = [(at_local(time, zone), zone) for time in (EARLY, NOON, LATE)]
    utc = [(as_utc(time, zone), zone) for time in (EARLY, LATE)]
    elsewhere = [(at_offset(NOON, zone, dt.timedelta(hours=hours)), zone) for hours in (-11, 14)]
    return [(as_date, None), (at_local(NOON, zone), None), *local, *utc, *elsewhere]


def test_1000_synthetic_patients_get_identical_numbers_in_days_and_in_dates(
    cohort: Cohort, predictor: Predictor
) -> None:
    rng = np.random.default_rng(5)
    days, dates = [], []
    for patient in range(PATIENTS):
        document = request_of(cohort, patient, int(rng.integers(-3, 90)))
        written, sent = _writings(ZONES[patient % len(ZONES)])[patient % 9]
        first_dose = dt.date(2019, 1, 1) + dt.timedelta(days=int(rng.integers(0, 3_000)))
        days.append(read_request(orjson.dumps(document)))
        dates.append(read_record(orjson.dumps(in_dates(document, first_dose, written, sent))))
    outcomes = Counter[str]()
    here, there = _answers(predictor, days), _answers(predictor, [in_days(record) for record in dates])
    for request, record, one, other in zip(days, dates, here, there, strict=True):
        assert isinstance(record, DatedRecord)
        for in_full in (False, True):
            assert input_text(request, in_full=in_full) == input_text(record.request, in_full=in_full)
        assert other == one  # every digit
        answer = orjson.loads(answer_in_dates(other, record.calendar))
        outcomes[answer["outcome"]] += 1
        if answer["outcome"] == "predicted":
            day = dt.date.fromisoformat(answer["landmark"]["date"]) - record.calendar.first_dose
            assert answer["landmark"]["day"] == day.days
            answer["landmark"]["date"] = None
        assert orjson.dumps(answer) == one
    assert outcomes["predicted"] > 300
    assert outcomes["not_predictable"] > 100


def _answers(predictor: Predictor, requests: Sequence[PredictionRequest]) -> list[bytes]:
    replies = predictor.answer_many(requests, [f"id-{place}" for place in range(len(requests))])
    return [reply.body for reply in replies if isinstance(reply, PredictionReply)]


def problems(document: Document) -> list[RequestProblem]:
    with pytest.raises(RequestRefusedError) as caught:
        Predictor(toy_bundle(), "3").predict(read_record(json.dumps(document)))
    return list(caught.value.problems)


def _date(day: int) -> str:
    return as_date(FIRST_DOSE + dt.timedelta(days=day))


@pytest.mark.parametrize(
    ("changes", "path", "required", "found"),
    [
        ({("as_of_date",): _date(6), ("events",): []}, "sessions[1].date", "a date not after as_of_date",
         "a later date"),
        ({("assessments", 1, "date"): _date(15)}, "assessments[1].date", "a date not after as_of_date", "a later date"),
        ({("events", 0, "date"): _date(15)}, "events[0].date", "a date not after as_of_date", "a later date"),
        ({("first_dose_date",): _date(1), ("sessions", 0, "date"): _date(2), ("events",): []}, "sessions[0].date",
         "a first dosing session on first_dose_date, the date from which days are counted", "another date"),
        ({("sessions", 0, "date"): _date(-1)}, "sessions[0].date",
         "a date from first_dose_date on; only a preparation session may be before it", "a date out of range"),
        ({("sessions", 1, "session_number"): 3, ("sessions", 0, "session_number"): 4}, "sessions[0].date",
         "session numbers of one kind that rise with time", "a date before the session before"),
        ({("prior_treatments", 0, "start_date"): _date(-29)}, "prior_treatments[0].end_date",
         "a date not before start_date", "an earlier date"),
        ({("assessments", 1, "date"): _date(0)}, "assessments[1].date",
         "one rating per patient, date and instrument; after_dose = true for another one after the dose",
         "a second one"),
        ({("events", 0): {"date": _date(6), "event": "death"}}, "sessions[1].date",
         "no record after the date of the patient's death", "a later date"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_of_days_is_refused_in_dates(
    changes: dict[tuple[str | int, ...], object], path: str, required: str, found: str
) -> None:
    document = DATED
    for place, value in changes.items():
        document = changed(place, value, document)
    assert RequestProblem(path, required, found) in problems(document)
    for problem in problems(document):
        assert "day" not in f"{problem.path} {problem.found}"


def test_a_problem_of_another_field_stays_as_it_is() -> None:
    document = changed(("assessments", 1, "score"), 22, DATED)
    assert problems(document) == problems(changed(("assessments", 1, "score"), 22))


def test_the_offline_answer_has_the_date_and_is_refused_at_the_same_paths() -> None:
    offline = predict_json(json.dumps(DATED).encode(), toy_bundle(), "champion")
    online = Predictor(toy_bundle(), "champion").predict(read_record(json.dumps(DATED))).model_dump(mode="json")
    assert offline | {"prediction_id": ""} == online | {"prediction_id": ""}
    assert offline["landmark"] == {"name": "before session 3", "day": 14, "date": "2026-10-21"}
    late = changed(("assessments", 1, "date"), "2026-10-22", DATED)
    with pytest.raises(InputRefusedError) as caught:
        predict_json(json.dumps(late).encode(), toy_bundle(), "3")
    expected = Problem("assessments[1].date", None, None, "a date not after as_of_date", "a later date")
    assert caught.value.problems == (expected,)


def test_the_offline_answer_takes_the_zone_of_the_setting() -> None:
    body = json.dumps(in_dates(EXAMPLE, FIRST_DOSE, as_utc(EARLY, ZONES[0]))).encode()
    assert predict_json(body, toy_bundle(), "3", ZONES[0])["landmark"]["date"] == "2026-10-21"
    with pytest.raises(InputRefusedError):
        predict_json(body, toy_bundle(), "3")


def test_no_prediction_is_the_same_answer_in_both_forms() -> None:
    predictor = Predictor(toy_bundle(), "3")
    days, dates = example(assessments=[]), in_dates(example(assessments=[]), FIRST_DOSE)
    here, there = (predictor.answer(read_record(json.dumps(one)), "id") for one in (days, dates))
    assert here == there
