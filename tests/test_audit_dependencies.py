"""The audit of the dependencies tells three things apart: found, nothing found, and no answer."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.audit_dependencies import NO_ANSWER, AuditError, DependencyVerdict, accepted, audit, evaluated

FOUND = {
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-1"],
    "summary": "It lets others in.",
    "affected": [
        {
            "package": {"name": "idna", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.9"}]}],
        }
    ],
}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "some.lock"
    path.write_text("".join(f"{pin} --hash=sha256:{'0' * 64}\n" for pin in ("h11==0.16.0", "idna==3.20")))
    return path


@contextmanager
def registry(status: int = 200, delay: threading.Event | None = None, **found: Any) -> Iterator[tuple[str, ...]]:
    """A service of this machine that tells what is ``found`` by package; the options of pip-audit that name it."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if delay is not None:
                delay.wait(20)
            body = json.dumps(found.get(asked["package"]["name"], {})).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield ("--vulnerability-service", "osv", "--osv-url", f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


def test_what_is_found_fails_and_is_named_with_what_to_do(lock: Path) -> None:
    with registry(idna={"vulns": [FOUND]}) as service:
        verdict = audit(lock, {}, service)
    assert not verdict.passes
    assert verdict.lines == ("idna 3.20: PYSEC-2026-1, CVE-2026-1; fixed in: 9.9", "packages audited: 2")


def test_nothing_found_passes_and_says_how_much_was_audited(lock: Path) -> None:
    with registry() as service:
        assert audit(lock, {}, service) == DependencyVerdict(True, ("packages audited: 2",))


def test_a_registry_that_can_not_be_reached_is_no_failure_and_is_said(lock: Path) -> None:
    with registry() as service:
        pass  # nobody listens there any more
    assert audit(lock, {}, service) == DependencyVerdict(True, (NO_ANSWER,))


def test_a_registry_that_is_out_of_order_has_not_answered(lock: Path) -> None:
    with registry(status=503) as service:
        assert audit(lock, {}, service) == DependencyVerdict(True, (NO_ANSWER,))


def test_a_registry_that_takes_too_long_has_not_answered(lock: Path) -> None:
    asked_enough = threading.Event()
    with registry(delay=asked_enough) as service:
        verdict = audit(lock, {}, service, seconds=2)
        asked_enough.set()
    assert verdict.passes
    assert verdict.lines == (f"{NO_ANSWER} in 2 seconds",)


def test_a_registry_that_knows_none_of_the_packages_has_not_answered() -> None:
    """So answers a mirror that has packages only: pip-audit then ends well, and has audited nothing."""
    skipped: list[dict[str, Any]] = [{"name": name, "skip_reason": "not found"} for name in ("h11", "idna")]
    assert evaluated(skipped, {}) == DependencyVerdict(True, (NO_ANSWER,))
    said = evaluated([*skipped, {"name": "numpy", "version": "2", "vulns": []}], {}).lines
    assert said == ("not audited, unknown to the registry: h11, idna", "packages audited: 1")


IDNA = {
    "name": "idna",
    "version": "3.20",
    "vulns": [{"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": []}],
}


@pytest.mark.parametrize("name", ["PYSEC-2026-1", "CVE-2026-1"])
def test_what_is_accepted_passes_and_is_named_with_the_reason(name: str) -> None:
    verdict = evaluated([IDNA], {name: "we never encode a name"})
    assert verdict.passes
    assert verdict.lines[0] == "idna 3.20: PYSEC-2026-1, CVE-2026-1; accepted: we never encode a name"


def test_another_acceptance_helps_nothing_and_is_said_to_be_of_no_use() -> None:
    verdict = evaluated([IDNA], {"CVE-2020-1": "we never encode a name"})
    assert not verdict.passes
    assert "PYSEC-2026-1, CVE-2026-1; fixed in: none yet" in verdict.lines[0]
    assert "CVE-2020-1 is accepted and was not found" in verdict.lines[1]


def test_a_lock_that_can_not_be_audited_fails(lock: Path) -> None:
    lock.write_text("idna==3.20\n")
    with registry() as service, pytest.raises(AuditError, match="the audit failed"):
        audit(lock, {}, service)


def test_nothing_is_accepted_without_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text('[accepted]\nCVE-2026-1 = "later"\n')
    with pytest.raises(AuditError, match="CVE-2026-1 is accepted without a reason"):
        accepted(path)
    accepted()
