import json
import subprocess
import sys
from typing import Any

import httpx
import pytest

from features.problems import InputRefusedError
from serving.predictor import Predictor
from serving.service import serve
from tests.serving.bundles import toy_bundle
from tests.serving.conftest import BENTOML, ROOT, Server
from tests.serving.requests import EXAMPLE, changed, example, read

MARKER = "XMARKERX"
PROBLEM_JSON = "application/problem+json"


def post(server: Server, document: Any) -> httpx.Response:
    content = document if isinstance(document, str | bytes) else json.dumps(document)
    return server.client.post("/v1/predict", content=content, headers={"Content-Type": "application/json"})


def test_a_prediction_over_http_is_the_predictors(server: Server) -> None:
    response = post(server, EXAMPLE)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    here = Predictor(toy_bundle(), "3").predict(read(EXAMPLE)).model_dump(mode="json")
    there = response.json()
    assert there.pop("prediction_id") != here.pop("prediction_id")
    assert there["model"].pop("bundle_digest") == server.client.get("/v1/model").json()["bundle_digest"]
    here["model"].pop("bundle_digest")
    assert there == here


def test_what_is_not_predictable_is_an_answer_and_no_error(server: Server) -> None:
    response = post(server, example(assessments=[]))
    assert response.status_code == 200
    assert response.json()["outcome"] == "not_predictable"
    assert response.json()["reasons"][0]["code"] == "no_baseline"


def test_the_model_describes_itself(server: Server) -> None:
    model = server.client.get("/v1/model").json()
    assert (model["version"], model["run_id"], model["protocol"]) == ("3", "a1b2", "kap")
    assert [landmark["name"] for landmark in model["landmarks"]] == [
        "before session 1",
        "before session 2",
        "before session 3",
    ]
    assert model["landmarks"][0]["heads"]["remission"] == {
        "patients": 400,
        "events": 150,
        "winner": "logistic",
        "note": "",
    }
    assert model["landmarks"][0]["applicability"] is None  # the toy bundle does not describe its training patients
    assert model["horizons_days"] == [84, 182]
    assert model["features"] == len(toy_bundle().features)
    assert model["synthetic"] is True
    assert "synthetic" in model["learned_from"]
    assert "not a medical device" in model["not_a_medical_device"]


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (changed(("patient", "sex"), MARKER), "patient.sex"),
        (changed(("patient", "age_years"), MARKER), "patient.age_years"),
        (changed(("patient", MARKER + " 1980"), 1), "patient.?"),
        (changed(("patient", "covariates"), {"a": MARKER}), "patient.covariates.a"),
        (changed(("assessments", 1, "instrument"), MARKER), "assessments[1].instrument"),
        (changed(("assessments", 1, "score"), 98765), "assessments[1].score"),
        (changed(("sessions", 1, "day"), 98765), "sessions[1].day"),
        (changed(("events", 0, "day"), 9.8765), "events[0].day"),
        ('{"as_of_day": XMARKERX}', ""),
        (f'"{MARKER}"', ""),
        (b"\xff" + MARKER.encode(), ""),
        ("", "as_of_day"),
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


def test_values_of_a_good_request_are_not_logged_either(server: Server) -> None:
    post(server, changed(("patient", "patient_ref"), MARKER, changed(("patient", "age_years"), 43.21987)))
    written = server.written()
    assert "path=/v1/predict" in written
    assert MARKER not in written
    assert "43.21987" not in written
    assert "Traceback" not in written


@pytest.mark.parametrize(
    ("method", "path", "media_type", "status"),
    [
        ("GET", "/v1/predict", "application/json", 405),
        ("POST", "/v1/model", "application/json", 405),
        ("GET", "/v1/elsewhere", "application/json", 404),
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


def test_the_served_bundle_is_the_promoted_one(server: Server) -> None:
    labels = {"bundle_digest": "0" * 63}
    script = (
        "import bentoml, shutil, sys\n"
        "from pathlib import Path\n"
        "from serving.service import NoModelError, load_served\n"
        "good = bentoml.models.get('kap-outcomes:latest')\n"
        f"with bentoml.models.create('kap-outcomes:swapped', labels={labels}) as model:\n"
        "    shutil.copytree(Path(good.path) / 'bundle', Path(model.path) / 'bundle')\n"
        "try:\n"
        "    load_served()\n"
        "except NoModelError as error:\n"
        "    sys.exit(str(error))\n"
    )
    environment = server.environment | {"KAP_MODEL": "kap-outcomes:swapped"}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "its bundle is not the one that was promoted" in ended.stderr


def test_without_a_model_the_server_does_not_start(server: Server) -> None:
    command = [str(BENTOML), "serve", "serving.service:KapOutcomes"]
    environment = server.environment | {"KAP_MODEL": "kap-outcomes:absent"}
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "no model 'kap-outcomes:absent' in BentoML's model store" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr + ended.stdout


def test_a_host_that_is_no_address_is_refused_before_anything_starts() -> None:
    with pytest.raises(InputRefusedError) as caught:
        serve(host="clinic")
    assert [problem.column for problem in caught.value.problems] == ["--host"]
