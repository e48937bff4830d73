"""What the client asks, and what it takes for an answer: the contract's types, whole and right, or an error."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from serving.client import (
    CallRefusedError,
    Readiness,
    Retries,
    ServiceFailedError,
    TimeLimits,
)
from serving.contract.response import NotPredictable, Prediction, RefusedRequest
from serving.http import readyz
from tests.places import ROOT
from tests.serving.client.cases import (
    KEY,
    MARKER,
    NOT_PREDICTABLE,
    PREDICTED,
    READY,
    REFUSED,
    client,
    raised_by,
)
from tests.serving.client.stub_server import (
    PROBLEM_JSON,
    Act,
    StubServer,
    answers,
    hangs_up,
    refuses,
    stub_server,
)
from tests.serving.requests import EXAMPLE, changed, read, without

README = (ROOT / "serving" / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with stub_server() as started:
        yield started


def test_a_prediction_comes_back_typed(stub: StubServer) -> None:
    stub.script = [answers(PREDICTED), answers(NOT_PREDICTABLE)]
    with client(stub) as kap:
        predicted, not_predictable = kap.predict(EXAMPLE), kap.predict(read(EXAMPLE))
    assert isinstance(predicted, Prediction)
    assert predicted.model_dump() == PREDICTED
    assert isinstance(not_predictable, NotPredictable)
    assert not_predictable.reasons[0].code == "died"
    for sent in stub.received:
        assert (sent.method, sent.path) == ("POST", "/v1/predict")
        assert sent.headers["authorization"] == f"Bearer {KEY}"
        assert sent.headers["content-type"] == "application/json"
        assert json.loads(sent.body) == EXAMPLE


def test_each_patient_of_a_batch_is_answered_or_refused_on_its_own(stub: StubServer) -> None:
    stub.script = [answers({"answers": [PREDICTED, REFUSED, NOT_PREDICTABLE]}), answers({"answers": [PREDICTED]})]
    with client(stub) as kap:
        found = kap.predict_batch([EXAMPLE, {"as_of_day": 3}, read(EXAMPLE)])
        kap.predict_batch([EXAMPLE], in_full=True)
    assert [type(one) for one in found] == [Prediction, RefusedRequest, NotPredictable]
    refused = found[1]
    assert isinstance(refused, RefusedRequest)
    assert refused.problems[0].path == "as_of_day"
    sent = [json.loads(one.body) for one in stub.received]
    assert sent[0] == {"requests": [EXAMPLE, {"as_of_day": 3}, EXAMPLE], "in_full": False}
    assert sent[1] == {"requests": [EXAMPLE], "in_full": True}
    assert {one.path for one in stub.received} == {"/v1/predict_batch"}


def test_a_refusal_lists_what_to_correct(stub: StubServer) -> None:
    wrong = {"path": "patient.age_years", "required": "a number from 10 to 110 years", "found": "another type"}
    error = raised_by(stub, refuses(400, problems=[wrong, wrong | {"path": "as_of_day"}]))
    assert isinstance(error, CallRefusedError)
    assert [problem.path for problem in error.problems] == ["patient.age_years", "as_of_day"]
    assert error.problems[0].model_dump() == wrong
    assert "correct the 2 fields in .problems" in str(error)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"problems": 5}', b'{"problems": [{}]}', b'{"detail": NaN', b"\xff"])
def test_problem_details_that_are_none_leave_the_status_to_speak(stub: StubServer, body: bytes) -> None:
    error = raised_by(stub, answers(body, 400, PROBLEM_JSON))
    assert isinstance(error, CallRefusedError)
    assert (error.status, error.detail, error.problems) == (400, "", ())


# What is taken for an answer


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b'{"outcome": "predicted"',
        b"null",
        b"\xff\xfe",
        json.dumps(changed(("remission", "probability"), float("nan"), PREDICTED)).encode(),
        json.dumps(changed(("reasons", "remission", "log_odds"), float("nan"), PREDICTED)).encode(),
        without(PREDICTED, "model"),
        without(PREDICTED, "outcome"),
        without(PREDICTED, "cautions", 0, "source"),
        without(PREDICTED, "relapse", "curve"),
        changed(("remission", "probability"), 1.01, PREDICTED),
        changed(("remission", "probability"), "0.5", PREDICTED),
        changed(("model", "synthetic"), 1, PREDICTED),
        changed(("landmark", "day"), 14.5, PREDICTED),
        changed(("applicability", "verdict"), "perhaps", PREDICTED),
        changed(("outcome",), MARKER, PREDICTED),
        REFUSED,
        [PREDICTED],
    ],
    ids=lambda answer: str(answer)[:40],
)
def test_half_an_answer_is_none(stub: StubServer, answer: Any) -> None:
    error = raised_by(stub, answers(answer))
    assert type(error) is ServiceFailedError
    assert re.match("the answer is not (JSON|valid at )", str(error))
    assert MARKER not in str(error)
    assert error.idempotency_key == stub.idempotency_keys()[0]
    assert len(stub.received) == 1


def _with_more(value: Any) -> Any:
    """The value with an unknown field in every object of it; ``tiers`` is a map of questions, not an object."""
    if isinstance(value, dict):
        more = {name: one if name == "tiers" else _with_more(one) for name, one in value.items()}
        return more | {"of_a_newer_service": [1]}
    return [_with_more(one) for one in value] if isinstance(value, list) else value


def test_what_a_newer_service_says_besides_is_left_out(stub: StubServer) -> None:
    stub.script = [answers(_with_more(PREDICTED)), answers(_with_more({"answers": [NOT_PREDICTABLE, REFUSED]}))]
    with client(stub) as kap:
        predicted = kap.predict(EXAMPLE)
        others = kap.predict_batch([EXAMPLE, EXAMPLE])
    assert predicted.model_dump() == PREDICTED
    assert [other.model_dump() for other in others] == [NOT_PREDICTABLE, REFUSED | {"more_problems": 0}]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_batch_has_an_answer_for_each_patient(stub: StubServer, number: int) -> None:
    stub.script = [answers({"answers": [PREDICTED] * number})]
    with client(stub) as kap, pytest.raises(ServiceFailedError, match="items for 2 records"):
        kap.predict_batch([EXAMPLE, EXAMPLE])


def test_an_answer_without_an_end_is_not_kept(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.client.retrying_call.MOST_ANSWER_BYTES", 1_000)
    error = raised_by(stub, answers(PREDICTED | {"more": "x" * 1_000}))
    assert isinstance(error, ServiceFailedError)
    assert "larger" in str(error)


def test_what_can_not_be_decompressed_is_no_answer(stub: StubServer) -> None:
    error = raised_by(stub, answers(b"no gzip", Content_Encoding="gzip"))
    assert isinstance(error, ServiceFailedError)
    assert stub.received[0].headers["accept-encoding"] == "identity"


# Readiness


@pytest.mark.parametrize(
    ("act", "ready"),
    [
        (answers(READY), True),
        (answers(READY | {"ready": False, "log": "does not answer"}, 503), False),
        (answers(b"<html>", 503, "text/html"), False),
        (refuses(503), False),
        (hangs_up, False),
    ],
)
def test_readiness_is_asked_for_once(stub: StubServer, act: Act, ready: bool) -> None:
    stub.script = [act]
    with client(stub) as kap:
        assert kap.ready() is ready
    assert [(one.method, one.path) for one in stub.received] == [("GET", "/readyz")]
    assert "idempotency-key" not in stub.received[0].headers


def test_readiness_says_what_stands_in_the_way(stub: StubServer) -> None:
    stub.script = [
        answers(READY | {"ready": False, "log": "does not answer"}, 503),
        answers({}),
        answers(b"<html>", 404),
    ]
    with client(stub) as kap:
        assert kap.readiness().log == "does not answer"
        for _ in range(2):
            with pytest.raises(ServiceFailedError):
                kap.ready()


# The guide


@pytest.mark.parametrize(
    ("act", "printed"),
    [
        (answers(PREDICTED), "0.5"),
        (answers(NOT_PREDICTABLE), "['The record says that the patient has died.']"),
        (refuses(503), "not now; the same later, with the key visit-5077"),
        (refuses(403), "the key does not allow this"),
    ],
)
def test_the_program_in_the_guide_runs(
    stub: StubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    act: Act,
    printed: str,
) -> None:
    (program,) = re.findall(r"```py\n(.*?)```", README, flags=re.DOTALL)
    (tmp_path / "patient.json").write_text(json.dumps(EXAMPLE), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("serving.client.api.Retries", lambda: Retries(tries=1))
    stub.script = [act]
    exec(program.replace("https://kap.example", stub.url), {})  # noqa: S102 - our own text
    assert capsys.readouterr().out.startswith(printed)
    assert stub.idempotency_keys() == ["visit-5077"]


def test_the_guide_has_the_limits_that_there_are() -> None:
    limits, retries = TimeLimits(), Retries()
    assert f"`TimeLimits(connect={limits.connect:g}, read={limits.read:g}, total={limits.total:g})`" in README
    first, longest = retries.first_wait, retries.longest_wait
    assert f"at most {first:g} seconds, then {2 * first:g}, {4 * first:g} and so on up to {longest:g} " in README


# What stands in two places


def test_readiness_is_the_services() -> None:
    assert list(Readiness.model_fields) == [one.name for one in fields(readyz.ReadinessReport)]


def test_a_clinic_need_not_load_the_service_to_ask_it() -> None:
    heavy = {"bentoml", "numpy", "scipy", "xgboost", "sqlalchemy", "starlette", "orjson", "mlflow"}
    code = f"import sys, serving.client; print(*sorted({heavy} & sys.modules.keys()))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert run.stdout.split() == []
