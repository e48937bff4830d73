"""Records and keys reach the service that was meant, encrypted, and nothing else: no other host, no error, no log."""

import pickle
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from serving.client import (
    CallError,
    CallRefusedError,
    KapClient,
    Retries,
    ServiceFailedError,
)
from serving.client.failures import Reply
from serving.client.retrying_call import Call
from serving.contract.response import Prediction
from tests.serving.client.cases import KEY, MARKER, PREDICTED, FakePace, client, raised_by
from tests.serving.client.stub_server import (
    Act,
    StubServer,
    answers,
    hangs_up,
    refuses,
    stalls,
    stub_server,
)
from tests.serving.requests import EXAMPLE, changed

THEIRS = "XTHEIRSX"
"""What the service says, or somebody who stands in its place."""


@pytest.fixture(autouse=True)
def _no_key_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAP_KEY", raising=False)


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with stub_server() as started:
        yield started


# What is not sent


@pytest.mark.parametrize(
    "record",
    [{"as_of_day": float("nan")}, {"as_of_day": datetime(2026, 1, 1, tzinfo=UTC)}, {"patient": {1, 2}}, [1], None, 5],
    ids=str,
)
def test_a_record_that_is_no_json_is_refused_before_it_is_sent(stub: StubServer, record: Any) -> None:
    with client(stub) as kap:
        for ask in (lambda: kap.predict(record), lambda: kap.predict_batch([EXAMPLE, record])):
            with pytest.raises(CallRefusedError, match="nothing was sent") as caught:
                ask()
            assert caught.value.status is None
            assert len(caught.value.problems) == 1
    assert stub.received == []


@pytest.mark.parametrize("key", ["", " ", "a b", "a\r\nX: y", "é", "x" * 129])
def test_an_idempotency_key_that_would_be_refused_is_not_sent(stub: StubServer, key: str) -> None:
    with client(stub) as kap, pytest.raises(CallRefusedError, match="nothing was sent"):
        kap.predict(EXAMPLE, idempotency_key=key)
    assert stub.received == []


@pytest.mark.parametrize(
    "address",
    [
        "http://kap.clinic.example",
        "http://192.0.2.7:3000",
        "http://127.0.0.1.clinic.example",
        "http://localhost.clinic.example",
        "http://[2001:db8::1]",
        "http://127.0.0.1@clinic.example",
        "ftp://127.0.0.1",
        "127.0.0.1:3000",
        "https://",
        "https://[",
        "https://a..clinic.example",
        "https://xn--a.example",
        f"https://{'a' * 64}.example",
        "https://kap clinic",
        "https://kap.clinic.example:99999",
        "https://kap.clinic.example/?a=b",
        "https://kap.clinic.example/#a",
        "",
    ],
)
def test_records_and_keys_leave_the_machine_encrypted_only(address: str) -> None:
    for key in (KEY, None):
        with pytest.raises(ValueError, match="base_url") as caught:
            KapClient(address, key)
        assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:3000",
        "http://127.8.9.1",
        "http://localhost",
        "http://[::1]:3000",
        "https://a.example/kap",
        "https://klinik-süd.example:8443",
    ],
)
def test_loopback_may_be_asked_in_the_clear_and_any_other_by_tls(address: str) -> None:
    KapClient(address, KEY).close()


def test_a_path_before_the_services_own_is_kept(stub: StubServer) -> None:
    stub.script = [answers(PREDICTED)]
    with KapClient(stub.url + "/kap/", KEY) as kap:
        kap.predict(EXAMPLE)
    assert stub.received[0].path == "/kap/v1/predict"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(stub: StubServer, status: int) -> None:
    with stub_server(answers(PREDICTED)) as elsewhere:
        error = raised_by(stub, answers(b"", status, Location=elsewhere.url + "/v1/predict"))
        assert elsewhere.received == []
    assert isinstance(error, ServiceFailedError)


