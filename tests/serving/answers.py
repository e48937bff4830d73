"""Many requests and their answers, for tests."""

from typing import Any

import numpy as np

from features.protocol.document import Protocol
from models.bundle import Bundle
from serving.contract.request import PredictionRequest
from serving.prediction.predictor import PredictionReply, Predictor
from tests.cohorts import random_cohort
from tests.serving.requests import EXAMPLE, example, read, request_of


def drawn(seed: int, number: int, protocol: Protocol | None = None) -> list[PredictionRequest]:
    """Requests of random patients, each on a day of its own, the example, and one without a rating."""
    rng = np.random.default_rng(seed)
    cohort = random_cohort(rng, number, protocol or Protocol())
    requests = [read(request_of(cohort, patient, int(rng.integers(0, 60)))) for patient in range(number)]
    return [*requests, read(EXAMPLE), read(example(assessments=[]))]


def answered(bundle: Bundle, requests: list[PredictionRequest], *, in_full: bool = True) -> list[PredictionReply]:
    ids = [f"id-{place}" for place in range(len(requests))]
    replies = Predictor(bundle, "3").answer_many(requests, ids, in_full=in_full)
    assert all(isinstance(reply, PredictionReply) for reply in replies)
    return [reply for reply in replies if isinstance(reply, PredictionReply)]


def alike(one: Any, other: Any) -> bool:
    """Equal, but for numbers that may differ by 1e-12."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(alike(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(alike(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, float):
        return isinstance(other, float) and abs(one - other) <= 1e-12
    return type(one) is type(other) and one == other


def codes(reply: PredictionReply) -> set[str]:
    """Why there is no prediction; nothing where there is one."""
    predicted = reply.answer["outcome"] == "predicted"
    return set() if predicted else {reason["code"] for reason in reply.answer["reasons"]}
