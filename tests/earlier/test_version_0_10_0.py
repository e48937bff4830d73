"""Version 0.10.0's numbers come out again: feature rows bit for bit, the answers of its models, and what it served.

`version_0_10_0` holds 60 patients of a synthetic cohort, and 55 random ones under a protocol with every kind of
landmark, scale, covariate and own feature, as CSV; their rows, as 0.10.0 built them; its logistic and XGBoost heads,
fitted on 1,500 patients of the synthetic cohort, with six refits; and its answers. A change that is meant to give other
numbers names the feature and its reason in ``CHANGED`` or ``GONE``.
"""

import json
from typing import Any

import numpy as np
import pytest

from features.build import build_features
from features.protocol.document import Protocol
from models import applicability, uncertainty
from models.bundle import Bundle, HeadRecord
from models.outcome_model import OutcomeModel
from models.outcomes import Floats
from models.uncertainty import OutcomeRefits
from serving.contract.reading import read_request
from serving.prediction.predictor import PredictionReply, Predictor
from tests.earlier.stored_numbers import ELSEWHERE, StoredNumbers, same_bits

LANDMARKS = [*(("simulated", number) for number in range(3)), *(("random", number) for number in range(4))]
MODELS = [(kind, number) for kind in ("logistic", "xgboost") for number in range(3)]
CHANGED: dict[str, str] = {}
"""Features that have other values than in 0.10.0, and why."""
GONE: dict[str, str] = {}
"""Features that 0.10.0 had, and why they went."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredNumbers:
    return StoredNumbers.unpacked("0_10_0", tmp_path_factory.mktemp("version_0_10_0"))


@pytest.mark.parametrize(("name", "number"), LANDMARKS)
def test_landmark_days_and_eligibility_are_the_same(stored: StoredNumbers, name: str, number: int) -> None:
    cohort, then = stored.cohort(name), stored.below(f"{name}/{number}")
    rows = build_features(cohort, cohort.protocol.landmarks[number])
    assert cohort.patient_ids.tolist() == stored.arrays[f"{name}/patient_ids"].tolist()
    assert same_bits(rows.day, then["day"].astype(np.float64)).all()
    assert ["" if why is None else why.name for why in rows.ineligible] == then["ineligible"].tolist()


def test_every_feature_has_the_same_bits(stored: StoredNumbers) -> None:
    different, gone = set(), set()
    for name, number in LANDMARKS:
        cohort = stored.cohort(name)
        rows = build_features(cohort, cohort.protocol.landmarks[number])
        now = dict(zip(rows.names, rows.values.T, strict=True))
        for feature, then in zip(stored.names(name), stored.rows(name, number).T, strict=True):
            if feature not in now:
                gone.add(feature)
            elif not same_bits(now[feature], then).all():
                different.add(feature)
    assert different == CHANGED.keys()
    assert gone == GONE.keys()


def model_of(stored: StoredNumbers, kind: str, number: int) -> OutcomeModel:
    """One landmark's model; the logistic one has intervals, and at one landmark it knows its training patients."""
    path, features = f"{kind}/{number}", len(stored.names("simulated"))
    refits = [stored.below(f"{path}/{head}_refits") for head in ("remission", "relapse")]
    domain, protocol = stored.below(f"{path}/applicability"), protocol_of(stored)
    return OutcomeModel(
        landmark=protocol.landmarks[number],
        horizons_days=protocol.horizons_days,
        in_remission_at_landmark=False,
        remission=stored.remission(f"{path}/remission", features),
        relapse=stored.relapse(f"{path}/relapse", features),
        refits=OutcomeRefits(*map(uncertainty.from_arrays, refits)) if all(refits) else None,
        applicability=applicability.from_arrays(domain) if domain else None,
    )


def protocol_of(stored: StoredNumbers) -> Protocol:
    return stored.cohort("simulated").protocol


def answers_of(stored: StoredNumbers, kind: str, number: int) -> tuple[Floats, dict[str, Floats]]:
    """The rows of those who had an answer, and the numbers of the answer by name."""
    found = stored.below(f"{kind}/{number}/answers")
    rows = stored.rows("simulated", number)[found.pop("patients").astype(np.intp)]
    return rows, {name: values.astype(np.float64) for name, values in found.items()}