def test_no_proxy_gets_a_record_whatever_the_environment_names(
    stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stub_server(answers(PREDICTED)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        stub.script = [answers(PREDICTED)]
        with client(stub) as kap:
            kap.predict(EXAMPLE)
        assert proxy.received == []


# The key


def test_the_key_may_come_from_the_environment(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.script = [answers(PREDICTED)] * 4
    for set_to, given_, sent in (
        (KEY, None, KEY),
        (KEY + "\n", "other", "other"),
        (None, "  other\n", "other"),
        ("", None, None),
    ):
        monkeypatch.setenv("KAP_KEY", set_to) if set_to is not None else monkeypatch.delenv("KAP_KEY")
        with KapClient(stub.url, given_) as kap:
            kap.predict(EXAMPLE)
        assert stub.received[-1].headers.get("authorization") == (None if sent is None else f"Bearer {sent}")


@pytest.mark.parametrize("key", ["", "  ", KEY + " " + KEY, KEY + "\r\nX: y", KEY + "é"])
def test_a_key_that_is_none_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="key") as caught:
        KapClient("http://127.0.0.1:3000", key)
    assert KEY not in str(caught.value)


def _everything_in(error: BaseException | None) -> str:
    """What a report of an error would show: texts and values of it and of whatever it came from."""
    seen = ""
    while error is not None:
        seen += f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__
    return seen


@pytest.mark.parametrize(
    "act",
    [
        answers(changed(("outcome",), THEIRS, PREDICTED)),
        answers(changed(("model", "version"), [THEIRS], PREDICTED)),
        answers(changed((THEIRS + " " + THEIRS,), 1, {"outcome": "predicted"})),
        answers(THEIRS.encode(), 500, "text/html"),
        answers(THEIRS.encode(), 404, THEIRS),
        answers(b"", 302, Location="https://" + THEIRS),
        refuses(503, Retry_After=THEIRS),
        hangs_up,
        stalls,
    ],
)
def test_no_error_and_no_log_holds_a_value_or_a_key(
    stub: StubServer, act: Act, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    stub.script = [act, act]
    kap = client(stub, retries=Retries(tries=2))
    with kap, pytest.raises(CallError) as caught:
        kap.predict(changed(("patient", "patient_ref"), MARKER))
    assert stub.received[0].headers["authorization"].endswith(KEY)
    assert MARKER in stub.received[0].body.decode()
    assert "httpcore" in caplog.text
    shown = _everything_in(caught.value) + repr(kap)
    assert THEIRS not in shown
    for secret in (KEY, MARKER):
        assert secret not in shown + caplog.text


def test_a_call_and_a_reply_are_shown_without_what_they_carry() -> None:
    shown = f"{Call('POST', '/v1/predict', MARKER.encode(), 'visit-17')} {Reply(200, {'X': MARKER}, MARKER.encode())}"
    assert "visit-17" in shown
    assert MARKER not in shown


def test_the_services_words_stand_beside_the_text_and_not_in_it(stub: StubServer) -> None:
    wrong = {"path": MARKER, "required": MARKER, "found": MARKER}
    error = raised_by(stub, refuses(400, MARKER, [wrong]))
    assert error.detail == MARKER
    assert MARKER not in str(error) + repr(error)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="must not hold a user or a password") as caught:
        KapClient(f"https://ward:{MARKER}@kap.clinic.example")
    assert MARKER not in _everything_in(caught.value)


def test_a_client_says_where_it_asks_and_not_with_which_key() -> None:
    with KapClient("http://127.0.0.1:3000", KEY) as with_key, KapClient("http://127.0.0.1:3000") as without:
        assert repr(with_key) == "KapClient('http://127.0.0.1:3000', with a key)"
        assert repr(without) == "KapClient('http://127.0.0.1:3000', without a key)"


def test_an_error_can_be_sent_to_another_process(stub: StubServer) -> None:
    problem = {"path": "as_of_day", "required": "a day", "found": "nothing"}
    error = raised_by(stub, refuses(400, "why", [problem]))
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=kap"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run([*command.split(), *names], cwd=folder, check=True, capture_output=True)
    return folder / "certificate.pem"


@pytest.fixture
def tls_stub(certificate: Path) -> Iterator[StubServer]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with stub_server(tls=tls) as started:
        yield started


def test_a_certificate_that_nobody_trusted_signed_gets_no_record(tls_stub: StubServer) -> None:
    pace = FakePace()
    error = raised_by(tls_stub, answers(PREDICTED), pace=pace)
    assert isinstance(error, ServiceFailedError)
    assert "certificate" in str(error)
    assert (tls_stub.received, pace.waited) == ([], [])


def test_an_authority_of_ones_own_is_trusted_when_it_is_named(tls_stub: StubServer, certificate: Path) -> None:
    tls_stub.script = [answers(PREDICTED)]
    with KapClient(tls_stub.url, KEY, ca=certificate) as kap:
        assert isinstance(kap.predict(EXAMPLE), Prediction)


def test_a_certificate_of_another_name_gets_no_record(tls_stub: StubServer, certificate: Path) -> None:
    address = tls_stub.url.replace("127.0.0.1", "localhost")
    with KapClient(address, KEY, ca=certificate) as kap, pytest.raises(ServiceFailedError, match="certificate"):
        kap.predict(EXAMPLE)
    assert tls_stub.received == []
