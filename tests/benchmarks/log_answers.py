"""Fill a prediction log with answers of a trained model: `python -m ... COHORT LOG ENTRIES`, beside LOG its secret.

A model is trained on the cohort: logistic remission, relapse by XGBoost, both with intervals. Its full answers, with
curve and reasons, for a thousand patients are logged again and again under new ids. Prints one JSON object.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
from sqlalchemy import URL

from models.bundle import Bundle
from serving.log.append import Draft, append, begin_writer, lock
from serving.prediction.predictor import PredictionReply, Predictor
from serving.storage.database import create_tables, open_database, writing
from serving.storage.pseudonyms import Secret
from tests.benchmarks.one_patient import bundle_of
from tests.serving.requests import read, request_of
from training.cohort.reader import read_cohort
from training.config import load_config
from training.experiment.train import quietly, train
from training.provenance import collect_provenance

ANSWERS = 1000
AT_ONCE = 250
DAYS = (8, 15, 22, 40, 80)


def main(cohort: Path, log: Path, number: int) -> dict[str, float]:
    """Mean bytes of a full answer with its row, and seconds for each entry that was logged."""
    replies = _replies(cohort)
    secret = Secret.load_or_create(log.parent / "secret")
    engine = open_database(URL.create("sqlite", database=str(log)))
    create_tables(engine, secret)
    start = time.perf_counter()
    with writing(engine) as connection:
        lock(connection)
        writer = begin_writer(connection, secret)
    for first in range(0, number, AT_ONCE):
        drafts = [
            drafted(secret, replies[place % len(replies)], f"patient-{place // 5}", str(place))
            for place in range(first, min(first + AT_ONCE, number))
        ]
        with writing(engine) as connection:
            lock(connection)
            writer, _ = append(connection, secret, writer, drafts)
    seconds = time.perf_counter() - start
    engine.dispose()
    texts = [len(reply.body) + len(reply.row or b"") for reply in replies]
    return {"answer_bytes": float(np.mean(texts)), "seconds_each": seconds / number}


def _replies(folder: Path) -> list[PredictionReply]:
    """Answers with a curve; the others are smaller."""
    cohort = read_cohort(folder)
    config = replace(load_config(), folds=2, site_events=10**9, fewest_repeats=1, most_repeats=1)
    training = train(cohort, config, collect_provenance(), quietly, 2)
    predictor = Predictor(_mixed(bundle_of(training, "logistic"), bundle_of(training, "xgboost")), "3")
    replies: list[PredictionReply] = []
    for patient in range(ANSWERS):
        request = read(request_of(cohort, patient, DAYS[patient % len(DAYS)]))
        (reply,) = predictor.answer_many([request], ["0" * 36])
        if isinstance(reply, PredictionReply) and b'"curve":[' in reply.body:
            replies.append(reply)
    return replies


def _mixed(one: Bundle, other: Bundle) -> Bundle:
    """The remission heads of one bundle, and the relapse heads of the other."""
    pairs = zip(one.models, other.models, strict=True)
    return replace(one, models=tuple(replace(model, relapse=another.relapse) for model, another in pairs))


def drafted(secret: Secret, reply: PredictionReply, patient: str, request: str) -> Draft:
    """A reply to a patient's request as the service would log it."""
    prediction_id = str(uuid4())
    return Draft(
        prediction_id=prediction_id,
        caller="c0ffee00",
        model_digest="d" * 64,
        model_version="3",
        run_id="a" * 32,
        landmark=reply.landmark,
        landmark_day=reply.landmark_day,
        latency_us=1500,
        patient=secret.patient(patient),
        input_digest=secret.mac("input", request.encode()),
        row=None if reply.row is None else reply.row.decode(),
        answer=reply.body.decode().replace("0" * 36, prediction_id),
        idempotency=secret.mac("idempotency", request.encode()),
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))) + "\n")
