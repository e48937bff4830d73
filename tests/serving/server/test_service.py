"""The service over real HTTP: what it answers and refuses; and every answer is in the log before it leaves."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, update

from features.protocol.problems import InputRefusedError
from serving.contract.routes import ROUTES
from serving.log.check import check_log
from serving.log.queries import LogEntry, entries, find_entry, read_entries
from serving.prediction.predictor import Predictor
from serving.server.start import serve
from serving.storage.database import writing
from serving.storage.log_location import open_log
from serving.storage.settings import Settings
from serving.storage.state import State
from tests.serving.bundles import toy_bundle
from tests.serving.requests import EXAMPLE, changed, example, read
from tests.serving.server.test_service_keys import until
from tests.serving.servers import KAP, Server, environment_in, promote_toy

MARKER = "XMARKERX"
BEFORE_SESSION_1 = example(
    as_of_day=0, sessions=[], events=[], assessments=[{"day": 0, "instrument": "gad7", "score": 16}]
)
PROBLEM_JSON = "application/problem+json"


@pytest.fixture(scope="module")
def log(server: Server) -> Iterator[State]:
    state = open_log(str(server.state / "predictions.db"))
    yield state
    state.engine.dispose()


def post(server: Server, document: Any, path: str = "/v1/predict", **headers: str) -> httpx.Response:
    content = document if isinstance(document, str | bytes) else json.dumps(document)
    given = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return server.client.post(path, content=content, headers=given)


def batch(server: Server, *documents: Any, **more: Any) -> httpx.Response:
    key = {"Idempotency_Key": more.pop("key")} if "key" in more else {}
    return post(server, {"requests": documents, **more}, "/v1/predict_batch", **key)


def entry(log: State, prediction_id: str) -> LogEntry:
    found = find_entry(log.engine, log.secret, prediction_id)
    assert found is not None
    return found


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def test_a_prediction_over_http_is_the_predictors(server: Server) -> None:
    response = post(server, EXAMPLE)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    here = Predictor(toy_bundle(), "3").predict(read(EXAMPLE)).model_dump(mode="json")
    there = response.json()
    assert there["prediction_id"] != here["prediction_id"]
    assert without(there, "prediction_id", "model") == without(here, "prediction_id", "model")
    assert there["model"]["version"] == "3"


def test_what_is_not_predictable_is_an_answer_and_no_error(server: Server) -> None:
    response = post(server, example(assessments=[]))
    assert response.status_code == 200
    assert response.json()["outcome"] == "not_predictable"
    assert response.json()["reasons"][0]["code"] == "no_baseline"


@pytest.mark.parametrize("document", [EXAMPLE, example(assessments=[]), BEFORE_SESSION_1])
def test_what_was_answered_is_in_the_log_as_it_was_answered(server: Server, log: State, document: Any) -> None:
    response = post(server, document)
    found = entry(log, response.json()["prediction_id"])
    assert found.answer == response.text
    assert found.caller == "loopback"
    assert (found.model_version, found.run_id) == ("3", "a1b2")
    assert found.model_digest == response.json()["model"]["bundle_digest"]
    assert found.patient == log.secret.patient("c1-0042")
    assert 0 < found.latency_us < 10_000_000
    if response.json()["outcome"] == "predicted":
        recorded = json.loads(found.row or "")
        assert recorded["age_years"] == 41
        assert not recorded.keys() & set(response.json()["not_recorded"])
        assert found.landmark == response.json()["landmark"]["name"]
    assert "c1-0042" not in str(found)


def test_the_same_key_and_body_give_the_same_prediction_and_one_entry(server: Server, log: State) -> None:
    key = str(uuid4())
    first, again = (post(server, EXAMPLE, Idempotency_Key=key) for _ in range(2))
    reordered = json.dumps(dict(reversed(EXAMPLE.items())), indent=3)
    assert again.content == first.content
    assert post(server, reordered, Idempotency_Key=key).content == first.content
    other = post(server, changed(("patient", "age_years"), 42), Idempotency_Key=key)
    assert (other.status_code, other.headers["content-type"]) == (422, PROBLEM_JSON)
    ids = [found.prediction_id for found in read_entries(log.engine, log.secret)]
    assert ids.count(first.json()["prediction_id"]) == 1
    assert post(server, EXAMPLE).json()["prediction_id"] != first.json()["prediction_id"]


def test_where_the_logged_answer_was_changed_only_its_key_is_refused(server: Server, log: State) -> None:
    key, batch_key = str(uuid4()), str(uuid4())
    ids = [
        post(server, EXAMPLE, Idempotency_Key=key).json()["prediction_id"],
        batch(server, EXAMPLE, key=batch_key).json()["answers"][0]["prediction_id"],
    ]
    of_them = entries.c.prediction_id.in_(ids)
    with writing(log.engine) as connection:
        kept = connection.execute(select(entries.c.prediction_id, entries.c.ciphertext).where(of_them)).all()
        connection.execute(update(entries).where(of_them).values(ciphertext=b"changed"))
    try:
        for refused in (post(server, EXAMPLE, Idempotency_Key=key), batch(server, EXAMPLE, key=batch_key)):
            assert (refused.status_code, refused.headers["content-type"]) == (503, PROBLEM_JSON)
            assert refused.json()["detail"].endswith("Send a new key.")
        assert post(server, EXAMPLE, Idempotency_Key=str(uuid4())).status_code == 200
        assert "kap_log_up 1.0" in server.client.get("/metrics").text
    finally:
        with writing(log.engine) as connection:
            for prediction_id, ciphertext in kept:
                this = entries.c.prediction_id == prediction_id
                connection.execute(update(entries).where(this).values(ciphertext=ciphertext))
    assert post(server, EXAMPLE, Idempotency_Key=key).json()["prediction_id"] == ids[0]


def test_a_batch_answers_or_refuses_each_on_its_own_in_order(server: Server, log: State) -> None:
    older, early = changed(("patient", "age_years"), 52), example(assessments=[])
    wrong, worse = changed(("patient", "age_years"), "52"), changed(("sessions", 1, "day"), 99)
    response = batch(server, EXAMPLE, wrong, early, older, worse, 7)
    assert response.status_code == 200
    answers = response.json()["answers"]
    assert [answer["outcome"] for answer in answers] == [
        "predicted",
        "refused",
        "not_predictable",
        "predicted",
        "refused",
        "refused",
    ]
    assert answers[1]["problems"] == [
        {"path": "patient.age_years", "required": "a number from 10 to 110 years", "found": "another type"}
    ]
    assert answers[4]["problems"][0]["path"] == "sessions[1].day"
    for answer in (answers[0], answers[2], answers[3]):
        assert json.loads(entry(log, answer["prediction_id"]).answer or "") == answer


def test_a_patient_gets_the_same_answer_alone_and_in_a_batch(server: Server) -> None:
    documents = [changed(("patient", "age_years"), age) for age in range(20, 60)]
    together = batch(server, *documents, in_full=True).json()["answers"]
    for document, answer in zip(documents[::13], together[::13], strict=True):
        alone = post(server, document).json()
        assert without(answer, "prediction_id") == without(alone, "prediction_id")


def test_a_batch_has_no_curves_unless_asked_for(server: Server) -> None:
    plain, curved = batch(server, EXAMPLE).json(), batch(server, EXAMPLE, in_full=True).json()
    assert plain["answers"][0]["relapse"]["curve"] is None
    assert len(curved["answers"][0]["relapse"]["curve"]) > 10
    assert plain["answers"][0]["relapse"]["at_horizons"] == curved["answers"][0]["relapse"]["at_horizons"]


def test_a_batch_sent_again_under_its_key_adds_nothing(server: Server, log: State) -> None:
    documents = [changed(("patient", "age_years"), age) for age in (30, 30, 31)]
    first, again = (batch(server, *documents, key="night 1".replace(" ", "-")) for _ in range(2))
    assert again.content == first.content
    ids = [answer["prediction_id"] for answer in first.json()["answers"]]
    assert len(set(ids)) == 3
    logged = [found.prediction_id for found in read_entries(log.engine, log.secret)]
    assert [logged.count(prediction_id) for prediction_id in ids] == [1, 1, 1]
    assert batch(server, *documents[:2], EXAMPLE, key="night-1").status_code == 422


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"requests": []}, "requests"),
        ({"requests": [EXAMPLE] * 1001}, "requests"),
        ({}, "requests"),
        ({"requests": EXAMPLE}, "requests"),
        ({"requests": [EXAMPLE], "in_full": "yes"}, "in_full"),
        ([EXAMPLE], ""),
        (EXAMPLE, ""),
    ],
)
def test_a_batch_that_is_none_is_refused_whole(server: Server, document: Any, path: str) -> None:
    response = post(server, document, "/v1/predict_batch")
    assert response.status_code == 400
    assert [problem["path"] for problem in response.json()["problems"]] == [path]


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (changed(("patient", "sex"), MARKER), "patient.sex"),
        (changed(("patient", "age_years"), MARKER), "patient.age_years"),
        (changed(("patient", MARKER + " 1980"), 1), "patient.?"),
        (changed(("patient", "covariates"), {"a": MARKER}), "patient.covariates.?"),
        (changed(("assessments", 1, "instrument"), MARKER), "assessments[1].instrument"),
        (changed(("assessments", 1, "score"), 98765), "assessments[1].score"),
        (changed(("sessions", 1, "day"), 98765), "sessions[1].day"),
        (changed(("events", 0, "day"), 9.8765), "events[0].day"),
        ('{"as_of_day": XMARKERX}', ""),
        (f'"{MARKER}"', ""),
        (b"\xff" + MARKER.encode(), ""),
        ("", ""),
        ("[" * 100_000, ""),
    ],
)
def test_bad_input_is_refused_with_path_and_rule_and_never_the_value(server: Server, document: Any, path: str) -> None:
    response = post(server, document)
    assert response.status_code == 400
    assert response.headers["content-type"] == PROBLEM_JSON
    problem = response.json()
    assert (problem["type"], problem["title"], problem["status"]) == ("about:blank", "Bad Request", 400)
    assert problem["problems"][0]["path"] == path
    assert problem["problems"][0].keys() == {"path", "required", "found"}
    for value in (MARKER, "98765", "9.8765"):
        assert value not in response.text
        assert value not in server.written()


def test_values_of_a_good_request_are_written_nowhere_but_in_the_log(server: Server, log: State) -> None:
    document = changed(("patient", "patient_ref"), MARKER, changed(("patient", "age_years"), 43.21987))
    response = post(server, document, "/v1/predict?who=" + MARKER, Idempotency_Key=MARKER, X_Patient=MARKER)
    assert response.status_code == 200
    server.client.get("/" + MARKER)
    written = server.written()
    assert "POST /v1/predict 200" in written
    for value in (MARKER, "43.21987"):
        assert value not in written
        assert value not in server.client.get("/metrics").text
    assert "Traceback" not in written
    assert MARKER not in str(entry(log, response.json()["prediction_id"]))


@pytest.mark.parametrize(
    ("method", "path", "media_type", "status"),
    [
        ("GET", "/v1/predict", "application/json", 405),
        ("POST", "/v1/model", "application/json", 405),
        ("GET", "/v1/elsewhere", "application/json", 404),
        ("GET", "/", "application/json", 404),
        ("GET", "/docs.json", "application/json", 404),
        ("POST", "/v1/predict", "text/plain", 415),
        ("POST", "/v1/predict", "multipart/form-data; boundary=x", 415),
        ("POST", "/v1/predict", "application/vnd.bentoml+pickle", 415),
        ("POST", "/v1/predict", "application/json; charset=utf-8", 200),
    ],
)
def test_every_error_is_a_problem_document(
    server: Server, method: str, path: str, media_type: str, status: int
) -> None:
    content = json.dumps(EXAMPLE) if method == "POST" else None
    response = server.client.request(method, path, content=content, headers={"Content-Type": media_type})
    assert response.status_code == status
    if status != 200:
        assert response.headers["content-type"] == PROBLEM_JSON
        assert response.json()["status"] == status


def test_a_body_beyond_the_limit_is_refused(server: Server) -> None:
    response = post(server, " " * (2**20 + 1))
    assert (response.status_code, response.headers["content-type"]) == (413, PROBLEM_JSON)
    assert post(server, json.dumps(EXAMPLE) + " " * (2**20 - len(json.dumps(EXAMPLE)))).status_code == 200


@pytest.mark.parametrize("path", [*ROUTES, "/v1/elsewhere"])
def test_every_answer_carries_the_security_headers(server: Server, path: str) -> None:
    response = server.client.get(path)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert "server" not in response.headers
    assert "access-control-allow-origin" not in response.headers
    assert "strict-transport-security" not in response.headers  # there is no TLS to insist on


def test_it_says_that_it_is_alive_and_ready(server: Server) -> None:
    assert server.client.get("/livez").status_code == 200
    assert server.client.get("/healthz").status_code == 200
    ready = server.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "ready": True,
        "model_version": "3",
        "model": ready.json()["model"],
        "log": "answers",
        "newest_model_refused": None,
        "model_overridden": False,
    }
    assert ready.json()["model"].startswith("kap-outcomes:")


def test_the_metrics_count_what_was_asked(server: Server) -> None:
    def counted() -> float:
        lines = server.client.get("/metrics").text.splitlines()
        name = 'kap_answers_total{landmark="before session 3",outcome="predicted",version="3"} '
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    before = counted()
    post(server, EXAMPLE)
    batch(server, EXAMPLE, EXAMPLE)
    assert counted() == before + 3


def test_a_line_of_the_servers_log_names_the_request_and_the_prediction(server: Server) -> None:
    answer = post(server, EXAMPLE, X_Request_Id="plain-text-7")
    until(lambda: "plain-text-7" in server.written().rpartition("\n")[0])  # it is written after the answer was sent
    (line,) = [line for line in server.written().splitlines() if "plain-text-7" in line]
    assert re.search(r"POST /v1/predict 200 \d+\.\d ms request=plain-text-7 prediction=", line)
    assert line.endswith(answer.json()["prediction_id"])


def test_at_the_end_the_whole_log_holds(server: Server, log: State) -> None:
    post(server, EXAMPLE)
    checked = check_log(log.engine, log.secret)
    assert checked.findings == ()
    assert checked.predictions > 0


def test_without_a_model_the_server_does_not_start(tmp_path: Path) -> None:
    environment = environment_in(tmp_path, KAP_MODEL="kap-outcomes:absent")
    ended = subprocess.run([KAP, "serve"], env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 3
    assert "no model 'kap-outcomes:absent' in BentoML's model store" in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


def test_another_host_is_not_served_before_there_is_a_key(tmp_path: Path) -> None:
    environment = environment_in(tmp_path, KAP_PLAIN_HTTP="behind-a-proxy")
    promote_toy(environment)
    command = [KAP, "serve", "--host", "0.0.0.0"]  # noqa: S104 - it must not listen there
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 3
    assert "No API key was made yet" in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


def test_a_host_that_is_no_address_is_refused_before_anything_starts() -> None:
    with pytest.raises(InputRefusedError) as caught:
        serve(Settings(), host="clinic")
    assert [problem.place for problem in caught.value.problems] == ["--host"]


def test_a_name_that_is_there_twice_is_refused_with_its_path_and_counted(server: Server) -> None:
    text = json.dumps(EXAMPLE).replace('"score": 9', '"score": 9, "score": 20')
    headers = {"Content-Type": "application/json"}
    response = server.client.post("/v1/predict", content=text, headers=headers)
    assert response.status_code == 400
    assert [problem["path"] for problem in response.json()["problems"]] == ["assessments[1].score"]
    assert 'kap_refusals_total{field="assessments.score"}' in server.client.get("/metrics").text
    batch = f'{{"requests": [{json.dumps(EXAMPLE)}, {text}]}}'
    answers = server.client.post("/v1/predict_batch", content=batch, headers=headers).json()["answers"]
    assert [answer["outcome"] for answer in answers] == ["predicted", "refused"]


def test_a_refusal_has_a_limit_and_the_number_of_the_rest(server: Server) -> None:
    unknown = example(**{f"name{number}": 1 for number in range(70_000)})
    problem = server.client.post("/v1/predict", json=unknown).json()
    assert (len(problem["problems"]), problem["more_problems"]) == (100, 69_900)
    response = server.client.post("/v1/predict_batch", json={"requests": [unknown] * 4})
    assert len(response.content) < 100_000
    assert [item["more_problems"] for item in response.json()["answers"]] == [69_900] * 4
