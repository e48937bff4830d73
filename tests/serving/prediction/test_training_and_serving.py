"""Every patient of a training, sent to the service at the landmark: the same verdict, row and answer as in training.

The record is cut as a clinic would have had it on that day. A patient who does not reach the landmark is sent with the
whole record, on the first day on which nothing can change any more.
"""

import json
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from features.build import FeatureRows, build_features
from features.eligibility.eligibility import Ineligible
from features.protocol.document import Covariate, Landmark, Protocol
from features.records.cohort import Cohort
from models.bundle import Bundle
from serving.contract.reading import read_request
from serving.prediction.predictor import PredictionReply, Predictor
from tests.cohorts import DEFAULT, CohortRecords, Record, random_protocol, random_records
from tests.features.own_features import every_own_feature
from tests.places import COHORTS as SHARED
from tests.serving.bundles import refitted, toy_bundle
from tests.serving.requests import request_of
from training.cohort.reader import read_cohort
from training.simulation.cohort import simulate_cohort, write_cohort

RECRUITMENT = Covariate("recruitment", "category", "how the patient came", levels=("self-referred", "by a doctor"))
NUMBERS = ("remission", "relapse", "sustained_remission")


def differences(cohort: Cohort, landmark: Landmark) -> tuple[list[str], Counter[str]]:
    """Every difference between training and service at one landmark, and how many patients had which verdict."""
    bundle = refitted(toy_bundle(replace(cohort.protocol, landmarks=(landmark,))))
    rows = build_features(cohort, landmark)
    replies = _replies(bundle, cohort, rows, landmark)
    predicted = [patient for patient in range(len(cohort)) if rows.ineligible[patient] is None]
    expected = _answers(bundle, rows, predicted)
    found, verdicts = [], Counter[str]()
    for patient, reply in enumerate(replies):
        why = rows.ineligible[patient]
        verdicts["eligible" if why is None else why.name.lower()] += 1
        name = f"{cohort.patient_ids[patient]}, {landmark.name}"
        document = reply.answer
        service_code = None if document["outcome"] == "predicted" else document["reasons"][0]["code"]
        if service_code != (None if why is None else why.name.lower()):
            found.append(f"{name}: training says {why}, the service {service_code}")
        elif why is None:
            found += _row_differences(name, reply, rows, patient)
            found += [f"{name}: another {key}" for key in NUMBERS if _differ(document, expected[patient], key)]
    return found, verdicts


def _replies(bundle: Bundle, cohort: Cohort, rows: FeatureRows, landmark: Landmark) -> list[PredictionReply]:
    """What the service answers each patient on the landmark day, or when the landmark can't be reached any more."""
    requests = []
    for patient, day in enumerate(rows.day.tolist()):
        today = int(_settled_day(cohort, patient, landmark) if np.isnan(day) else day)
        requests.append(read_request(json.dumps(request_of(cohort, patient, today))))
    replies = Predictor(bundle, "1").answer_many(requests, [f"id-{place}" for place in range(len(requests))])
    answered = [reply for reply in replies if isinstance(reply, PredictionReply)]
    assert len(answered) == len(replies), "a record of a cohort that was read is never refused"
    return answered


def _settled_day(cohort: Cohort, patient: int, landmark: Landmark) -> float:
    """A day after the whole record, after the acute course and after a fixed day."""
    last = [cohort.protocol.acute_max_days + 1, landmark.day or 0]
    for name in ("sessions", "assessments", "events"):
        table = cohort.table(name)
        last += table.numbers("day")[table.patient == patient].tolist()
    return max(last)


def _answers(bundle: Bundle, rows: FeatureRows, patients: list[int]) -> dict[int, dict[str, list[float]]]:
    """The probabilities and limits that the model itself gives for the training rows, without the service's code."""
    (model,) = bundle.models
    found: dict[int, dict[str, list[float]]] = {}
    for patient in patients:
        predicted = model.predict(rows.values[[patient]])
        assert predicted.interval is not None
        heads = {"remission": model.remission, "relapse": model.relapse, "sustained_remission": model.relapse}
        answers = {
            "remission": (predicted.remission[0], predicted.interval.remission[0]),
            "relapse": (predicted.relapse[0], predicted.interval.relapse[0]),
            "sustained_remission": (predicted.sustained[0], predicted.interval.sustained[0]),
        }
        found[patient] = {
            name: np.hstack([part.ravel() for part in parts]).tolist() for name, parts in answers.items() if heads[name]
        }
    return found


