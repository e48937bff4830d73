"""What an operator sees of a service: log lines, traces and metrics, each of which names its request and no value."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.serving.collector import CollectedSpans, collecting
from tests.serving.requests import EXAMPLE
from tests.serving.server.test_service_keys import bearer, make_key, until
from tests.serving.servers import Server, environment_in, running

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@dataclass(frozen=True)
class OperatedService:
    """A service with keys whose lines are JSON and whose traces are collected."""

    server: Server
    key_id: str
    token: str
    collected: CollectedSpans

    def ask(self, path: str = "/v1/predict", **headers: str) -> httpx.Response:
        given = bearer(self.token) | {name.replace("_", "-"): value for name, value in headers.items()}
        if path == "/v1/predict":
            return self.server.client.post(path, json=EXAMPLE, headers=given)
        return self.server.client.get(path, headers=given)

    def lines(self) -> list[dict[str, Any]]:
        whole, _, _ = self.server.written().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def line(self, request_id: str) -> dict[str, Any]:
        """The line of a request, which is written after its answer was sent."""
        until(lambda: f'"{request_id}"' in self.server.written().rpartition("\n")[0])
        (found,) = [line for line in self.lines() if line.get("request_id") == request_id]
        return found


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatedService]:
    folder = tmp_path_factory.mktemp("operated")
    with collecting() as collected:
        environment = environment_in(
            folder,
            KAP_LOG_FORMAT="json",
            OTEL_EXPORTER_OTLP_ENDPOINT=collected.endpoint,
            OTEL_BSP_SCHEDULE_DELAY="100",
        )
        key_id, token = make_key(environment, "--scope", "admin")
        with running(folder, environment=environment) as server:
            yield OperatedService(server, key_id, token, collected)


def test_a_line_says_when_what_how_long_for_which_key_and_which_prediction(operated: OperatedService) -> None:
    answer = operated.ask(X_Request_Id="visit-5077")
    line = operated.line("visit-5077")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert abs(datetime.fromisoformat(line["time"]).timestamp() - datetime.now(UTC).timestamp()) < 60
    assert (line["level"], line["logger"]) == ("INFO", "bentoml.kap.access")
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/predict", 200)
    assert 0 < line["duration_ms"] < 60_000
    assert line["key_id"] == operated.key_id
    assert line["prediction_id"] == answer.json()["prediction_id"]
    assert "client" not in line


def test_of_a_batch_the_number_of_predictions_is_logged(operated: OperatedService) -> None:
    headers = bearer(operated.token) | {"X-Request-Id": "night-1"}
    operated.server.client.post("/v1/predict_batch", json={"requests": [EXAMPLE, EXAMPLE, {}]}, headers=headers)
    assert operated.line("night-1")["predictions"] == 2


@pytest.mark.parametrize("given", ["a", "Visit_5077.b-1", "x" * 128])
def test_a_well_formed_request_id_comes_back_and_is_logged(operated: OperatedService, given: str) -> None:
    assert operated.ask("/v1/model", X_Request_Id=given).headers["x-request-id"] == given
    assert operated.line(given)["route"] == "/v1/model"


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", 'a"b', "a/b", "é", "%0a"])
def test_another_request_id_is_replaced_and_not_logged(operated: OperatedService, given: str) -> None:
    headers = {"X-Request-Id": given.encode("latin-1"), "Authorization": f"Bearer {operated.token}".encode()}
    answer = operated.server.client.get("/v1/model", headers=headers)  # type: ignore[arg-type]
    own = answer.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", own)
    assert operated.line(own)["status"] == 200
    assert len(given) < 3 or given not in operated.server.written()


def test_two_request_ids_count_as_none(operated: OperatedService) -> None:
    headers = [("X-Request-Id", "first-id"), ("X-Request-Id", "second-id"), *bearer(operated.token).items()]
    assert re.fullmatch(
        r"[0-9a-f]{32}", operated.server.client.get("/v1/model", headers=headers).headers["x-request-id"]
    )


def test_a_trace_of_the_caller_is_continued_and_names_the_request(operated: OperatedService) -> None:
    answer = operated.ask(traceparent=TRACEPARENT)
    assert (answer.headers["traceparent"], answer.headers["x-request-id"]) == (TRACEPARENT, TRACE)
    assert operated.line(TRACE)["trace_id"] == TRACE
    both = operated.ask(traceparent=TRACEPARENT, X_Request_Id="both")
    assert both.headers["x-request-id"] == "both"
    assert operated.line("both")["trace_id"] == TRACE


@pytest.mark.parametrize(
    "given", [TRACEPARENT[:-1], TRACEPARENT.upper(), f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff{TRACEPARENT[2:]}"]
)
def test_a_malformed_traceparent_is_not_echoed(operated: OperatedService, given: str) -> None:
    answer = operated.ask("/v1/model", traceparent=given)
    assert "traceparent" not in answer.headers
    assert answer.headers["x-request-id"] not in given


@pytest.mark.parametrize("path", ["/v1/model", "/metrics"])
def test_a_401_is_logged_with_the_address_of_the_caller(operated: OperatedService, path: str) -> None:
    headers = {"Authorization": "Bearer wrong", "X-Request-Id": f"intruder{path.replace('/', '.')}"}
    assert operated.server.client.get(path, headers=headers).status_code == 401
    line = operated.line(headers["X-Request-Id"])
    assert (line["status"], line["client"], line["route"]) == (401, "127.0.0.1", path)
    assert "key_id" not in line
    forged = headers | {"X-Forwarded-For": "XMARKERX", "X-Request-Id": f"forged{path.replace('/', '.')}"}
    operated.server.client.get(path, headers=forged)
    assert operated.line(forged["X-Request-Id"])["client"] in ("unknown", "127.0.0.1")


def test_the_lines_of_the_server_underneath_are_json_too(operated: OperatedService) -> None:
    address = ("127.0.0.1", operated.server.client.base_url.port or 0)
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(b"no http at all\r\n\r\n")
        connection.recv(1000)
    assert {"level", "logger", "message", "time"} <= set.intersection(*(set(line) for line in operated.lines()))


def test_a_prediction_is_traced_with_its_steps_and_nothing_of_its_content(operated: OperatedService) -> None:
    trace = "aa" * 16
    prediction = operated.ask(traceparent=f"00-{trace}-00f067aa0ba902b7-01").json()["prediction_id"]

    def mine() -> dict[str, Any]:
        return {span.name: span for span in operated.collected.spans() if span.trace_id.hex() == trace}

    until(lambda: len(mine()) == 3)
    spans = mine()
    request, predict, write = (spans[name] for name in ("POST /v1/predict", "predict", "write log"))
    assert request.parent_span_id.hex() == "00f067aa0ba902b7"
    assert predict.parent_span_id == write.parent_span_id == request.span_id
    assert request.start_time_unix_nano <= predict.start_time_unix_nano <= predict.end_time_unix_nano
    assert predict.end_time_unix_nano <= write.start_time_unix_nano < write.end_time_unix_nano
    assert write.end_time_unix_nano <= request.end_time_unix_nano
    attributes = {one.key: one.value.string_value or one.value.int_value for one in request.attributes}
    assert attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/predict",
        "http.response.status_code": 200,
    }
    assert not predict.attributes
    assert not write.attributes
    sent = b"".join(operated.collected.bodies)
    for secret in (prediction, operated.token, operated.key_id, "c1-0042"):
        assert secret.encode() not in sent


def metrics(operated: OperatedService) -> str:
    return operated.ask("/metrics").text


def test_the_metrics_tell_of_processes_builds_models_and_the_log(operated: OperatedService) -> None:
    operated.ask()
    page = metrics(operated)
    for pattern in (
        r'kap_build_info\{python="3\.[0-9.]+",version="[^"]+"\} 1\.0',
        r'kap_model_info\{digest="[0-9a-f]{64}",run_id="a1b2",tag="kap-outcomes:\w+",version="3"\} 1\.0',
        r'process_resident_memory_bytes\{worker="1"\} [1-9]',
        r'process_cpu_seconds_total\{worker="1"\} [0-9]',
        r'process_open_fds\{worker="1"\} [1-9]',
        r'kap_worker_restarts_total\{worker="1"\} 0\.0',
        r"kap_requests_waiting 0\.0",
        r"kap_log_write_seconds_count [1-9]",
        r"kap_log_up 1\.0",
    ):
        assert re.search(f"^{pattern}", page, re.MULTILINE), pattern


def test_promtool_finds_nothing_to_correct_in_the_metrics(operated: OperatedService) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    assert operated.ask("/livez", X_Long="a" * 40_000).status_code == 431
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=metrics(operated), capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_a_worker_that_was_replaced_is_counted_and_its_gauges_are_gone(operated: OperatedService) -> None:
    (worker,) = operated.server.workers()
    os.kill(worker, signal.SIGKILL)

    def restarted() -> bool:
        try:
            return 'kap_worker_restarts_total{worker="1"} 1.0' in metrics(operated)
        except httpx.TransportError:
            return False  # the new one does not listen yet

    until(restarted)
    (replacement,) = operated.server.workers()
    page = metrics(operated)
    assert f'kap_worker_process_id{{worker="1"}} {float(replacement)}' in page
    assert page.count("process_open_fds{") == 1
