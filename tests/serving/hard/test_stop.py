"""Stopping over TLS while a clinic's software keeps its connection open and does not listen: soon, all the same."""

import ssl
from pathlib import Path

from serving.server.configured_service import STOP_SECONDS
from tests.serving.certificates import make_certificate
from tests.serving.servers import environment_in, running


def test_a_caller_who_does_not_listen_holds_up_a_stop_no_longer_than_said(tmp_path: Path) -> None:
    pair = make_certificate(tmp_path / "certificate")
    trusting = ssl.create_default_context(cafile=str(pair.certificate))
    environment = environment_in(tmp_path, **pair.settings())
    with running(tmp_path, environment=environment, scheme="https", verify=trusting) as server:
        assert server.client.get("/livez").status_code == 200
        server.process.terminate()
        assert server.process.wait(timeout=STOP_SECONDS + 10) == 0
        assert "Completed async cleanup hook: stop" in server.written()
