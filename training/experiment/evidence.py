"""Builds the evidence of a finished training: every measure on patients held out, with its interval, as one document.

The recipe, top to bottom; the measures are in `evaluation`, recording is left to `tracking`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from threadpoolctl import threadpool_limits

from features.catalogue import catalogue
from training.cohort.event_records import missing_events
from training.config import TrainingConfig
from training.description.baseline_table import baseline_tables
from training.description.model_description import DescribedHead, describe_models
from training.evaluation.direction import directions
from training.evaluation.gather import gather_landmarks
from training.evaluation.head_evidence import head_evidence
from training.evaluation.predictions import EvaluatedPredictions, evaluate_held_out, weights_of
from training.evaluation.winner_refits import instabilities
from training.evidence.caveats import FITTED_ON_SYNTHETIC
from training.evidence.document import Direction, Evidence, HeadEvidence, Instability, LandmarkEvidence
from training.experiment.external import used
from training.experiment.train import Announce, LandmarkFit, Training
from training.learning.fit import HeadFit
from training.learning.learning_curve import SmallerFits, fit_on_fewer, learning_curve, number_of_smaller_fits
from training.learning.refit_check import check_refit
from training.learning.splits import Folds
from training.metrics.draws import Draws, draw
from training.outcomes.digests import bundle_digest
from training.simulation.marks import is_synthetic


def build_evidence(training: Training, source: str, announce: Announce, workers: int = 2) -> Evidence:
    """The evidence of a training on the cohort named ``source``; the same training gives the same evidence.

    A quick training leaves out the learning curves, the stability and the refit check, and is marked ``quick``.
    """
    cohort, config, folds = training.cohort, training.config, training.folds
    fits = [fit for landmark in training.landmarks for fit in landmark.heads.values()]
    training_sets: dict[int, SmallerFits | None] = {}
    moves: dict[int, Instability | None] = {}
    refit_check = None
    if not config.quick:
        progress = announce("fitting on fewer patients", number_of_smaller_fits(fits, folds, config))
        training_sets = _by_fit(fits, fit_on_fewer(fits, folds, config, progress, workers))
        progress = announce("refitting on bootstrap samples", sum(fit.winner is not None for fit in fits))
        moves = _by_fit(fits, instabilities(fits, cohort.site, config, progress, workers))
        announce("refit check", 1)
        refit_check = check_refit(fits, folds, training.config, workers)
    draws = draw(cohort, folds.kind == "sites", config.draws, config.seed)
    progress = announce("measuring", len(training.landmarks))
    landmarks = gather_landmarks(
        cohort,
        [evaluated_at(landmark, folds, cohort.protocol.horizons_days) for landmark in training.landmarks],
        [_heads_of(landmark, training_sets, moves, config) for landmark in training.landmarks],
        draws,
        config.evaluation,
        (progress, workers),
    )
    landmarks = _described(training, landmarks, announce)
    first = training.landmarks[0]
    return Evidence(
        kind="held out",
        quick=config.quick,
        bundle_digest=bundle_digest(training.bundle),
        model_synthetic=is_synthetic(cohort),
        cohort=used(cohort, source, synthetic=is_synthetic(cohort)),
        protocol=cohort.protocol.name,
        protocol_digest=cohort.protocol.digest,
        folds=f"{folds.kind}: {', '.join(folds.names)}, {folds.repeats} time{'' if folds.repeats == 1 else 's'}",
        resampled=draws.words,
        draws=config.draws,
        seed=config.seed,
        landmarks=landmarks,
        leakage=list(training.leakage),
        directions=_directions(training, announce),
        refit_check=refit_check,
        caveats=_caveats(training),
        baseline=baseline_tables(cohort, first.features, first.outcomes),
    )


def _described(training: Training, landmarks: list[LandmarkEvidence], announce: Announce) -> list[LandmarkEvidence]:
    """The landmarks with their fitted heads in full."""
    announce("describing the models", 1)
    site = training.cohort.site
    heads = [
        {
            name: DescribedHead(fit.task.training_data.rows[fit.task.fitted_on], site, fit)
            for name, fit in landmark.heads.items()
            if fit.winner is not None
        }
        for landmark in training.landmarks
    ]
    declared = catalogue(training.cohort.protocol)
    return describe_models(landmarks, training.bundle.models, heads, declared, training.config.seed)


def _directions(training: Training, announce: Announce) -> list[Direction]:
    announce("changing one clinical fact at a time", 1)
    with threadpool_limits(limits=1):
        return directions(training.cohort, training.models, training.config.evaluation.direction_margin)


def evaluated_at(landmark: LandmarkFit, folds: Folds, horizons_days: tuple[int, ...]) -> EvaluatedPredictions:
    """The held-out predictions of a landmark's winners, which its evidence evaluates."""
    fits = (landmark.remission, landmark.relapse)
    weights = weights_of([fit.task for fit in landmark.heads.values()])
    return evaluate_held_out(landmark.features, landmark.outcomes, weights, fits, folds, horizons_days)


_Part = tuple[HeadFit, SmallerFits | None, Instability | None]
Fit = TypeVar("Fit")


def _by_fit(fits: Sequence[HeadFit], found: Sequence[Fit]) -> dict[int, Fit]:
    """The result for each fit, by the fit's identity."""
    return dict(zip(map(id, fits), found, strict=True))


def _heads_of(
    landmark: LandmarkFit,
    training_sets: dict[int, SmallerFits | None],
    moves: dict[int, Instability | None],
    config: TrainingConfig,
) -> Callable[[EvaluatedPredictions, Draws], list[HeadEvidence]]:
    parts = [(fit, training_sets.get(id(fit)), moves.get(id(fit))) for fit in landmark.heads.values()]
    return partial(_head_evidence, parts, config)


def _head_evidence(
    parts: list[_Part], config: TrainingConfig, evaluated: EvaluatedPredictions, draws: Draws
) -> list[HeadEvidence]:
    return [
        head_evidence(
            fit,
            evaluated,
            draws,
            None if training_sets is None else learning_curve(fit.task, training_sets, draws.resampled),
            moves,
            config,
        )
        for fit, training_sets, moves in parts
    ]


def _caveats(training: Training) -> list[str]:
    """What a reader must know before the figures."""
    caveats = []
    if is_synthetic(training.cohort):
        caveats.append(FITTED_ON_SYNTHETIC)
    if training.config.quick:
        caveats.append("A quick training: parts were left out. A promotion needs an override.")
    if training.folds.kind == "patients":
        caveats.append("Patients were held out at random, not by site: what is said of other sites is likely too good.")
    caveats.append("The models were chosen by the same held-out patients: their figures are slightly optimistic.")
    unrecorded = missing_events(training.cohort)
    return [*caveats, unrecorded] if unrecorded else caveats
