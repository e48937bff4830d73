"""A running service is asked which model answers, over HTTP, and only the champion's copy passes."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from features.protocol.problems import InputRefusedError
from training.audit.service import KEY, served_model, service_verdict
from training.failures import StoreUnreachableError
from training.registry.decisions import FIRST, Decision
from training.registry.seal import Record
from training.registry.stored_training import StoredTraining, StoredVersion

MODEL = {"version": "1", "run_id": "r" * 32, "bundle_digest": "b" * 64, "promotion": {"decision": 1}}


class ModelService(BaseHTTPRequestHandler):
    """Answers ``GET /v1/model`` to whom has the key."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == "Bearer secret"
        body = json.dumps(MODEL if self.path == "/v1/model" else []).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), ModelService)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def stored_as(version: str = "1") -> StoredTraining:
    return StoredTraining(
        run_id="r" * 32, record=Record("r" * 32, {}, {}), sealed=None, deleted=(), tags={"bundle_digest": "b" * 64},
        landmark_tags={}, artifacts=Path(), bundle=None, versions=(StoredVersion(version, {}),),
    )  # fmt: skip


def decided(number: int) -> Decision:
    return Decision(
        number=number, at="2026-03-01T09:00:00Z", by="Ada", action="promote", version="1", previous_champion=None,
        reason="r", run_id="r" * 32, bundle_digest="b" * 64, evidence_digest=None, seal_digest=None, policy_digest=None,
        tier="clinic", granted={"before session 1": {"remission": "clinic"}}, checks=(), previous=FIRST,
    )  # fmt: skip


def test_a_service_is_asked_with_the_key_and_the_champion_passes(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "secret")
    verdict = service_verdict(served_model(f"{address}/"), stored_as(), "1", [decided(1)])
    assert (verdict.outcome, verdict.check) == ("passed", "service")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": "2"}, "its version is not the champion's"),
        ({"run_id": "f" * 32}, "its run_id is not"),
        ({"bundle_digest": "f" * 64}, "its bundle_digest is not"),
        ({"promotion": {"decision": 2}}, "promoted by decision 2, the champion by decision 1"),
        ({"promotion": None}, "promoted by decision unknown"),
    ],
)
def test_a_service_that_answers_with_anything_else_fails(change: dict[str, Any], said: str) -> None:
    verdict = service_verdict(MODEL | change, stored_as(), "1", [decided(1)])
    assert verdict.outcome == "failed"
    assert said in "; ".join(verdict.findings)


def test_for_another_version_it_is_said_who_answers_unless_it_is_that_one() -> None:
    other = service_verdict(MODEL | {"run_id": "f" * 32, "version": "2"}, stored_as(), "2", [])
    assert (other.outcome, "answers with version 2" in other.detail) == ("passed", True)
    assert service_verdict(MODEL, stored_as(), "2", []).outcome == "failed"


def test_a_service_that_does_not_answer_or_refuses_the_key_is_named(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(InputRefusedError) as refused:
        served_model(address)
    assert KEY in refused.value.problems[0].required
    monkeypatch.setenv(KEY, "secret")
    with pytest.raises(InputRefusedError):
        served_model(f"{address}/other")
    with pytest.raises(StoreUnreachableError):
        served_model("http://127.0.0.1:9")
