"""The demonstration with the real commands: simulate, train, promote, serve, predict, find the origin of the answer.

Everything is in the folder ./demo, which is emptied first; nothing is left running. The output of the commands is in
./demo/log.txt.
"""

import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

from training.cli.clinic_demo.local_service import free_port, local_service
from training.cli.clinic_demo.stages import Stages, own_environment, promote_first_version, simulate_and_train
from training.cli.texts.prediction_text import as_text

FOLDER = Path("demo")
PATIENTS = 2500

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

To continue, first: cd demo; export BENTOML_HOME=$PWD/bentoml KAP_SIGNING_KEYS=$PWD/keys PATH=$PWD/../.venv/bin:$PATH

  kap predict patient.json --in-words                  the whole answer, with its reasons
  kap cohort check cohort                              who was analysed, and why others were not
  kap history                                          who decided what, and which checks failed
  mlflow ui --backend-store-uri sqlite:///mlflow.db    every run, at http://127.0.0.1:5000"""


def main() -> None:
    """Run the demonstration; any command that fails ends it with that command's exit code."""
    print(ABOUT)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    stages = Stages(FOLDER, own_environment(FOLDER))
    simulate_and_train(stages, PATIENTS, 6)
    promote_first_version(stages, 6)
    answer = _answer(stages)
    stages.begin("5/6 Find the model, training, code and decision behind the answer")
    stages.kap("audit", "lineage", answer["prediction_id"])
    stages.end("every step passed")
    stages.begin("6/6 Check the prediction log")
    stages.kap("audit", "log")
    stages.end("every entry is unchanged")
    first, *_, synthetic, disclaimer = as_text(answer).split("\n\n")
    print("\n" + "\n\n".join(["A made-up patient before session 3:", first, synthetic, disclaimer.strip()]))
    print(NEXT.format(report=_report()))


def _answer(stages: Stages) -> dict[str, Any]:
    stages.begin("4/6 Serve the champion and predict for one patient over HTTP")
    patient = FOLDER / "patient.json"
    patient.write_text(json.dumps(PATIENT, indent=2) + "\n", encoding="utf-8")
    with local_service(stages, free_port()) as service:
        answer = _ask(f"{service.address}/v1/predict", patient.read_bytes())
    stages.end()
    return answer


def _report() -> Path:
    """The report of the training."""
    return next(FOLDER.glob("mlruns/*/*/artifacts/report.html"))


def _ask(address: str, body: bytes) -> dict[str, Any]:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
        document: dict[str, Any] = json.load(answer)
    return document


if __name__ == "__main__":
    main()
