"""Hand-made bundles for tests: linear scores over a few features, with weights that anyone can add up."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from features.catalogue import catalogue
from features.protocol import Protocol
from models.bundle import Bundle, HeadRecord, load_bundle, save_bundle
from models.outcome_model import OutcomeModel
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


def stored(bundle: Bundle, folder: Path) -> Bundle:
    """The bundle, saved and loaded again."""
    save_bundle(bundle, folder)
    return load_bundle(folder)
