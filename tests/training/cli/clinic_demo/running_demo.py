"""`kap demo clinic` with a toy model, as a person starts it: a process of its own, stopped by a signal."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.serving.servers import KAP, environment_in, promote_toy

STARTED_WITHIN_SECONDS = 120
STOPPED_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class RunningDemo:
    """The process, the file of what it prints, and the two addresses that it names."""

    process: "subprocess.Popen[bytes]"
    output: Path
    ehr: str
    service: str

    def printed(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Its exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(timeout=STOPPED_WITHIN_SECONDS)


@contextmanager
def running_demo(folder: Path, *options: str) -> Iterator[RunningDemo]:
    """The demonstration in a folder, from the moment it says its addresses; whatever happens it is ended."""
    promote_toy(environment_in(folder / "demo-clinic" / "model"))
    output = folder / "printed.txt"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [KAP, "demo", "clinic", *options],
            cwd=folder,
            env=environment_in(folder),
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _started(process, output)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=STOPPED_WITHIN_SECONDS)


def _started(process: "subprocess.Popen[bytes]", output: Path) -> RunningDemo:
    deadline = time.monotonic() + STARTED_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        text = output.read_text(encoding="utf-8")
        if "Press Ctrl-C" in text:
            ehr, service = re.findall(r"^The (?:mock EHR|service): +(\S+)$", text, re.MULTILINE)
            return RunningDemo(process, output, ehr, service)
        time.sleep(0.1)
    pytest.fail(f"the demonstration did not start:\n{output.read_text(encoding='utf-8')}")
