"""A server that is measured: started, waited for, looked at while it runs, and ended with all that it started."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

READY_WITHIN_SECONDS = 120
ENDED_WITHIN_SECONDS = 30
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class RunningServer:
    """A server that listens on ``127.0.0.1:port``; ``pid`` is the process that was started."""

    pid: int
    port: int

    def processes(self) -> list[int]:
        """The process and all that descend from it, by their numbers."""
        return descendants(self.pid)

    def cpu_seconds(self) -> float:
        """Processor time that all of them have taken so far."""
        return sum(_cpu_seconds(pid) for pid in self.processes())


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str | Path], port: int, ready: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[RunningServer]:
    """A server by its command, once ``GET ready`` on its port is answered 200; ended afterwards, whatever happened.

    What it writes goes into a file of the folder, which stays when something went wrong. Raises
    RuntimeError with the end of it when the server ends or is not ready in time.
    """
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_until_ready(process, f"http://127.0.0.1:{port}{ready}", log)
        yield RunningServer(process.pid, port)
        log.unlink()
    finally:
        _end(process)


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own address
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} was not ready in time:\n{log.read_text(errors='replace')[-2000:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end, then end what is left of the session that it leads, each process by its number."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDED_WITHIN_SECONDS)
    while left := [pid for pid in _all_processes() if _session(pid) == process.pid]:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.poll()
        time.sleep(0.01)
    process.wait()


def descendants(pid: int) -> list[int]:
    """A process and all that descend from it; empty once it has ended."""
    children: dict[int, list[int]] = {}
    for child in _all_processes():
        if fields := _stat(child):
            children.setdefault(int(fields[1]), []).append(child)
    found, pending = [], [pid] if _stat(pid) else []
    while pending:
        found.append(pending.pop())
        pending += children.get(found[-1], [])
    return found


def _stat(pid: int) -> list[str]:
    """What the kernel says of a process, from its state on (see proc(5)); empty once it has ended."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return [] if fields[0] == "Z" else fields
    return []


def _all_processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _session(pid: int) -> int | None:
    """The number of the session that a process is of, which is that of the process that leads it."""
    fields = _stat(pid)
    return int(fields[3]) if fields else None


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0
