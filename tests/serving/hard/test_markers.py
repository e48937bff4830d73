"""Marks planted as values, ids, keys and headers: none is in the log, the traces, the metrics or an error."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.serving.collector import CollectedSpans, collecting
from tests.serving.markers import MARKED_NUMBER, MARKER, MARKS
from tests.serving.openapi.mutations import bombard, mutations, synthetic_patients
from tests.serving.requests import EXAMPLE, changed
from tests.serving.server.test_service_keys import bearer, make_key, until
from tests.serving.servers import Server, environment_in, running

NUMBER = 1_000
HEADERS = {
    "Idempotency-Key": f"ward-{MARKER}-7",
    "X-Request-Id": f"/{MARKER}",
    "traceparent": f"00-{MARKER}",
    "tracestate": f"kap={MARKER}",
    "baggage": f"patient={MARKER}",
    "b3": MARKER,
    "User-Agent": MARKER,
    "Cookie": f"session={MARKER}",
    "Referer": f"http://{MARKER}.example/",
    "Origin": f"http://{MARKER}.example",
    "X-Forwarded-For": MARKER,
    "X-Forwarded-Proto": MARKER,
    "X-BentoML-Request-ID": MARKER,
    "Accept": MARKER,
}
RAW = (
    b"GET /XMARKERX HTTP/9.9\r\n\r\n",
    b"XMARKERX\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: XMARKERX\r\nXMARKERX\r\n\r\n",
    (
        b"GET /XMARKERX HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: XMARKERXXMARKERX\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ),
)


@dataclass
class DisturbedService:
    """A service at which marks were planted, and what it answered to those requests that it refused."""

    server: Server
    token: str
    collected: CollectedSpans
    metrics: str = ""
    errors: list[str] = field(default_factory=list)


def plant(bothered: DisturbedService) -> None:
    """Every place of a request that a caller fills, answered and refused, with a right and a wrong key."""
    client, own = bothered.server.client, bearer(bothered.token)
    marked = changed(("patient", "patient_ref"), MARKER, changed(("patient", "age_years"), MARKED_NUMBER))
    unknown = {MARKER: MARKER, "patient": {MARKER: MARKER}, "assessments": [{MARKER: MARKER}]}
    for path in ("/v1/predict", f"/v1/predict?{MARKER}={MARKER}", "/v1/predict_batch", f"/{MARKER}", "/v1/model"):
        for document in (marked, unknown, {"requests": [marked, unknown]}, MARKER, MARKED_NUMBER):
            for headers in (own, bearer(MARKER), {"Authorization": MARKER}, own | {"Content-Type": MARKER}):
                note(bothered, client.post(path, content=json.dumps(document), headers=HEADERS | headers))
    for method in ("GET", "PUT", MARKER):
        note(bothered, client.request(method, f"/v1/model?{MARKER}", headers=HEADERS | own))
    note(bothered, client.post("/v1/predict", json=marked, headers=own | {"Idempotency-Key": f"{MARKER} {MARKER}"}))
    for raw in RAW:
        with socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=60) as connection:
            connection.sendall(raw)
            bothered.errors.append(connection.recv(10_000).decode("latin-1"))


def note(bothered: DisturbedService, response: httpx.Response) -> None:
    if response.status_code >= 400:
        bothered.errors.append(f"{response.headers} {response.text}")


def lose_the_log(server: Server, token: str) -> None:
    """An outage of the log, under requests with marks."""
    database = server.state / "predictions.db"
    database.replace(server.state / "away.db")
    marked = changed(("patient", "patient_ref"), MARKER)
    until(lambda: server.client.post("/v1/predict", json=marked, headers=bearer(token)).status_code == 503)
    (server.state / "away.db").replace(database)
    until(lambda: server.client.post("/v1/predict", json=marked, headers=bearer(token)).status_code == 200)


@pytest.fixture(scope="module", params=["text", "json"])
def bothered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DisturbedService]:
    folder = tmp_path_factory.mktemp(request.param)
    with collecting() as collected:
        environment = environment_in(
            folder,
            KAP_LOG_FORMAT=request.param,
            OTEL_EXPORTER_OTLP_ENDPOINT=collected.endpoint,
            OTEL_BSP_SCHEDULE_DELAY="100",
        )
        _, token = make_key(environment, "--scope", "admin", "--per-minute", "1000000")
        with running(folder, environment=environment) as server:
            found = DisturbedService(server, token, collected)
            plant(found)
            seen = bombard(server, mutations(synthetic_patients(folder / "cohort"), NUMBER, seed=11), key=token)
            assert seen.wrong == []
            lose_the_log(server, token)
            found.metrics = server.client.get("/metrics", headers=bearer(token)).text
        yield found


def marks(bothered: DisturbedService) -> tuple[str, ...]:
    secret = (bothered.server.state / "secret").read_text().strip()
    return (*MARKS, MARKER.lower(), bothered.token, secret, str(EXAMPLE["patient"]["patient_ref"]))


def hits(bothered: DisturbedService, text: str) -> list[str]:
    return [line[:300] for line in text.splitlines() if any(mark in line for mark in marks(bothered))]


def test_no_mark_is_in_a_line_of_the_log(bothered: DisturbedService) -> None:
    written = bothered.server.written()
    assert len(written.splitlines()) > NUMBER
    assert "the prediction log can't be written" in written
    assert hits(bothered, written) == []


def test_no_mark_is_in_a_trace(bothered: DisturbedService) -> None:
    sent = b"".join(bothered.collected.bodies).decode("latin-1")
    assert len(bothered.collected.spans()) > NUMBER
    assert hits(bothered, sent) == []


def test_no_mark_is_in_a_metric(bothered: DisturbedService) -> None:
    assert "kap_refusals_total" in bothered.metrics
    assert hits(bothered, bothered.metrics) == []


def test_no_mark_is_in_an_error(bothered: DisturbedService) -> None:
    assert len(bothered.errors) > 50
    assert hits(bothered, "\n".join(bothered.errors)) == []


def test_every_line_of_the_json_log_is_an_object(bothered: DisturbedService) -> None:
    if bothered.server.environment["KAP_LOG_FORMAT"] == "json":
        assert all(isinstance(json.loads(line), dict) for line in bothered.server.written().splitlines())
