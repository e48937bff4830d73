"""What is asked: ``python -m tests.benchmarks.serve.patients COHORT FOLDER`` writes requests about its patients.

Each is asked about on the day of one of the protocol's landmarks, in turn, as the record stood on that day; only those
are taken for whom the registered model has an answer. MLflow is given the same patients' feature rows, ready made.
"""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from features.build import build_features
from features.records.cohort import Cohort
from models.bundle import Bundle
from serving.prediction.offline import predict_json
from tests.benchmarks.serve.answers import BATCH
from tests.benchmarks.serve.plan import Bodies
from tests.serving.requests import request_of
from training.cohort.reader import read_cohort
from training.registry.release import load_registered

ONE_BY_ONE = 300
"""Different patients that are asked about one at a time."""


class PatientRequest(NamedTuple):
    """A request about a patient, and the feature row that it comes to."""

    request: dict[str, Any]
    landmark: str
    row: list[float | None]


def main(cohort_folder: Path, folder: Path) -> None:
    """Write one file per kind of request; raises ValueError for a cohort with too few patients to ask about."""
    bundle, version = load_registered("1")
    cohort = read_cohort(cohort_folder, bundle.protocol)
    asked = list(islice(_answerable(cohort, bundle, version), BATCH))
    if len(asked) < BATCH:
        raise ValueError(f"{BATCH} patients with an answer are required, found {len(asked)}")
    requests = [one.request for one in asked]
    bodies: dict[Bodies, list[dict[str, Any]]] = {
        "one": requests[:ONE_BY_ONE],
        "many": [{"requests": requests, "in_full": False}],
        "many-in-full": [{"requests": requests, "in_full": True}],
        "nothing": [{}],
        "frames": [_frame(bundle, one) for one in asked[:ONE_BY_ONE]],
    }
    for name, lines in bodies.items():
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        (folder / name).write_text(text, encoding="utf-8")


def _answerable(cohort: Cohort, bundle: Bundle, version: str) -> Iterator[PatientRequest]:
    landmarks = [model.landmark for model in bundle.models]
    tables = [build_features(cohort, landmark) for landmark in landmarks]
    for patient in range(len(cohort)):
        landmark, features = landmarks[patient % len(landmarks)], tables[patient % len(landmarks)]
        day = features.day[patient]
        if np.isnan(day):
            continue
        request = request_of(cohort, patient, int(day))
        answer = predict_json(json.dumps(request).encode(), bundle, version)
        if answer["outcome"] == "predicted" and answer["landmark"]["name"] == landmark.name:
            values = features.values[patient]
            yield PatientRequest(
                request, landmark.name, [None if np.isnan(value) else value for value in values.tolist()]
            )


def _frame(bundle: Bundle, asked: PatientRequest) -> dict[str, Any]:
    columns = ["landmark", *bundle.features]
    return {"dataframe_split": {"columns": columns, "data": [[asked.landmark, *asked.row]]}}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
