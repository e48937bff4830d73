"""A page over real HTTP: made with a key, opened by its link alone, gone with the patient, and named in no log."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from serving.log.check import check_log
from serving.log.erasure import erase_patient
from serving.log.queries import LogEntry, find_entry, read_entries
from serving.storage.launches import MOST_WHAT_IFS
from serving.storage.log_location import open_log
from serving.storage.state import State
from tests.serving.decision.pages import text_of
from tests.serving.requests import EXAMPLE, changed, example
from tests.serving.servers import Server

RATING = {"answers": {"next_rating": 5}, "language": "en"}


@pytest.fixture(scope="module")
def log(server: Server) -> Iterator[State]:
    state = open_log(str(server.state / "predictions.db"))
    yield state
    state.engine.dispose()


def launched(server: Server, document: Any = EXAMPLE, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    response = server.client.post("/decide", json=document, headers=given)
    assert response.status_code == 201, response.text
    return response


def token_of(response: httpx.Response) -> str:
    return str(response.headers["location"]).partition("launch=")[2]


def what_if(server: Server, token: str, body: Any = RATING) -> httpx.Response:
    content = body if isinstance(body, str) else json.dumps(body)
    headers = {"Authorization": f"Launch {token}", "Content-Type": "application/json"}
    return server.client.post("/decide/what-if", content=content, headers=headers)


def what_ifs(log: State, prediction_id: str) -> list[LogEntry]:
    found = read_entries(log.engine, log.secret, kind="what_if")
    return [entry for entry in found if entry.answer and json.loads(entry.answer)["what_if_of"] == prediction_id]


def prediction_of(page: str) -> str:
    (found,) = re.findall(r"prediction ([0-9a-f-]{36})", page)
    return str(found)


def test_a_key_makes_a_link_that_opens_the_page_of_a_logged_answer(server: Server, log: State) -> None:
    made = launched(server)
    assert made.json()["path"] == made.headers["location"]
    left = datetime.fromisoformat(made.json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=13) < left <= timedelta(minutes=15)
    page = server.client.get(made.json()["path"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "about 49 of 100" in text_of(page.text, "patient")
    entry = find_entry(log.engine, log.secret, prediction_of(page.text))
    assert entry is not None
    assert (entry.kind, entry.caller) == ("prediction", "loopback")


def test_who_accepts_html_gets_the_page_at_once(server: Server) -> None:
    made = launched(server, Accept="text/html,application/xhtml+xml;q=0.9", Accept_Language="de")
    assert made.text.startswith('<!DOCTYPE html>\n<html lang="de">')
    again = server.client.get(made.headers["location"], headers={"Accept-Language": "de"})
    assert again.text == made.text


def test_a_page_has_a_strict_policy_and_leaves_no_trace_in_the_browser(server: Server) -> None:
    page = server.client.get(launched(server).json()["path"])
    policies = page.headers.get_list("content-security-policy")
    assert len(policies) == 1
    for rule in ("default-src 'none'", "style-src 'sha256-", "script-src 'sha256-", "frame-ancestors 'none'"):
        assert rule in policies[0]
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in page.headers


def test_a_record_without_a_prediction_has_a_page_too(server: Server) -> None:
    page = server.client.get(launched(server, example(assessments=[])).json()["path"]).text
    assert "There is no number for you" in text_of(page)


@pytest.mark.parametrize("document", [changed(("as_of_day",), "today"), changed(("patient", "age_years"), 900)])
def test_a_record_that_is_not_valid_makes_no_page(server: Server, document: Any) -> None:
    response = server.client.post("/decide", json=document)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert response.json()["problems"]


def test_a_what_if_is_another_patients_number_and_an_entry_of_its_own_kind(server: Server, log: State) -> None:
    made = launched(server)
    prediction_id = prediction_of(server.client.get(made.json()["path"]).text)
    before = len(list(read_entries(log.engine, log.secret)))
    response = what_if(server, token_of(made))
    assert response.status_code == 200
    assert response.json()["outcome"] == "predicted"
    assert re.fullmatch(r"about \d+ of 100", response.json()["numbers"]["remission"])
    (entry,) = what_ifs(log, prediction_id)
    original = find_entry(log.engine, log.secret, prediction_id)
    assert original is not None
    assert (entry.patient, entry.caller) == (original.patient, original.caller)
    assert json.loads(entry.row or "") != json.loads(original.row or "")
    assert json.loads(entry.answer or "")["questions"] == ["next_rating"]
    assert len(list(read_entries(log.engine, log.secret))) == before, "no prediction for monitoring"
    assert check_log(log.engine, log.secret).findings == ()


def test_the_better_the_rating_of_the_other_patient_the_likelier_is_remission(server: Server) -> None:
    token = token_of(launched(server))
    better, worse = (what_if(server, token, {"answers": {"next_rating": score}}).json() for score in (2, 20))
    first, second = (int(re.findall(r"\d+", found["numbers"]["remission"])[0]) for found in (better, worse))
    assert first > second


def test_the_words_of_a_what_if_are_in_the_language_of_its_page(server: Server) -> None:
    response = what_if(server, token_of(launched(server)), RATING | {"language": "de"})
    assert re.fullmatch(r"etwa \d+ von 100", response.json()["numbers"]["remission"])


@pytest.mark.parametrize(
    "body", ["", "[]", "XMARKERX", {"answers": {}}, {"answers": {"next_rating": 22}}, {"answers": {"XMARKERX": 1}}]
)
def test_a_what_if_that_is_not_open_is_refused_and_its_value_not_repeated(server: Server, body: Any) -> None:
    response = what_if(server, token_of(launched(server)), body)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert "XMARKERX" not in response.text
    assert "22" not in response.text


def test_one_page_has_a_limited_number_of_what_ifs(server: Server) -> None:
    token = token_of(launched(server))
    answers = [what_if(server, token).status_code for _ in range(MOST_WHAT_IFS + 2)]
    assert answers == [200] * MOST_WHAT_IFS + [429, 429]


def test_once_the_patient_is_erased_neither_page_nor_what_if_nor_its_entries_are_left(
    server: Server, log: State
) -> None:
    document = changed(("patient", "patient_ref"), "c1-to-erase")
    made = launched(server, document)
    prediction_id = prediction_of(server.client.get(made.json()["path"]).text)
    assert what_if(server, token_of(made)).status_code == 200
    assert erase_patient(log.engine, log.secret, "c1-to-erase", by="the clinic", reason="asked for") == 2
    gone = server.client.get(made.json()["path"])
    assert (gone.status_code, gone.headers["content-type"]) == (410, "text/html; charset=utf-8")
    assert "no longer there" in text_of(gone.text)
    assert what_if(server, token_of(made)).status_code == 410
    assert what_ifs(log, prediction_id) == []


def test_no_line_of_the_servers_log_has_a_token_or_a_value(server: Server) -> None:
    made = launched(server, changed(("patient", "patient_ref"), "c1-unseen"))
    token = token_of(made)
    server.client.get(made.json()["path"])
    what_if(server, token)
    what_if(server, token, "XMARKERX")
    server.client.get("/decide?launch=" + token[:-4] + "AAAA")
    written = server.written()
    assert "GET /decide 200" in written
    assert "POST /decide/what-if 200" in written
    assert token[:20] not in written
    assert "c1-unseen" not in written
    assert "launch=" not in written


def test_an_unknown_link_is_a_page_that_says_what_to_do(server: Server) -> None:
    response = server.client.get("/decide?launch=AAAA", headers={"Accept-Language": "de"})
    assert response.status_code == 404
    assert "Öffnen Sie die Seite aus der Akte." in text_of(response.text)
    assert response.headers["content-security-policy"].count("sha256-") == 2