def _served(document: dict[str, Any], name: str) -> list[float]:
    """The probabilities of an answer, then their limits, as ``_answers`` lays them out."""
    part = document[name]
    each = part["at_horizons"] if name == "relapse" else part if isinstance(part, list) else [part]
    limits = [one["interval_90"] or {"low": np.nan, "high": np.nan} for one in each]
    probabilities = [np.nan if one["probability"] is None else one["probability"] for one in each]
    return probabilities + [one[end] for one in limits for end in ("low", "high")]


def _differ(document: dict[str, Any], expected: dict[str, list[float]], name: str) -> bool:
    """Whether a number differs by more than the order of sums explains, or is given by one of both only."""
    if document[name] is None:
        return name in expected
    served, own = np.array(_served(document, name)), np.array(expected[name])
    return served.shape != own.shape or not np.allclose(served, own, rtol=0, atol=1e-9, equal_nan=True)


def _row_differences(name: str, reply: PredictionReply, rows: FeatureRows, patient: int) -> list[str]:
    assert reply.row is not None
    sent, values = orjson.loads(reply.row), rows.values[patient]
    found = [] if reply.landmark_day == rows.day[patient] else [f"{name}: another landmark day"]
    for feature, value in zip(rows.names, values.tolist(), strict=True):
        served = sent.get(feature, np.nan)
        if np.array([served]).tobytes() != np.array([value]).tobytes() and not (np.isnan(served) and np.isnan(value)):
            found.append(f"{name}: another {feature}")
    return found


def check(cohort: Cohort) -> Counter[str]:
    """No difference at any landmark; the verdicts that were compared."""
    seen = Counter[str]()
    for landmark in cohort.protocol.landmarks:
        found, verdicts = differences(cohort, landmark)
        assert not found, "\n".join(found[:20])
        seen += verdicts
    return seen


def test_a_synthetic_cohort(tmp_path: Path) -> None:
    write_cohort(simulate_cohort(400, 4, seed=19), tmp_path)
    assert check(read_cohort(tmp_path))["eligible"] > 800


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real cohorts, ../shared/cohorts beside the repository, are absent")
@pytest.mark.parametrize("name", ["beat_the_blues", "antidepressant_trial", "uis", "gbsg"])
def test_a_published_cohort(name: str) -> None:
    assert check(read_cohort(SHARED / name))["eligible"] > 50


@cache
def adversarial(seed: int) -> Cohort:
    """Late and missing sessions, two on one day, deaths, withdrawals, early readings, patients of any age."""
    rng = np.random.default_rng(seed)
    protocol = _drawn_protocol(rng) if seed else DEFAULT
    if seed % 2:
        protocol = replace(protocol, covariates=(RECRUITMENT,), own_features=every_own_feature("gad7")[:: 4 + seed])
    drawn = random_records(rng, 60, protocol)
    sessions = [row for row in drawn.tables["sessions"] if rng.random() > 0.05 or row["day"] == 0]
    tables = drawn.tables | {"sessions": sessions}
    return CohortRecords([_of_any_age(patient, rng) for patient in drawn.patients], tables).cohort(protocol)


def _of_any_age(patient: Record, rng: np.random.Generator) -> Record:
    return patient | {"age_years": float(rng.choice([10, 17.9, 18, 40, 40, 40, 80, 110]))}


def _drawn_protocol(rng: np.random.Generator) -> Protocol:
    """A random protocol with random latest days before sessions 2 and 3."""
    protocol = random_protocol(rng)
    first, *others = protocol.landmarks
    drawn = [one if one.day is not None else replace(one, else_days=int(rng.choice([1, 7, 14, 30]))) for one in others]
    return replace(protocol, landmarks=(first, *drawn))


@pytest.mark.parametrize("block", [0, 1, *(pytest.param(block, marks=pytest.mark.long) for block in (2, 3))])
def test_adversarial_records(block: int) -> None:
    seen = Counter[str]()
    for seed in range(10 * block, 10 * block + 10):
        seen += check(adversarial(seed))
    assert seen["eligible"] > 300


@pytest.mark.parametrize("seeds", [20, pytest.param(40, marks=pytest.mark.long)])
def test_the_adversarial_records_have_every_verdict(seeds: int) -> None:
    """A comparison with a single verdict would show nothing."""
    seen: set[str] = set()
    for seed in range(seeds):
        cohort = adversarial(seed)
        for landmark in cohort.protocol.landmarks:
            seen |= {"eligible" if why is None else why.name for why in build_features(cohort, landmark).ineligible}
    assert seen == {"eligible", *Ineligible.__members__}