@pytest.mark.parametrize(("kind", "number"), MODELS)
def test_probabilities_and_curves_are_the_same(stored: StoredNumbers, kind: str, number: int) -> None:
    model, (rows, then) = model_of(stored, kind, number), answers_of(stored, kind, number)
    assert len(rows) > 50
    answers, _ = model.predict(rows, with_curve=False).answers_and_limits()
    stored.assert_same(answers, then["answers"], "probabilities")
    curve = model.predict(rows[: len(then["curve_relapse"])]).curve
    assert curve is not None
    stored.assert_same(curve.relapse, then["curve_relapse"], "curve")
    stored.assert_same(curve.event_free, then["curve_event_free"], "curve")


@pytest.mark.parametrize("number", range(3))
def test_intervals_are_the_same(stored: StoredNumbers, number: int) -> None:
    model, (rows, then) = model_of(stored, "logistic", number), answers_of(stored, "logistic", number)
    _, limits = model.predict(rows, with_curve=False).answers_and_limits()
    stored.assert_same(limits, then["limits"], "limits")
    found = model.predict(rows[: len(then["curve_relapse"])]).interval
    assert found is not None
    assert found.curve_relapse is not None
    assert found.curve_event_free is not None
    stored.assert_same(found.curve_relapse, then["curve_relapse_limits"], "limits of the curve")
    stored.assert_same(found.curve_event_free, then["curve_event_free_limits"], "limits of the curve")


@pytest.mark.parametrize(("kind", "number"), MODELS)
def test_contributions_are_the_same(stored: StoredNumbers, kind: str, number: int) -> None:
    model, (rows, then) = model_of(stored, kind, number), answers_of(stored, kind, number)
    for name in ("remission", "relapse"):
        start, contributions = getattr(model, name).explain(rows[: len(then[f"{name}_start"])])
        stored.assert_same(start, then[f"{name}_start"], name)
        stored.assert_same(contributions, then[f"{name}_contributions"], name)


def test_who_is_like_the_training_patients_is_the_same(stored: StoredNumbers) -> None:
    """Of the rows, and of rows with every number twice as large."""
    model, (rows, then) = model_of(stored, "logistic", 2), answers_of(stored, "logistic", 2)
    rows = np.vstack([rows, 2 * rows])
    assert model.applicability is not None
    stored.assert_same(model.applicability.figures(rows), then["applicability_figures"], "figures")
    assert model.applicability.assess(rows).verdict.tolist() == then["applicability_verdict"].tolist()
    assert len(set(then["applicability_verdict"].tolist())) > 1


def bundle_of(stored: StoredNumbers, kind: str) -> Bundle:
    record = {head: HeadRecord(1000, 300, kind) for head in ("remission", "relapse")}
    models = tuple(model_of(stored, kind, number) for number in range(3))
    return Bundle(protocol_of(stored), models, (record,) * 3, {"synthetic": True}, "0" * 64)


@pytest.mark.parametrize("kind", ["logistic", "xgboost"])
def test_the_service_answers_each_request_with_the_same_bytes(stored: StoredNumbers, kind: str) -> None:
    """On a processor that rounds in another way with the same texts, and numbers within ``ELSEWHERE``; and so together
    with other requests, since sums of many rows may round in another way.
    """
    predictor = Predictor(bundle_of(stored, kind), "1")
    exchanges = json.loads((stored.folder / "served.json").read_text(encoding="utf-8"))[kind]
    assert len(exchanges) >= 4
    requests = [read_request(json.dumps(exchange["request"])) for exchange in exchanges]
    then = [json.loads(exchange["answer"]) for exchange in exchanges]
    ids = [answer["prediction_id"] for answer in then]
    together = predictor.answer_many(requests, ids)
    for request, exchange, answer, reply in zip(requests, exchanges, then, together, strict=True):
        body = predictor.answer(request, answer["prediction_id"])
        assert near(json.loads(body), answer)
        assert body.decode() == exchange["answer"] or stored.tolerance
        assert isinstance(reply, PredictionReply)
        assert near(reply.answer, answer)


def near(now: Any, then: Any) -> bool:
    """Whether two documents have the same texts and structure, and numbers within ``ELSEWHERE``."""
    if isinstance(then, float):
        return isinstance(now, float) and abs(now - then) <= ELSEWHERE
    if isinstance(then, dict):
        return now.keys() == then.keys() and all(near(now[key], value) for key, value in then.items())
    if isinstance(then, list):
        return len(now) == len(then) and all(map(near, now, then))
    return bool(now == then)
