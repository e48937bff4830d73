"""The whole path in one go, by the same commands that people type: simulate, train, promote, serve, ask, trace back.

Everything goes into the folder ./demo, which is made anew; nothing is left running.
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
from training.cli.prediction_text import as_text

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

OVERRIDDEN = """
The gate has refused: what is proven does not meet the policy. A clinic would gather more patients. Here nobody is
treated, so the demonstration overrides in its own name, which the decision log keeps for ever."""

WHERE_TO_LOOK = """
Nothing is running any more. To go on from here:

  cd demo; export BENTOML_HOME=$PWD/bentoml PATH=$PWD/../.venv/bin:$PATH
  mlflow ui --backend-store-uri sqlite:///mlflow.db    every run, at http://127.0.0.1:5000
  kap predict patient.json                             the whole answer, with its reasons
  kap cohort check cohort                              who was analysed, and who was not
  kap audit verify 1 --data cohort                     is all as it was recorded, and does it come out again?
  kap audit dossier 1 --out dossier.html               what an auditor reads
  kap serve                                            the service again; kap keys --help says who may ask it"""


def main() -> None:
    """Run the demonstration; any command that fails ends it with that command's exit code."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    environment = {
        key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI" and not key.startswith("KAP_")
    }
    environment["BENTOML_HOME"] = str((FOLDER / "bentoml").resolve())
    _say(f"cd {FOLDER}; export BENTOML_HOME=$PWD/bentoml")
    _kap(environment, "cohort", "simulate", "cohort", "--patients", str(PATIENTS))
    _kap(environment, "train", "cohort")
    _promote(environment)
    patient = FOLDER / "patient.json"
    patient.write_text(json.dumps(PATIENT, indent=2) + "\n", encoding="utf-8")
    with _serving(environment) as address:
        _say(f"curl {address}/v1/predict -H 'Content-Type: application/json' -d @{patient.name}")
        answer = _ask(f"{address}/v1/predict", patient.read_bytes())
    print("\n" + as_text(answer))
    _kap(environment, "audit", "lineage", answer["prediction_id"])
    _kap(environment, "audit", "log")
    print(WHERE_TO_LOOK)


def _promote(environment: dict[str, str]) -> None:
    """Ask for a promotion, which the evidence of so small a cohort does not support, and override by name."""
    refused = _run(environment, "promote", "1", "--reason", "demonstration on a synthetic cohort")
    if refused == EVIDENCE:
        print(OVERRIDDEN)
        reason = "a demonstration on made-up patients: nobody is treated by it"
        _kap(environment, "promote", "1", "--override", "--by", "the demonstration", "--reason", reason)
    elif refused:
        sys.exit(refused)
    _kap(environment, "history")


def _kap(environment: dict[str, str], *arguments: str) -> None:
    code = _run(environment, *arguments)
    if code:
        sys.exit(code)


def _run(environment: dict[str, str], *arguments: str) -> int:
    """The exit code of a command, shown as it is typed."""
    _say(shlex.join(["kap", *arguments]))
    return subprocess.run([_command(), *arguments], env=environment, cwd=FOLDER, check=False).returncode  # noqa: S603


def _say(command: str) -> None:
    print(f"\n$ {command}", flush=True)


def _command() -> str:
    return str(Path(sys.executable).with_name("kap"))


@contextmanager
def _serving(environment: dict[str, str]) -> Iterator[str]:
    """The service on a free port of this machine, stopped afterwards with everything that it started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _say(f"kap serve --port {port}")
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
