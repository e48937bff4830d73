"""A real MLflow server on loopback, with every request to it counted.

`running_mlflow` starts `mlflow server` with proxied artifacts, on SQLite or on a database of PostgreSQL, with or
without MLflow's basic authentication. Clients reach it through a proxy, which counts, refuses and drops requests.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.counting_proxy import PATIENCE_S, CountingProxy, ask, passing_on

ADMIN, READER = "admin", "reader"
"""The user who may do everything, and one who may read all but write only what is theirs, when authentication is on."""
PASSWORD = "a-password-of-the-tests"  # noqa: S105 - of a server that lives as long as a test
_CSRF = '''class CSRFProtect:
    """Stands in for Flask-WTF, which guards the form that adds users in a browser."""

    def init_app(self, app):
        pass
'''


@dataclass
class MlflowServer(CountingProxy):
    """A running server behind a proxy."""

    authenticated: bool = False
    process: "subprocess.Popen[bytes] | None" = None

    def environment(self, user: str = ADMIN, password: str = PASSWORD) -> dict[str, str]:
        """The variables by which a client finds the server, as a user of it, and fails within seconds."""
        found = {"MLFLOW_TRACKING_URI": self.address, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
        if self.authenticated:
            found |= {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": password}
        return found

    def stop(self) -> None:
        """End the server behind the proxy, as when its machine dies."""
        if self.process is not None:
            _signal(self.process, signal.SIGKILL)
            self.process.wait()


@contextmanager
def running_mlflow(
    folder: Path, store: str | None = None, *, authenticated: bool = False, workers: int = 1
) -> Iterator[MlflowServer]:
    """A server whose files lie below ``folder``; ``store`` is the URL of its database, a file of SQLite without one.

    A URL ``postgresql://`` is opened by pg8000; `tests.serving.databases.postgresql_database` makes a database.
    """
    folder.mkdir(parents=True, exist_ok=True)
    store = (store or f"sqlite:///{folder / 'server.db'}").replace("postgresql://", "postgresql+pg8000://")
    port = _free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers), "--backend-store-uri", store]
    options += ["--artifacts-destination", str(folder / "artifacts")]
    options += ["--app-name", "basic-auth"] if authenticated else []
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *options],
            cwd=folder, stdout=log, stderr=log, env=_server_environment(folder), start_new_session=True,
        )  # fmt: skip
    try:
        _wait_until_up(port, process, folder / "server.log")
        server = MlflowServer(authenticated=authenticated, process=process)
        with passing_on(server, port):
            if authenticated:
                _add_reader(port)
            yield server
    finally:
        _end(process)


def _server_environment(folder: Path) -> Mapping[str, str]:
    settings = folder / "auth.ini"
    settings.write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder / 'auth.db'}\n"
        f"admin_username = {ADMIN}\nadmin_password = {PASSWORD}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
        encoding="utf-8",
    )
    stand_in = folder / "stand_in" / "flask_wtf"
    stand_in.mkdir(parents=True, exist_ok=True)
    (stand_in / "__init__.py").touch()
    (stand_in / "csrf.py").write_text(_CSRF, encoding="utf-8")
    known = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return known | {
        "PYTHONPATH": str(stand_in.parent),
        "MLFLOW_AUTH_CONFIG_PATH": str(settings),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": PASSWORD,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_up(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if ask(port, "GET", "/health", {}, b"")[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"the MLflow server did not start: {log.read_text(encoding='utf-8')[-2000:]}")


def _add_reader(port: int) -> None:
    login = {"Authorization": "Basic " + b64encode(f"{ADMIN}:{PASSWORD}".encode()).decode()}
    content = f'{{"username": "{READER}", "password": "{PASSWORD}"}}'.encode()
    headers = login | {"Content-Type": "application/json"}
    status, _, answer = ask(port, "POST", "/api/2.0/mlflow/users/create", headers, content)
    if status != 200:
        raise RuntimeError(f"the reader was not added: {answer!r}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    _signal(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """To the server's processes too: `mlflow server` starts another program."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
