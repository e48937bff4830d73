"""One training, and what it and each of its candidates answer fresh patients who are predictable."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.build import build_features
from features.protocol.problems import InputRefusedError
from features.records.cohort import Cohort
from models.outcome_model import OutcomeModel, Predictions
from tests.mechanisms.rows import rows_of
from tests.mechanisms.true_risks import Floats, TrueRisks
from tests.studies.settings import StudySettings
from tests.studies.sources import FreshPatients
from training.config import TrainingConfig, load_config, quickened
from training.experiment.train import LandmarkFit, Training, quietly, train
from training.leakage.checks import LeakageFoundError
from training.provenance import collect_provenance


@dataclass(frozen=True, eq=False)
class FreshAnswers:
    """The answers to fresh patients at one landmark, their feature rows and their truth, row by row."""

    landmark: int
    model: OutcomeModel
    winners: dict[str, str | None]
    rows: Floats
    predictions: Predictions
    truth: TrueRisks


def config_of(settings: StudySettings, seed: int) -> TrainingConfig:
    """The product's settings, with other candidates or a quick look where asked for."""
    config = load_config(seed=seed)
    config = quickened(config) if settings.quick else config
    return replace(config, candidates=settings.candidates) if settings.candidates else config


class TrainingRefusedError(Exception):
    """The product refuses to learn from a cohort; the message is its own."""


def trained(cohort: Cohort, settings: StudySettings, seed: int) -> Training:
    """A training through the product's own function; raises ``TrainingRefusedError`` where it refuses."""
    config = config_of(settings, seed)
    try:
        return train(cohort, config, collect_provenance(), quietly, workers=settings.workers)
    except (InputRefusedError, LeakageFoundError) as refused:
        raise TrainingRefusedError(str(refused)) from refused


def answered(training: Training, fresh: FreshPatients) -> Iterator[FreshAnswers]:
    """The answers at every landmark of the bundle to those fresh patients to whom anything may be said."""
    bundle = training.bundle
    for number, (model, records) in enumerate(zip(bundle.models, bundle.records, strict=True)):
        features = build_features(fresh.cohort, model.landmark)
        truth = fresh.truths[model.landmark.name]
        predictable = np.array([reason is None for reason in features.ineligible]) & truth.reached
        patients = np.flatnonzero(predictable)
        rows = features.values[patients]
        yield FreshAnswers(
            landmark=number,
            model=model,
            winners={name: record.winner for name, record in records.items()},
            rows=rows,
            predictions=model.predict(rows, with_curve=False),
            truth=rows_of(truth, patients),
        )


def models_by_candidate(model: OutcomeModel, fit: LandmarkFit) -> dict[str, OutcomeModel]:
    """The outcome model with the heads of each candidate instead of the chosen ones, without intervals."""
    candidates = {head: found.candidates for head, found in fit.heads.items()}
    names = dict.fromkeys(name for found in candidates.values() for name in found)
    models = {}
    for name in names:
        heads: dict[str, Any] = {head: found[name].head for head, found in candidates.items() if name in found}
        models[name] = replace(model, remission=heads.get("remission"), relapse=heads.get("relapse"), refits=None)
    return models
