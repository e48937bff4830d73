"""Starting the server: over TLS, with nothing secret to be seen, and with a sentence where it can't start."""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from features.protocol.problems import InputRefusedError
from serving.storage.settings import Settings
from serving.storage.tls import check_certificate
from tests.serving.certificates import Pair, make_certificate
from tests.serving.requests import EXAMPLE, changed
from tests.serving.servers import KAP, ROOT, Server, environment_in, free_port, promote_toy, running

HSTS = "strict-transport-security"
PASSWORD, PATIENT = "XPASSWORDX", "XPATIENTX"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tmp")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, pair: Pair, temporary: Path) -> Iterator[Server]:
    """`kap serve` over TLS, for callers with a key."""
    folder = tmp_path_factory.mktemp("secure")
    environment = environment_in(folder, **pair.settings(), KAP_LOG_PASSWORD=PASSWORD, TMPDIR=str(temporary))
    made = subprocess.run(
        [KAP, "keys", "create", "--name", "ward"], env=environment, capture_output=True, text=True, check=True
    )
    token = re.search(r"kap_\S+", made.stdout).group()  # type: ignore[union-attr]
    trusting = ssl.create_default_context(cafile=str(pair.certificate))
    headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
    with running(folder, environment=environment, scheme="https", verify=trusting, headers=headers) as server:
        yield server
    assert [left.name for left in temporary.glob("kap-*")] == []


def port_of(server: Server) -> int:
    assert server.client.base_url.port is not None
    return server.client.base_url.port


