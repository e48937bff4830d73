"""Evaluates a registered model on a validation cohort: its figures, and how the patients of both cohorts differ.

The model stays as it is; only the probability of being observed is fitted.
"""

from functools import partial

import numpy as np

from features.build import build_features
from features.protocol.problems import InputRefusedError, Problem
from features.records.cohort import Cohort
from models.bundle import Bundle
from training.arithmetic import on_one_thread
from training.cohort.event_records import missing_events
from training.config import TrainingConfig
from training.description.baseline_table import baseline_tables
from training.evaluation.gather import gather_landmarks
from training.evaluation.head_evidence import evaluated_head
from training.evaluation.predictions import EvaluatedPredictions, evaluate_model, weights_of
from training.evidence.caveats import EVALUATED_ON_SYNTHETIC, MODEL_FROM_SYNTHETIC
from training.evidence.document import EvaluatedCohort, Evidence, HeadEvidence
from training.experiment.train import Announce
from training.learning.cohort_tasks import tasks_of
from training.metrics.draws import Draws, draw
from training.outcomes.labels import derive_outcomes
from training.seen_cohorts import has_seen
from training.simulation.marks import has_synthetic_patients

OVERLAP = (
    "The digest shows that this is not the development cohort. It can't show whether single patients are in both: "
    "those who collected the cohort must know."
)


@on_one_thread
def evaluate(
    bundle: Bundle, cohort: Cohort, source: str, config: TrainingConfig, announce: Announce, workers: int = 2
) -> Evidence:
    """The evidence of a model on a cohort that was read under the model's own protocol.

    Raises ``InputRefusedError`` for the model's own development cohort, and if no patient can be evaluated.
    """
    refuse_its_own(bundle, cohort)
    evaluated = _evaluated(bundle, cohort, config)
    if not any(seen.outcomes.eligible.any() for seen in evaluated):
        raise InputRefusedError(
            [Problem("cohort", None, None, "patients with an outcome after a landmark", "none; see kap cohort check")]
        )
    draws = draw(cohort, False, config.draws, config.seed)
    progress = announce("measuring", len(evaluated))
    heads = [partial(head_evidences, bundle, number) for number in range(len(evaluated))]
    return Evidence(
        kind="external",
        quick=False,
        bundle_digest=bundle.digest or None,
        model_synthetic=bundle.training.get("synthetic") is True,
        cohort=used(cohort, source, synthetic=has_synthetic_patients(cohort)),
        protocol=cohort.protocol.name,
        protocol_digest=cohort.protocol.digest,
        folds="none: the model never saw this cohort",
        resampled=draws.words,
        draws=config.draws,
        seed=config.seed,
        landmarks=gather_landmarks(cohort, evaluated, heads, draws, config.evaluation, (progress, workers)),
        leakage=[],
        refit_check=None,
        caveats=_caveats(bundle, cohort),
        baseline=baseline_tables(cohort, evaluated[0].features, evaluated[0].outcomes),
    )


def used(cohort: Cohort, source: str, *, synthetic: bool) -> EvaluatedCohort:
    """The cohort as evidence names it; ``synthetic`` comes from the cohort's marks, not from the model's protocol."""
    return EvaluatedCohort(
        source=source,
        digest=cohort.digest,
        patients=len(cohort),
        sites=len(set(cohort.site[cohort.site >= 0].tolist())),
        synthetic=synthetic,
    )


def refuse_its_own(bundle: Bundle, cohort: Cohort) -> None:
    """Raise ``InputRefusedError`` for a development cohort of the model, or of one that it was updated from."""
    if has_seen(bundle, cohort):
        required = "a cohort that the model never saw"
        raise InputRefusedError([Problem("cohort", None, None, required, "its development cohort")])


def _evaluated(bundle: Bundle, cohort: Cohort, config: TrainingConfig) -> list[EvaluatedPredictions]:
    """The predictions of every landmark's model for the cohort, with the weights for unobserved outcomes."""
    features = [build_features(cohort, model.landmark) for model in bundle.models]
    outcomes = [derive_outcomes(cohort, model.landmark) for model in bundle.models]
    tasks = tasks_of(cohort, features, outcomes, config)
    return [
        evaluate_model(rows, outcome, weights_of(group), model)
        for rows, outcome, group, model in zip(features, outcomes, tasks, bundle.models, strict=True)
    ]


def head_evidences(bundle: Bundle, number: int, evaluated: EvaluatedPredictions, draws: Draws) -> list[HeadEvidence]:
    """The evidence of the heads of the bundle's landmark at a position, except their questions."""
    return [evaluated_head(name, record, evaluated, draws) for name, record in bundle.records[number].items()]


def _caveats(bundle: Bundle, cohort: Cohort) -> list[str]:
    caveats = [OVERLAP]
    if has_synthetic_patients(cohort):
        caveats.append(EVALUATED_ON_SYNTHETIC)
    if bundle.training.get("synthetic") is True:
        caveats.append(MODEL_FROM_SYNTHETIC)
    if len(np.unique(cohort.site)) > 1:
        caveats.append(
            "Intervals are over patients of these sites; the forest plot shows what a check elsewhere may find."
        )
    unrecorded = missing_events(cohort)
    return [*caveats, unrecorded] if unrecorded else caveats
