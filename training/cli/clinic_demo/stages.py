"""The stages of a demonstration: one line each with its time, and commands whose output goes into a log."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

REFUSED_BY_POLICY = 4
"""Exit code of `kap promote` when the evidence does not meet the policy, as in `training/cli/options/errors.py`."""
LOG = "log.txt"
END_WITHIN_SECONDS = 30


class Stages:
    """Prints one line per stage with its time; the commands run in ``folder``, and their output goes into its log.

    ``pause`` waits some seconds between two looks at a process; it raises when the demonstration is to stop.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str], pause: Callable[[float], object] = time.sleep
    ) -> None:
        self.folder, self.environment, self.pause = folder, dict(environment), pause
        self._began = 0.0

    def begin(self, words: str) -> None:
        """Print the start of a stage."""
        self._began = time.monotonic()
        print(f"{words} ... ", end="", flush=True)

    def end(self, words: str = "done") -> None:
        """Print the end of the stage."""
        print(f"{words} ({time.monotonic() - self._began:.0f} s)", flush=True)

    def kap(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> int:
        """Run a command and return its exit code; one that is not allowed ends the demonstration."""
        log = self.folder / LOG
        with log.open("ab") as output:
            output.write(f"$ {shlex.join(['kap', *arguments])}\n".encode())
            output.flush()
            command = start_in_group([kap_command(), *arguments], self.folder, self.environment, output.fileno())
            try:
                while (code := command.poll()) is None:
                    self.pause(0.1)
            except BaseException:
                end_group(command)
                raise
        if code not in allowed:
            print(f"failed\n\n{log.read_text(encoding='utf-8')}")
            sys.exit(code)
        return code


def simulate_and_train(stages: Stages, patients: int, total: int) -> None:
    """The first two of ``total`` stages: a synthetic cohort, and a model of it, registered as version 1."""
    stages.begin(f"1/{total} Simulate a synthetic cohort of {patients:,} patients")
    stages.kap("cohort", "simulate", "cohort", "--patients", str(patients))
    stages.end()
    stages.begin(f"2/{total} Train: fit the candidates, evaluate them on held-out patients, record in MLflow")
    stages.kap("train", "cohort")
    stages.end()


def promote_first_version(stages: Stages, total: int) -> None:
    """Request a promotion, which the evidence of a small cohort does not support, then override by name."""
    stages.begin(f"3/{total} Promote version 1")
    reason = "demonstration on a synthetic cohort"
    if not stages.kap("promote", "1", "--reason", reason, allowed=(0, REFUSED_BY_POLICY)):
        stages.end()
        return
    why = why_refused((stages.folder / LOG).read_text(encoding="utf-8"))
    reason = "a demonstration on synthetic patients; no patient is treated by it"
    stages.kap("promote", "1", "--override", "--by", "the demonstration", "--reason", reason)
    stages.end(f"refused by the policy{why}; then promoted by an override")


def why_refused(printed: str) -> str:
    """A clause with the checks that `kap promote` printed as failed; empty if it printed none."""
    failed = dict.fromkeys(re.findall(r"^FAILED  ([^,\n]+)", printed, flags=re.MULTILINE))
    names = ["too few patients" if name == "sample size" else f"{name} not met" for name in failed]
    return f" ({', '.join(names)})" if names else ""


def own_environment(folder: Path) -> dict[str, str]:
    """The environment of commands whose stores lie in ``folder``, and in which no other setting of ours is."""
    others = {
        name: v for name, v in os.environ.items() if name != "MLFLOW_TRACKING_URI" and not name.startswith("KAP_")
    }
    own = {"BENTOML_HOME": folder / "bentoml", "KAP_SIGNING_KEYS": folder / "keys"}
    return others | {name: str(path.resolve()) for name, path in own.items()}


def kap_command() -> str:
    """The `kap` command of this environment."""
    return str(Path(sys.executable).with_name("kap"))


def start_in_group(
    command: list[str], folder: Path, environment: Mapping[str, str], output: int
) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own, which a Ctrl-C of the terminal does not reach."""
    return subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )


def end_group(leader: subprocess.Popen[bytes]) -> None:
    """End a command with all the processes that it started: first by TERM, what is left by KILL."""
    _signal_group(leader.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        leader.wait(timeout=END_WITHIN_SECONDS)
    _signal_group(leader.pid, signal.SIGKILL)
    leader.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    """A group is there as long as one of its processes is."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
