"""Hand-made bundles for tests: linear scores over a few features, with weights that anyone can add up."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from features.catalogue import catalogue
from features.protocol.document import Protocol
from models.applicability import ApplicabilityDomain
from models.bundle import Bundle, HeadRecord, load_bundle, save_bundle
from models.combinations import Combinations
from models.outcome_model import Intervals, OutcomeModel, Predictions
from models.outcomes import Floats
from models.relapse import RelapseHead
from models.remission import RemissionHead
from models.score import Constant, LinearScore, Trees
from models.uncertainty import OutcomeRefits
from tests.models.refits import head_refits

REMISSION = {"baseline_distance_to_remission": -0.4, "change_reliable": 0.7, "age_years": -0.01, "sex_female": 0.1}
RELAPSE = {"distance_to_remission": 0.3, "comorbid_depression": 0.25, "benzodiazepine_mg": 0.02}
MISSING = 0.05
NOTE = "competing events have one rate for all patients: a regression is no better on held-out patients"


def linear(protocol: Protocol, weights: Mapping[str, float]) -> LinearScore:
    """A linear score without limits or centre; a missing value contributes 0.05."""
    names = [feature.name for feature in catalogue(protocol)]
    number = len(weights)
    return LinearScore(
        used=np.array([names.index(name) for name in weights], dtype=np.int64),
        lower=np.full(number, -1e6),
        upper=np.full(number, 1e6),
        centre=np.zeros(number),
        weight=np.array(list(weights.values())),
        missing_weight=np.full(number, MISSING),
        features=len(names),
    )


def toy_bundle(protocol: Protocol | None = None) -> Bundle:
    """Both heads at every landmark of the protocol, not fitted on patients; synthetic."""
    protocol = protocol or Protocol()
    at_landmark = protocol.remission.at_landmark
    relapse = RelapseHead(
        linear(protocol, RELAPSE), np.array([0, 8, 26]), np.array([-3.0, -3.5]), np.array([0.002, 0.002]), 0.9
    )
    remission = None if at_landmark else RemissionHead(linear(protocol, REMISSION), 0.3, 1.1)
    models = tuple(
        OutcomeModel(landmark, protocol.horizons_days, at_landmark, remission, relapse)
        for landmark in protocol.landmarks
    )
    records = {"relapse": HeadRecord(120, 40, "logistic", NOTE)}
    if not at_landmark:
        records = {"remission": HeadRecord(400, 150, "logistic")} | records
    return Bundle(protocol, models, tuple(records for _ in models), {"synthetic": True, "run_id": "a1b2"})


def without(bundle: Bundle, *heads: str) -> Bundle:
    """The same bundle as if these heads could not be fitted."""
    unfitted: dict[str, Any] = dict.fromkeys(heads)
    return replace(bundle, models=tuple(replace(model, **unfitted) for model in bundle.models))


def with_applicability(bundle: Bundle) -> Bundle:
    """The same bundle as if fitted on patients of 30 to 60 years, four of them with panic and none with OCD.

    An age of 60.1 is at the edge and one of 91 outside, 30 years beyond the range.
    """
    names = bundle.features
    number, age = len(names), names.index("age_years")
    lower, upper, unit = np.full(number, -np.inf), np.full(number, np.inf), np.ones(number)
    lower[age], upper[age], unit[age] = 30, 60, 30
    by_value = np.zeros((2, number))
    by_value[1, [names.index("diagnosis_panic"), names.index("diagnosis_ocd")]] = 1, 2
    none = np.zeros((number, number))
    known = ApplicabilityDomain(
        lower=lower,
        upper=upper,
        unit=unit,
        by_value=by_value,
        recorded=np.ones(number),
        plausible=np.full(number, np.inf),
        combinations=Combinations(np.zeros(number), np.ones(number), none, none),
        edge=np.array([0.0, 1.0, 1.0]),
        limit=np.array([1.0, 1.0, 1.0]),
        proportions=np.array([0.96, 0.04, 0.0]),
    )
    return replace(bundle, models=tuple(replace(model, applicability=known) for model in bundle.models))


class _WideOutcomeModel(OutcomeModel):
    """Every interval reaches 0.3 p (1 - p) to either side of its probability p."""

    def predict(self, rows: Floats, *, with_curve: bool = True) -> Predictions:
        predicted = super().predict(rows, with_curve=with_curve)
        curve = predicted.curve
        interval = Intervals(
            remission=_around(predicted.remission),
            relapse=_around(predicted.relapse),
            sustained=_around(predicted.sustained),
            curve_relapse=None if curve is None else _around(curve.relapse),
            curve_event_free=None if curve is None else _around(curve.event_free),
        )
        return replace(predicted, interval=interval)


def _around(probability: Floats) -> Floats:
    return np.stack([probability - waver(probability), probability + waver(probability)], axis=-1)


def waver(probability: Floats | float) -> Floats:
    """How far a made-up interval reaches to either side of its probability."""
    return np.asarray(0.3 * probability * (1 - probability))


def wavering(bundle: Bundle) -> Bundle:
    """The same bundle with intervals that anyone can work out from the probabilities."""
    return replace(bundle, models=tuple(_WideOutcomeModel(**vars(model)) for model in bundle.models))


def stored(bundle: Bundle, folder: Path) -> Bundle:
    """The bundle, saved and loaded again."""
    save_bundle(bundle, folder)
    return load_bundle(folder)


def refitted(bundle: Bundle) -> Bundle:
    """The same bundle with 90% intervals from refits over three features."""
    refits = OutcomeRefits(head_refits(1, relapse=False), head_refits(2, relapse=True))
    return replace(bundle, models=tuple(replace(model, refits=refits) for model in bundle.models))


def without_refits_of(bundle: Bundle, *heads: str) -> Bundle:
    """The same bundle as if these heads gave everybody the average."""
    unfitted: dict[str, Any] = dict.fromkeys(heads)
    models = []
    for model in bundle.models:
        assert model.refits is not None
        models.append(replace(model, refits=replace(model.refits, **unfitted)))
    return replace(bundle, models=tuple(models))


def competing(bundle: Bundle) -> Bundle:
    """The same bundle with competing events that are the likelier the older a patient is."""
    score = linear(bundle.protocol, {"age_years": 0.05})
    models = []
    for model in bundle.models:
        assert model.relapse is not None
        models.append(replace(model, relapse=replace(model.relapse, competing_score=score)))
    return replace(bundle, models=tuple(models))


def boosted(bundle: Bundle) -> Bundle:
    """The same bundle with boosted trees in place of its linear scores."""
    return replace(bundle, models=tuple(_with_trees(model, len(bundle.features)) for model in bundle.models))


def _with_trees(model: OutcomeModel, features: int) -> OutcomeModel:
    import xgboost  # takes a second, which the toy promotion of the server's tests does without

    rng = np.random.default_rng(7)
    rows = rng.normal(2, 3, (200, features))
    rows[rng.random(rows.shape) < 0.25] = np.nan
    outcome = np.nan_to_num(rows[:, :6].sum(axis=1)) > 6
    matrix = xgboost.DMatrix(rows.astype(np.float32), label=outcome, nthread=1)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 2, "nthread": 1}, matrix, num_boost_round=12)
    score = Trees(bytes(booster.save_raw("ubj")), features)
    heads: dict[str, Any] = {
        name: replace(head, score=score) for name in ("remission", "relapse") if (head := getattr(model, name))
    }
    return replace(model, **heads)


def without_differences(bundle: Bundle) -> Bundle:
    """The same bundle with scores that tell no patients apart."""
    score = Constant(len(bundle.features))
    models = []
    for model in bundle.models:
        assert model.remission is not None
        assert model.relapse is not None
        heads = {"remission": replace(model.remission, score=score), "relapse": replace(model.relapse, score=score)}
        models.append(replace(model, **heads))
    return replace(bundle, models=tuple(models))


AT_LANDMARK = replace(Protocol(), remission=replace(Protocol().remission, at_landmark=True))
"""A protocol that takes everyone to be in remission, so that only relapse is predicted."""


def bundles_of_every_kind() -> dict[str, Bundle]:
    """Bundles that differ in what they can say: intervals or none, one head or none, verdicts or none."""
    toy = toy_bundle()
    return {
        "plain": toy,
        "intervals and verdicts": wavering(with_applicability(toy)),
        "refits": refitted(with_applicability(toy)),
        "no interval of remission": without_refits_of(refitted(toy), "remission"),
        "no interval of relapse": without_refits_of(refitted(toy), "relapse"),
        "averages": without_refits_of(refitted(toy), "remission", "relapse"),
        "competing events": competing(refitted(toy)),
        "trees": boosted(refitted(toy)),
        "no differences": without_differences(toy),
        "no remission": refitted(without(toy, "remission")),
        "no relapse": wavering(with_applicability(without(toy, "relapse"))),
        "neither": without(toy, "remission", "relapse"),
        "in remission": wavering(toy_bundle(AT_LANDMARK)),
        "beyond reach": refitted(toy_bundle(replace(Protocol(), horizons_days=(28, 730)))),
    }
