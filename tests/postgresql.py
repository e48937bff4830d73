"""A PostgreSQL server of the tests' own, on loopback, which they may stop and start.

`python -m tests.postgresql COMMAND ...` runs a command that finds the server in `KAP_TEST_POSTGRES_URL`, and ends it
afterwards; where no PostgreSQL is installed the command runs without, and its tests say so. The server runs as an
ordinary user, for PostgreSQL refuses to run as root.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

URL, DATA = "KAP_TEST_POSTGRES_URL", "KAP_TEST_POSTGRES_DATA"
USER = "postgres"


def programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs; ``None`` where none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def control(data: Path, action: str) -> None:
    """Start or stop the server whose data lie in ``data``, or end it as a crash of the machine would."""
    folder = programs()
    if folder is None:
        raise FileNotFoundError("no PostgreSQL is installed here")
    how = {
        "start": ["-w", "-l", str(data / "server.log"), "start"],
        "stop": ["-m", "fast", "stop"],
        "crash": ["-m", "immediate", "stop"],
    }
    _run([folder / "pg_ctl", "-D", data, *how[action]])


def begin(data: Path) -> str:
    """Make a cluster, start it, and return its URL."""
    folder = programs()
    if folder is None:
        raise FileNotFoundError("no PostgreSQL is installed here")
    data.mkdir(parents=True)
    if os.geteuid() == 0:
        account = pwd.getpwnam(USER)
        os.chown(data, account.pw_uid, account.pw_gid)
    _run([folder / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-instructions"])
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    settings = f"listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\n"
    with (data / "postgresql.conf").open("a", encoding="ascii") as file:
        file.write(settings)
    control(data, "start")
    return f"postgresql://{USER}@127.0.0.1:{port}/postgres"


def _run(command: list[str | Path]) -> None:
    """Run as an ordinary user; the server must not inherit what reads the output, or it would never end."""
    user = USER if os.geteuid() == 0 else None
    subprocess.run(command, check=True, user=user, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")


def main() -> int:
    """Run the command; its exit code."""
    if programs() is None:
        sys.stderr.write("no PostgreSQL is installed here: what needs one is skipped\n")
        return subprocess.run(sys.argv[1:], check=False).returncode
    with tempfile.TemporaryDirectory(prefix="kap-postgresql-") as scratch:
        Path(scratch).chmod(0o755)  # the server's user must come through
        data = Path(scratch) / "data"
        environment = os.environ | {URL: begin(data), DATA: str(data)}
        try:
            return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
        finally:
            control(data, "stop")


if __name__ == "__main__":
    sys.exit(main())
