"""The service on a port of this machine, with a model store and a state folder of its own, until a block ends."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from training.cli.clinic_demo.stages import Stages, end_group, kap_command, start_in_group

READY_WITHIN_SECONDS = 60
SERVICE_LOG = "service.log"


@dataclass(frozen=True)
class LocalService:
    """A service that is ready: its address and its process."""

    address: str
    process: subprocess.Popen[bytes]

    @property
    def has_ended(self) -> bool:
        """Whether it stopped by itself."""
        return self.process.poll() is not None


def free_port() -> int:
    """A port of the loopback address on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def local_service(stages: Stages, port: int) -> Iterator[LocalService]:
    """Serve the model of the stages' store on ``port``; stopped afterwards with all its processes."""
    log, address = stages.folder / SERVICE_LOG, f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        command = [kap_command(), "serve", "--port", str(port)]
        service = LocalService(address, start_in_group(command, stages.folder, stages.environment, output.fileno()))
        try:
            if not _becomes_ready(service, stages):
                sys.exit(f"the service did not become ready; {log} says why")
            yield service
        finally:
            end_group(service.process)


def _becomes_ready(service: LocalService, stages: Stages) -> bool:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline and not service.has_ended:
        try:
            with urllib.request.urlopen(f"{service.address}/readyz", timeout=2):  # noqa: S310 - our own address
                return True
        except OSError:
            stages.pause(0.2)
    return False
