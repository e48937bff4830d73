"""Hand-made bundles for tests: linear scores over a few features, with weights that anyone can add up."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from features.catalogue import catalogue
from features.protocol import Protocol
from models.applicability import Applicability
from models.bundle import Bundle, HeadRecord, load_bundle, save_bundle
from models.combinations import Combinations
from models.outcome_model import Intervals, OutcomeModel, Predictions
from models.outcomes import Floats
from models.relapse import RelapseHead
from models.remission import RemissionHead
from models.score import Linear

REMISSION = {"baseline_distance_to_remission": -0.4, "change_reliable": 0.7, "age_years": -0.01, "sex_female": 0.1}
RELAPSE = {"distance_to_remission": 0.3, "comorbid_depression": 0.25, "benzodiazepine_mg": 0.02}
MISSING = 0.05
NOTE = "too few events; the overall rate answers"


def linear(protocol: Protocol, weights: Mapping[str, float]) -> Linear:
    """A linear score without limits or centre; a missing value contributes 0.05."""
    names = [feature.name for feature in catalogue(protocol)]
    number = len(weights)
    return Linear(
        used=np.array([names.index(name) for name in weights], dtype=np.int64),
        lower=np.full(number, -1e6),
        upper=np.full(number, 1e6),
        centre=np.zeros(number),
        weight=np.array(list(weights.values())),
        missing_weight=np.full(number, MISSING),
        features=len(names),
    )


def toy_bundle(protocol: Protocol | None = None) -> Bundle:
    """Both heads at every landmark of the protocol, learned from nobody; synthetic."""
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
    learned = {"relapse": HeadRecord(120, 40, "logistic", NOTE)}
    if not at_landmark:
        learned = {"remission": HeadRecord(400, 150, "logistic")} | learned
    return Bundle(protocol, models, tuple(learned for _ in models), {"synthetic": True, "run_id": "a1b2"})


def without(bundle: Bundle, *heads: str) -> Bundle:
    """The same bundle as if these heads could not be learned."""
    unlearned: dict[str, Any] = dict.fromkeys(heads)
    return replace(bundle, models=tuple(replace(model, **unlearned) for model in bundle.models))


def judging(bundle: Bundle) -> Bundle:
    """The same bundle as if learned from patients of 30 to 60 years, four of them with panic and none with OCD.

    An age of 60.1 is at the edge and one of 91 outside, 30 years beyond the range.
    """
    names = bundle.features
    number, age = len(names), names.index("age_years")
    lower, upper, unit = np.full(number, -np.inf), np.full(number, np.inf), np.ones(number)
    lower[age], upper[age], unit[age] = 30, 60, 30
    by_value = np.zeros((2, number))
    by_value[1, [names.index("diagnosis_panic"), names.index("diagnosis_ocd")]] = 1, 2
    none = np.zeros((number, number))
    known = Applicability(
        lower=lower,
        upper=upper,
        unit=unit,
        by_value=by_value,
        is_diagnosis=np.array([name.startswith("diagnosis_") for name in names], dtype=np.float64),
        other_diagnosis=np.array(0.0),
        recorded=np.ones(number),
        combinations=Combinations(np.zeros(number), np.ones(number), none, none),
        edge=np.array([0.0, 1.0, 1.0]),
        limit=np.array([1.0, 1.0, 1.0]),
        shares=np.array([0.96, 0.04, 0.0]),
    )
    return replace(bundle, models=tuple(replace(model, applicability=known) for model in bundle.models))


class _Wavering(OutcomeModel):
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
    return replace(bundle, models=tuple(_Wavering(**vars(model)) for model in bundle.models))


def stored(bundle: Bundle, folder: Path) -> Bundle:
    """The bundle, saved and loaded again."""
    save_bundle(bundle, folder)
    return load_bundle(folder)
