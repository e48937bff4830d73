"""A command that is stopped leaves no process and no shared memory behind, and says by its exit code what stopped it.

The processes are real ones. What they hold is recognised by their id, because others may run beside the tests.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from mlflow.tracking import MlflowClient

from tests.training.commands import KAP, Workplace
from training.cli.options.stopping import stopped_with_its_processes
from training.held_signals import signals_held
from training.registry.release import store_undisturbed

pytestmark = pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="shared memory is no folder on this system")  # noqa: S108

PARALLEL = """
import numpy as np, time
from joblib import Parallel, delayed
from training.cli.options.errors import answers_for_mistakes

def work(shared, number):
    time.sleep(0.05)
    return float(shared[number])

@answers_for_mistakes
def command():
    shared = np.zeros(300_000)  # large enough for joblib to map it into memory
    for _ in Parallel(n_jobs=2, return_as="generator")(delayed(work)(shared, number) for number in range(1200)):
        print("working", flush=True)

command()
"""
"""A command as `kap train` is one, for a minute at most."""


@dataclass
class RunningCommand:
    """A command in a session of its own; ``started`` collects the processes that it has started."""

    process: subprocess.Popen[str]
    output: Path
    started: set[psutil.Process]

    def shared_memory(self) -> list[str]:
        """Its semaphores and mapped arrays; their names hold its process id."""
        own = str(self.process.pid)
        return [name for name in os.listdir("/dev/shm") if own in name.replace("-", "_").split("_")]  # noqa: PTH208, S108

    def wait_until(self, reached: Callable[[], bool], seconds: float = 240) -> None:
        end = time.monotonic() + seconds
        while not reached():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < end, self.output.read_text()
            time.sleep(0.05)
        self.started |= set(psutil.Process(self.process.pid).children(recursive=True))

    def works_in_parallel(self) -> bool:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return len(children) >= 3 and any("joblib" in name for name in self.shared_memory())

    def says(self, words: str) -> bool:
        return words in self.output.read_text()

    def stop(self, number: signal.Signals, *, group: bool = False) -> int:
        """The exit code after a signal to the process, or to its group as a terminal sends it."""
        (os.killpg if group else os.kill)(self.process.pid, number)
        return self.process.wait(120)

    def left_behind(self) -> list[str]:
        """Processes that still run and shared memory that is still there, a moment later."""
        _, alive = psutil.wait_procs(self.started, timeout=10)
        return [*map(str, alive), *self.shared_memory()]


def _take_every_signal() -> None:
    """A test run in the background hands on signals that it ignores, and a command would go on ignoring them."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., RunningCommand]]:
    """Starts commands, and ends at the latest with the test what they left."""
    begun: list[RunningCommand] = []

    def start(*command: str | Path) -> RunningCommand:
        output = tmp_path / f"output-{len(begun)}.txt"
        with output.open("w") as written:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=tmp_path,
                env=Workplace(tmp_path).environment,
                stdout=written,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                preexec_fn=_take_every_signal,  # noqa: PLW1509 - no thread of the test runs yet
            )
        begun.append(RunningCommand(process, output, set()))
        return begun[-1]

    yield start
    for running in begun:
        running.process.kill()
        for one in running.started:
            if one.is_running():
                one.kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "group", "code"),
    [
        (signal.SIGTERM, False, 143),
        (signal.SIGINT, True, 130),
        (signal.SIGINT, False, 130),
        (signal.SIGHUP, False, 129),
    ],
)
def test_a_command_with_processes_ends_with_all_of_them(
    begin: Callable[..., RunningCommand], number: signal.Signals, group: bool, code: int
) -> None:
    running = begin(sys.executable, "-c", PARALLEL)
    running.wait_until(lambda: running.says("working"))
    assert running.works_in_parallel()
    assert running.stop(number, group=group) == code
    assert running.left_behind() == []
    if not group:  # a terminal sends Ctrl-C to joblib's workers too, which then say so themselves
        assert not running.says("Traceback"), running.output.read_text()


@pytest.mark.slow
def test_a_second_stop_ends_the_processes_too(begin: Callable[..., RunningCommand]) -> None:
    """The cleaning after the first one hangs."""
    hanging = "import time\nfrom training.cli.options import stopping\nstopping.PATIENCE_SECONDS = 0\n"
    hanging += "stopping.end_processes = lambda: (print('cleaning', flush=True), time.sleep(60))\n"
    running = begin(sys.executable, "-c", hanging + PARALLEL)
    running.wait_until(lambda: running.says("working") and running.works_in_parallel())
    running.process.send_signal(signal.SIGTERM)
    running.wait_until(lambda: running.says("cleaning"))
    assert running.stop(signal.SIGTERM) == 143
    _, alive = psutil.wait_procs(running.started, timeout=10)
    assert alive == []


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    done = Workplace(tmp_path).kap("cohort", "simulate", "cohort", "--patients", "200", "--sites", "3")
    assert done.returncode == 0, done.stderr
    return tmp_path / "cohort"


