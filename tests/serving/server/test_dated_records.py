"""The service over real HTTP takes a record in dates as the same record in days, and logs days only."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from serving.client import CallRefusedError, KapClient
from serving.contract.dated_request import DatedPredictionRequest
from serving.contract.response import Prediction, RefusedRequest
from serving.log.queries import LogEntry, find_entry, read_entries
from serving.storage.log_location import open_log
from tests.serving.dated_records import as_utc, in_dates
from tests.serving.requests import EXAMPLE, Document, changed, example
from tests.serving.servers import Server, environment_in, running

pytestmark = pytest.mark.slow
BERLIN = ZoneInfo("Europe/Berlin")
FIRST_DOSE = dt.date(1971, 3, 5)
"""A year that nothing else in a log or a line has."""
DATED = in_dates(EXAMPLE, FIRST_DOSE)
IN_UTC = in_dates(EXAMPLE, FIRST_DOSE, as_utc(dt.time(0, 15), BERLIN))
"""Every moment is on the day before in UTC."""
LANDMARK_DATE = "1971-03-19"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a clinic in Berlin."""
    folder = tmp_path_factory.mktemp("berlin")
    with running(folder, environment=environment_in(folder, KAP_TIME_ZONE="Europe/Berlin")) as started:
        yield started


def post(server: Server, document: Any, key: str = "", path: str = "/v1/predict") -> Any:
    response = server.client.post(path, json=document, headers={"Idempotency-Key": key} if key else {})
    return response.json() | {"status": response.status_code}


def logged(server: Server) -> list[LogEntry]:
    log = open_log(str(server.state / "predictions.db"))
    try:
        return list(read_entries(log.engine, log.secret))
    finally:
        log.engine.dispose()


def entry(server: Server, prediction_id: str) -> LogEntry:
    log = open_log(str(server.state / "predictions.db"))
    try:
        found = find_entry(log.engine, log.secret, prediction_id)
    finally:
        log.engine.dispose()
    assert found is not None
    return found


def undated(answer: Document) -> Document:
    return answer | {"landmark": answer["landmark"] | {"date": None}}


@pytest.mark.parametrize("document", [DATED, IN_UTC, IN_UTC | {"time_zone": "Europe/Berlin"}])
def test_the_same_key_gives_days_and_dates_the_same_logged_answer(server: Server, document: Document) -> None:
    for first, again in ((EXAMPLE, document), (document, EXAMPLE)):
        key, before = str(uuid4()), len(logged(server))
        answers = [post(server, one, key) for one in (first, again)]
        dates = [answer["landmark"]["date"] for answer in answers]
        assert dates == [None if one is EXAMPLE else LANDMARK_DATE for one in (first, again)]
        assert undated(answers[0]) == undated(answers[1])
        assert len(logged(server)) == before + 1


def test_without_a_key_the_numbers_and_the_digest_are_the_same(server: Server) -> None:
    days, dates = post(server, EXAMPLE), post(server, IN_UTC)
    assert days["prediction_id"] != dates["prediction_id"]
    for part in ("remission", "relapse", "sustained_remission", "reasons"):
        assert days[part] == dates[part]
    one, other = entry(server, days["prediction_id"]), entry(server, dates["prediction_id"])
    assert one.input_digest == other.input_digest
    assert one.row == other.row


def test_another_date_of_a_rating_is_another_record(server: Server) -> None:
    key = str(uuid4())
    post(server, DATED, key)
    assert post(server, changed(("assessments", 1, "date"), "1971-03-12", DATED), key)["status"] == 422


def test_no_date_is_in_the_log_or_in_a_line_of_the_server(server: Server) -> None:
    answer = post(server, IN_UTC)
    post(server, changed(("events", 0, "date"), "1971", DATED))
    found = entry(server, answer["prediction_id"])
    assert answer["landmark"] == {"name": "before session 3", "day": 14, "date": LANDMARK_DATE}
    assert (found.landmark_day, json.loads(found.answer or "")["landmark"]["date"]) == (14, None)
    assert "1971-0" not in str(found)
    assert "1971-0" not in server.written()
    assert "1971" not in server.client.get("/metrics").text


def test_a_batch_has_both_forms_and_each_is_answered_in_its_own(server: Server) -> None:
    late = changed(("assessments", 1, "date"), "1971-03-20", DATED)
    requests = [EXAMPLE, DATED, late, DATED | {"as_of_day": 14}, in_dates(example(assessments=[]), FIRST_DOSE)]
    key = str(uuid4())
    days, dates, *refused, impossible = post(server, {"requests": requests}, key, "/v1/predict_batch")["answers"]
    assert days["landmark"]["date"] is None
    assert dates["landmark"]["date"] == LANDMARK_DATE
    assert undated(dates) | {"prediction_id": ""} == days | {"prediction_id": ""}
    assert [one["problems"][0]["path"] for one in refused] == ["assessments[1].date", "as_of_day"]
    assert impossible["outcome"] == "not_predictable"
    again = post(server, {"requests": [DATED, EXAMPLE]}, key, "/v1/predict_batch")["answers"]
    assert [one["landmark"]["date"] for one in again] == [LANDMARK_DATE, None]
    assert [one["prediction_id"] for one in again] == [days["prediction_id"], dates["prediction_id"]]


def test_a_refusal_names_the_date_and_what_it_should_be(server: Server) -> None:
    found = post(server, changed(("assessments", 1, "date"), "1971-03-20", DATED))
    problem = {"path": "assessments[1].date", "required": "a date not after as_of_date", "found": "a later date"}
    assert (found["status"], found["problems"]) == (400, [problem])


def test_a_long_record_is_read_in_dates_too(server: Server) -> None:
    ratings = [{"day": -day, "instrument": "gad7", "score": 16} for day in range(400)]
    answers = [post(server, one) for one in (example(assessments=ratings), _long(ratings))]
    assert answers[0]["remission"] == answers[1]["remission"]
    assert answers[1]["landmark"]["date"] == LANDMARK_DATE


def _long(ratings: list[Document]) -> Document:
    return in_dates(example(assessments=ratings), FIRST_DOSE, as_utc(dt.time(0, 15), BERLIN))


def test_the_client_takes_both_forms(server: Server) -> None:
    typed = DatedPredictionRequest.model_validate(DATED)
    with KapClient(str(server.client.base_url)) as kap:
        answers = [kap.predict(one) for one in (DATED, typed)]
        one, other, refused = kap.predict_batch([typed, EXAMPLE, DATED | {"time_zone": "Berlin"}])
        with pytest.raises(CallRefusedError) as caught:
            kap.predict(DATED | {"as_of_day": 14})
    for answer in (*answers, one):
        assert isinstance(answer, Prediction)
        assert answer.landmark.date == LANDMARK_DATE
    assert isinstance(other, Prediction)
    assert other.landmark.date is None
    assert isinstance(refused, RefusedRequest)
    assert [problem.path for problem in refused.problems] == ["time_zone"]
    assert [problem.path for problem in caught.value.problems] == ["as_of_day"]
