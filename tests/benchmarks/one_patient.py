"""Milliseconds from one patient's request to the answer, without HTTP: `python -m ... FOLDER CALLS`.

A model is trained on the cohort in FOLDER; every head that could be fitted is logistic in one bundle and XGBoost in
the other. A request is a parsed JSON document; checking it against the contract and writing the answer as JSON, in full
with reasons and the weekly curve, are part of the time. Prints one JSON object.
"""

import gc
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import Bundle
from models.score import LinearScore, Trees
from serving.contract.request import PredictionRequest
from serving.prediction.predictor import Predictor
from training.cli.demo import PATIENT
from training.cohort.reader import read_cohort
from training.config import load_config
from training.experiment.train import Training, quietly, train
from training.learning.fit import HeadFit
from training.provenance import collect_provenance

WARM_UP = 50
MANY = 1000
MANY_TIMES = 100
"""A call with many patients is measured so many times less often."""
KINDS = {"logistic": LinearScore, "xgboost": Trees}


def main(folder: Path, calls: int) -> dict[str, dict[str, float]]:
    """Median and 99th percentile by kind of head, in milliseconds, and patients a second of many together."""
    config = replace(load_config(), folds=2, site_events=10**9, fewest_repeats=1, most_repeats=1)
    training = train(read_cohort(folder), config, collect_provenance(), quietly, 2)
    gc.collect()
    gc.freeze()  # as the service does before its first request
    return {kind: _taken(bundle_of(training, kind), calls) for kind in KINDS}


def _taken(bundle: Bundle, calls: int) -> dict[str, float]:
    """With intervals, and without."""
    plain = replace(bundle, models=tuple(replace(model, refits=None) for model in bundle.models))
    without = milliseconds(Predictor(plain, "1"), calls)["p50"]
    predictor = Predictor(bundle, "1")
    together = {
        "each_second": patients_a_second(predictor, calls // MANY_TIMES, in_full=False),
        "each_second_in_full": patients_a_second(predictor, calls // MANY_TIMES, in_full=True),
    }
    return milliseconds(predictor, calls) | {"p50_without_intervals": without} | together


def bundle_of(training: Training, kind: str) -> Bundle:
    """The bundle with every head of one kind; raises TypeError where one could not be fitted."""
    models = []
    for model, fits in zip(training.bundle.models, training.landmarks, strict=True):
        heads: dict[str, Any] = {name: _head(fit, kind) for name, fit in fits.heads.items()}
        models.append(replace(model, **heads))
    return replace(training.bundle, models=tuple(models))


def _head(fit: HeadFit, kind: str) -> object:
    head = fit.candidates[kind].head
    if not isinstance(head.score, KINDS[kind]):
        raise TypeError(f"{fit.task.name}: {kind} was not fitted; a larger cohort is required")
    return head


def milliseconds(predictor: Predictor, calls: int) -> dict[str, float]:
    """Median and 99th percentile over so many calls, after a few to warm up."""
    taken = np.empty(WARM_UP + calls)
    for call in range(len(taken)):
        start = time.perf_counter()
        predictor.answer_many([PredictionRequest.model_validate(PATIENT)], ["measured"])
        taken[call] = time.perf_counter() - start
    middle, slow = np.percentile(taken[WARM_UP:] * 1000, [50, 99])
    return {"p50": float(middle), "p99": float(slow)}


def patients_a_second(predictor: Predictor, calls: int, *, in_full: bool) -> float:
    """Patients answered a second, many together; the median of so many calls."""
    ids = ["measured"] * MANY
    taken = np.empty(1 + calls)
    for call in range(len(taken)):
        start = time.perf_counter()
        requests = [PredictionRequest.model_validate(PATIENT) for _ in range(MANY)]
        predictor.answer_many(requests, ids, in_full=in_full)
        taken[call] = time.perf_counter() - start
    return MANY / float(np.median(taken[1:]))


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