@pytest.mark.long
@pytest.mark.parametrize("stage", ["opening the store", "evaluating the candidates"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_training_that_is_stopped_leaves_nothing_behind(
    cohort: Path, begin: Callable[..., RunningCommand], number: signal.Signals, code: int, stage: str
) -> None:
    running = begin(KAP, "train", cohort, "--workers", "2")
    running.wait_until(lambda: running.says(stage) and running.works_in_parallel())
    assert running.stop(number, group=number == signal.SIGINT) == code, running.output.read_text()
    assert running.left_behind() == []


@pytest.mark.long
def test_a_run_that_is_stopped_while_it_is_recorded_is_no_running_one(
    cohort: Path, begin: Callable[..., RunningCommand]
) -> None:
    running = begin(KAP, "train", cohort, "--quick", "--workers", "2")
    running.wait_until(lambda: running.says("recording before session 1"))
    assert running.stop(signal.SIGTERM) == 143, running.output.read_text()
    assert running.left_behind() == []
    client = MlflowClient(tracking_uri=Workplace(cohort.parent).store)
    experiments = [one.experiment_id for one in client.search_experiments()]
    assert {run.info.status for run in client.search_runs(experiments)} <= {"FAILED", "FINISHED"}


def test_signals_wait_for_the_end_of_what_must_not_be_half_made() -> None:
    done = []

    def make() -> None:
        with stopped_with_its_processes():
            with signals_held():
                signal.raise_signal(signal.SIGTERM)
                done.append("made")
            done.append("never reached")

    with pytest.raises(SystemExit) as stopped:
        make()
    assert (done, stopped.value.code) == (["made"], 143)


def test_signals_that_are_held_come_where_the_work_says_so() -> None:
    done = []

    def make() -> None:
        with stopped_with_its_processes(), signals_held() as may_stop:
            may_stop()
            signal.raise_signal(signal.SIGTERM)
            done.append("first step")
            may_stop()
            done.append("never reached")

    with pytest.raises(SystemExit) as stopped:
        make()
    assert (done, stopped.value.code) == (["first step"], 143)


def test_a_database_is_written_undisturbed_and_a_server_may_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal within a statement leaves SQLite locked, also for what ends the runs afterwards."""
    handler = signal.getsignal(signal.SIGTERM)
    for uri, held in (("sqlite:///mlflow.db", True), ("http://127.0.0.1:9", False)):
        monkeypatch.setattr("training.registry.release.use_store", lambda uri=uri: uri)
        with store_undisturbed():
            assert (signal.getsignal(signal.SIGTERM) is not handler) is held
        assert signal.getsignal(signal.SIGTERM) is handler


def test_a_cleaning_that_fails_hides_no_stop() -> None:
    """joblib's does if the signal comes while it is starting: "cannot join thread before it is started"."""
    with pytest.raises(SystemExit) as stopped, stopped_with_its_processes():
        _stop_and_fail_to_clean()
    assert stopped.value.code == 143


def _stop_and_fail_to_clean() -> None:
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        raise RuntimeError


def test_an_error_without_a_stop_is_that_error() -> None:
    with pytest.raises(RuntimeError), stopped_with_its_processes():
        raise RuntimeError


IMPATIENT = """
import signal
from training.cli.options import stopping

signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
stopping.PATIENCE_SECONDS = {patience}
with stopping.stopped_with_its_processes():
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.raise_signal(signal.SIGINT)
        print("cleaned")
"""


@pytest.mark.parametrize(("patience", "said"), [(600, "cleaned"), (0, "")])
def test_a_second_ctrl_c_ends_a_cleaning_that_takes_long_and_no_other(patience: int, said: str) -> None:
    command = [sys.executable, "-c", IMPATIENT.format(patience=patience)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (130, said, "")


def test_the_handlers_of_the_caller_are_back_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    with pytest.raises(SystemExit), stopped_with_its_processes():
        signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


def test_what_the_caller_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_with_its_processes():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_command_that_ends_leaves_all_of_the_log_in_its_one_file(tmp_path: Path) -> None:
    """A copy of the file alone would lack what is in a write-ahead file beside it."""
    done = Workplace(tmp_path).kap("keys", "create", "--name", "ward", "--scope", "predict", "--state", "state")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "state").iterdir()} == {"predictions.db", "secret"}