def offer(server: Server, highest: ssl.TLSVersion, ciphers: str) -> str | None:
    """The version that the server agrees to when a caller offers this; ``None`` where it does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, highest
    context.set_ciphers(ciphers)
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=60) as connection:
        try:
            with context.wrap_socket(connection) as secured:
                return secured.version()
        except (ssl.SSLError, ConnectionError):
            return None


def test_a_prediction_travels_over_tls(secure: Server) -> None:
    answer = secure.client.post("/v1/predict", json=changed(("patient", "patient_ref"), PATIENT))
    assert answer.json()["outcome"] == "predicted"
    assert answer.headers[HSTS].startswith("max-age=")


def test_without_tls_no_header_asks_for_it(server: Server) -> None:
    assert HSTS not in server.client.get("/readyz").headers


def test_plain_http_is_not_answered_where_there_is_tls(secure: Server) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port_of(secure)}/readyz")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize(
    ("highest", "ciphers", "agreed"),
    [
        (ssl.TLSVersion.TLSv1_3, "DEFAULT", "TLSv1.3"),
        (ssl.TLSVersion.TLSv1_2, "DEFAULT", "TLSv1.2"),
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0", None),
        (ssl.TLSVersion.TLSv1_2, "AES256-SHA:ECDHE-ECDSA-AES256-SHA", None),
    ],
)
def test_old_and_weak_encryption_is_refused(
    secure: Server, highest: ssl.TLSVersion, ciphers: str, agreed: str | None
) -> None:
    assert offer(secure, highest, ciphers) == agreed


def test_no_process_shows_a_secret_in_its_command_or_title(secure: Server) -> None:
    secure.client.post("/v1/predict", json=changed(("patient", "patient_ref"), PATIENT)).raise_for_status()
    processes = [secure.process.pid, *secure.workers()]
    assert len(processes) >= 2
    secrets = [(secure.state / "secret").read_text().strip(), PASSWORD, PATIENT]
    secrets.append(secure.client.headers["Authorization"].removeprefix("Bearer "))
    for process in processes:
        shown = "".join(Path(f"/proc/{process}/{name}").read_text() for name in ("cmdline", "comm", "status", "stat"))
        assert "python" in shown
        assert not [secret for secret in secrets if secret in shown]


def write(text: str) -> Callable[[Pair, Path], tuple[Path, Path]]:
    def made(pair: Pair, folder: Path) -> tuple[Path, Path]:
        (folder / "other.pem").write_text(text)
        (folder / "other.pem").chmod(0o600)
        return pair.certificate, folder / "other.pem"

    return made


def encrypted(_: Pair, folder: Path) -> tuple[Path, Path]:
    made = make_certificate(folder, password=b"abcd")
    return made.certificate, made.key


def damaged(pair: Pair, folder: Path) -> tuple[Path, Path]:
    written = pair.certificate.read_text().splitlines()
    (folder / "damaged.pem").write_text("\n".join([written[0], *reversed(written[1:-1]), written[-1]]))
    return folder / "damaged.pem", pair.key


@pytest.mark.parametrize(
    ("files", "named", "found"),
    [
        (lambda pair, folder: (folder / "absent.pem", pair.key), "CERTIFICATE", "can't be read: No such file"),
        (lambda pair, folder: (pair.certificate, folder), "KEY", "can't be read: Is a directory"),
        (lambda pair, _: (pair.key, pair.key), "CERTIFICATE", "a file of another kind"),
        (write("no key"), "KEY", "a file of another kind"),
        (lambda pair, folder: (pair.certificate, make_certificate(folder / "b").key), "KEY", "another one's"),
        (encrypted, "KEY", "one with a password"),
        (damaged, "CERTIFICATE", "damaged or too weak"),
    ],
)
def test_a_certificate_that_can_not_be_used_is_refused_with_its_reason(
    pair: Pair, tmp_path: Path, files: Callable[[Pair, Path], tuple[Path, Path]], named: str, found: str
) -> None:
    certificate, key = files(pair, tmp_path)
    with pytest.raises(InputRefusedError) as caught:
        check_certificate(Settings(tls_certificate=certificate, tls_key=key))
    (problem,) = caught.value.problems
    assert problem.place == f"KAP_TLS_{named}"
    assert found in problem.found


def test_a_certificate_in_order_is_not_refused(pair: Pair) -> None:
    check_certificate(Settings(tls_certificate=pair.certificate, tls_key=pair.key))
    check_certificate(Settings())


def start(environment: dict[str, str], *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_kap_serve_ends_with_a_sentence_where_the_key_is_anothers(pair: Pair, tmp_path: Path) -> None:
    other = make_certificate(tmp_path / "other")
    environment = environment_in(tmp_path, **Pair(pair.certificate, other.key).settings())
    ended = start(environment, KAP, "serve")
    assert ended.returncode == 2
    assert "KAP_TLS_KEY: required the private key of the certificate in KAP_TLS_CERTIFICATE" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_bentoml_serve_ends_with_the_sentence_too(tmp_path: Path) -> None:
    environment = environment_in(tmp_path, **Pair(tmp_path / "absent.pem", tmp_path / "absent.key").settings())
    ended = start(environment, Path(sys.executable).with_name("bentoml"), "serve", "serving.service:KapOutcomes")
    assert ended.returncode == 1
    assert "KAP_TLS_CERTIFICATE: required a PEM file with a certificate" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def link_elsewhere(state: Path) -> None:
    (state.parent / "other").write_text("precious")
    (state / "rate-limits").symlink_to(state.parent / "other")


BENTOML = (Path(sys.executable).with_name("bentoml"), "serve", "serving.service:KapOutcomes")


@pytest.mark.parametrize(
    ("command", "code", "spoil", "sentence"),
    [
        ((KAP, "serve"), 3, lambda state: state.chmod(0o777), "run chmod go-w"),
        (BENTOML, 1, link_elsewhere, "rate-limits is a symbolic link: put the file itself there"),
    ],
    ids=["folder open to others", "planted link"],
)
def test_a_state_folder_that_can_not_be_trusted_is_not_served_from(
    tmp_path: Path, command: tuple[Path | str, ...], code: int, spoil: Callable[[Path], None], sentence: str
) -> None:
    environment = environment_in(tmp_path)
    promote_toy(environment)
    (tmp_path / "state").mkdir(mode=0o700)
    spoil(tmp_path / "state")
    ended = start(environment, *command, "--port", str(free_port()))
    assert ended.returncode == code
    assert sentence in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    assert not (tmp_path / "other").exists() or (tmp_path / "other").read_text() == "precious"


def test_kap_serve_ends_with_a_sentence_where_the_port_is_in_use(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    promote_toy(environment)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = start(environment, KAP, "serve", "--port", str(listener.getsockname()[1]))
    assert ended.returncode == 2
    assert "--port: required a port that is free; found one that is in use" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_kap_serve_ends_with_a_sentence_where_the_state_folder_can_not_be_written(tmp_path: Path) -> None:
    """A log and a secret are there already: only the workers would have found out, one after the other."""
    environment = environment_in(tmp_path)
    promote_toy(environment)
    subprocess.run([KAP, "keys", "create", "--name", "ward"], env=environment, capture_output=True, check=True)
    state = tmp_path / "state"
    if os.geteuid() == 0:
        script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" serve'
        command: list[str | Path] = ["unshare", "--mount", "sh", "-c", script, "sh", state, KAP]
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
            pytest.skip("this machine makes no read-only folders for root")
    else:
        state.chmod(0o500)
        command = [KAP, "serve"]
    ended = start(environment, *command)
    assert ended.returncode == 3
    assert f"the state folder {state} can't be written" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_second_server_leaves_the_first_ones_metrics_alone(server: Server) -> None:
    """BentoML keeps them in its store by default, and empties them at each start."""
    server.client.post("/v1/predict", content=json.dumps(EXAMPLE), headers={"Content-Type": "application/json"})
    taken = str(port_of(server))
    bentoml = Path(sys.executable).with_name("bentoml")
    ended = start(server.environment, bentoml, "serve", "serving.service:KapOutcomes", "--port", taken)
    assert ended.returncode == 1
    assert "kap_answers_total" in server.client.get("/metrics").text


@pytest.mark.parametrize("command", [(str(KAP), "serve"), tuple(map(str, BENTOML))], ids=["kap", "bentoml"])
def test_every_line_is_json_where_that_is_asked_for_also_of_a_damaged_model(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    environment = environment_in(tmp_path, KAP_LOG_FORMAT="json")
    promote_toy(environment)
    promote_toy(environment, "4", "damaged")
    with running(tmp_path, environment=environment, command=command) as server:
        lines = [json.loads(line) for line in server.written().splitlines()]
    assert any("the newest model is not loaded" in line["message"] for line in lines)
