"""The demonstration with the real commands: simulate, train, promote, serve, predict, find the origin of the answer.

Everything is in the folder ./demo, which is emptied first; nothing is left running. The output of the commands is in
./demo/log.txt.
"""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.cli.errors import EVIDENCE
from training.cli.texts.prediction_text import as_text

FOLDER = Path("demo")
PATIENTS = 2500
READY_WITHIN_SECONDS = 60

PATIENT = {
    "as_of_day": 14,
    "patient": {
        "patient_ref": "made-up-patient",
        "site_id": "synthetic-site-1",
        "age_years": 41,
        "sex": "female",
        "diagnosis": "gad",
        "illness_duration_years": 8,
        "comorbid_depression": True,
        "benzodiazepine_mg": 0,
        "expectancy": 7,
    },
    "prior_treatments": [
        {"treatment": "ssri", "start_day": -900, "end_day": -400, "adequate": True, "outcome": "no_response"},
        {"treatment": "cbt", "start_day": -700, "end_day": -500, "adequate": True, "outcome": "partial_response"},
    ],
    "sessions": [
        {"session_number": 1, "day": 0, "kind": "dosing", "route": "intramuscular", "dose_mg_per_kg": 0.9},
        {"session_number": 2, "day": 7, "kind": "dosing", "route": "intramuscular", "dose_mg_per_kg": 0.9},
    ],
    "assessments": [
        {"day": -6, "instrument": "gad7", "score": 17},
        {"day": 0, "instrument": "gad7", "score": 16},
        {"day": 7, "instrument": "gad7", "score": 11},
        {"day": 13, "instrument": "gad7", "score": 8},
        {"day": 0, "instrument": "phq9", "score": 14},
    ],
    "events": [],
}
"""A made-up patient, two sessions into the course."""

ABOUT = """KAP Outcomes demonstration. It takes about 90 seconds on two cores. All patients are synthetic (made up).
"""

NEXT = """
Report: {report}
Output of the commands: demo/log.txt. Nothing is left running.

To continue, first: cd demo; export BENTOML_HOME=$PWD/bentoml PATH=$PWD/../.venv/bin:$PATH

  kap predict patient.json --in-words                  the whole answer, with its reasons
  kap cohort check cohort                              who was analysed, and why others were not
  kap history                                          who decided what, and which checks failed
  mlflow ui --backend-store-uri sqlite:///mlflow.db    every run, at http://127.0.0.1:5000"""


class Stages:
    """Prints one line per stage with its time; the output of the commands goes into a log."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
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
        with (FOLDER / "log.txt").open("ab") as log:
            log.write(f"$ {shlex.join(['kap', *arguments])}\n".encode())
            log.flush()
            command = [_command(), *arguments]
            code = subprocess.run(  # noqa: S603 - our own command
                command, env=self._environment, cwd=FOLDER, stdout=log, stderr=subprocess.STDOUT, check=False
            ).returncode
        if code not in allowed:
            print(f"failed\n\n{(FOLDER / 'log.txt').read_text(encoding='utf-8')}")
            sys.exit(code)
        return code


def main() -> None:
    """Run the demonstration; any command that fails ends it with that command's exit code."""
    print(ABOUT)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    environment = {
        key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI" and not key.startswith("KAP_")
    }
    environment["BENTOML_HOME"] = str((FOLDER / "bentoml").resolve())
    stages = Stages(environment)
    stages.begin(f"1/6 Simulate a synthetic cohort of {PATIENTS:,} patients")
    stages.kap("cohort", "simulate", "cohort", "--patients", str(PATIENTS))
    stages.end()
    stages.begin("2/6 Train: fit the candidates, evaluate them on held-out patients, record in MLflow")
    stages.kap("train", "cohort")
    stages.end()
    _promote(stages)
    answer = _answer(stages, environment)
    stages.begin("5/6 Find the model, training, code and decision behind the answer")
    stages.kap("audit", "lineage", answer["prediction_id"])
    stages.end("every step passed")
    stages.begin("6/6 Check the prediction log")
    stages.kap("audit", "log")
    stages.end("every entry is unchanged")
    first, *_, synthetic, disclaimer = as_text(answer).split("\n\n")
    print("\n" + "\n\n".join(["A made-up patient before session 3:", first, synthetic, disclaimer.strip()]))
    print(NEXT.format(report=_report()))


def _promote(stages: Stages) -> None:
    """Request a promotion, which the evidence of a small cohort does not support, then override by name."""
    stages.begin("3/6 Promote version 1")
    refused = stages.kap("promote", "1", "--reason", "demonstration on a synthetic cohort", allowed=(0, EVIDENCE))
    if not refused:
        stages.end()
        return
    reason = "a demonstration on synthetic patients; no patient is treated by it"
    stages.kap("promote", "1", "--override", "--by", "the demonstration", "--reason", reason)
    stages.end("refused by the policy; then promoted by an override")


def _answer(stages: Stages, environment: dict[str, str]) -> dict[str, Any]:
    stages.begin("4/6 Serve the champion and predict for one patient over HTTP")
    patient = FOLDER / "patient.json"
    patient.write_text(json.dumps(PATIENT, indent=2) + "\n", encoding="utf-8")
    with _serving(environment) as address:
        answer = _ask(f"{address}/v1/predict", patient.read_bytes())
    stages.end()
    return answer


def _report() -> Path:
    """The report of the training."""
    return next(FOLDER.glob("mlruns/*/*/artifacts/report.html"))


def _command() -> str:
    return str(Path(sys.executable).with_name("kap"))


@contextmanager
def _serving(environment: dict[str, str]) -> Iterator[str]:
    """The service on a free port of this machine, stopped afterwards with all its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = FOLDER / "service.log"
    with log.open("wb") as output:
        service = subprocess.Popen(  # noqa: S603 - our own command
            [_command(), "serve", "--port", str(port)],
            env=environment,
            cwd=FOLDER,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}/readyz", service, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(service.pid, signal.SIGTERM)
            service.wait(timeout=30)


def _wait_until_ready(address: str, service: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"the service did not become ready; {log} says why")


def _ask(address: str, body: bytes) -> dict[str, Any]:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
        document: dict[str, Any] = json.load(answer)
    return document


if __name__ == "__main__":
    main()
