"""Proves a finished training: every measure on patients held out, with its interval, as one document.

The recipe, top to bottom; the measures are in `evaluation`, recording is left to `tracking`.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from models.outcome_model import OutcomeModel
from models.outcomes import expit
from training.evaluation.draws import Draws, draw
from training.evaluation.gather import gather_landmarks
from training.evaluation.head_evidence import head_evidence
from training.evaluation.instability import instability
from training.evaluation.judged import Judged, judge_held_out
from training.evidence import Evidence, HeadEvidence, Instability
from training.external import used
from training.fit import HeadFit
from training.learning_curve import Lessons, learn_from_fewer, learning_curve, number_of_lessons
from training.reproduction import reproduce
from training.run import Announce, LandmarkFit, Training
from training.splits import Folds
from training.synthetic_marks import is_synthetic

MOVED = 2500
"""About as many patients are asked how far their probabilities move."""


def prove(training: Training, source: str, announce: Announce, workers: int = 2) -> Evidence:
    """The evidence of a training on the cohort named ``source``; the same training gives the same evidence.

    A quick training leaves out the learning curves and the second fit, and says so by being marked.
    """
    cohort, config, folds = training.cohort, training.config, training.folds
    fits = [fit for landmark in training.landmarks for fit in landmark.heads.values()]
    lessons: list[Lessons | None] = [None] * len(fits)
    if not config.quick:
        progress = announce("learning from fewer patients", number_of_lessons(fits, folds))
        lessons = learn_from_fewer(fits, folds, progress, workers)
        announce("fitting the winners again", 1)
    reproduction = None if config.quick else reproduce(fits, folds, workers)
    draws = draw(cohort, folds.kind == "sites", config.draws, config.seed)
    progress = announce("measuring", len(training.landmarks))
    of_fit = dict(zip(map(id, fits), lessons, strict=True))
    landmarks = gather_landmarks(
        cohort,
        [_judged(landmark, folds, cohort.protocol.horizons_days) for landmark in training.landmarks],
        [
            _heads_of(landmark, of_fit, _moves(model, landmark))
            for model, landmark in zip(training.bundle.models, training.landmarks, strict=True)
        ],
        draws,
        progress,
        workers,
    )
    return Evidence(
        kind="held out",
        quick=config.quick,
        cohort=used(cohort, source),
        protocol=cohort.protocol.name,
        protocol_digest=cohort.protocol.digest,
        folds=f"{folds.kind}: {', '.join(folds.names)}, {folds.repeats} time{'' if folds.repeats == 1 else 's'}",
        resampled=draws.words,
        draws=config.draws,
        seed=config.seed,
        landmarks=landmarks,
        leakage=list(training.leakage),
        reproduction=reproduction,
        caveats=_caveats(training),
    )


def _judged(landmark: LandmarkFit, folds: Folds, horizons_days: tuple[int, ...]) -> Judged:
    fits = (landmark.remission, landmark.relapse)
    return judge_held_out(landmark.features, landmark.outcomes, landmark.weights, fits, folds, horizons_days)


def _moves(model: OutcomeModel, landmark: LandmarkFit) -> dict[str, Instability]:
    """How much each head's probabilities move over the refits behind the intervals; relapse at the longest horizon."""
    rows = landmark.features.values[landmark.outcomes.eligible]
    rows = rows[:: max(1, len(rows) // MOVED)]
    refits = model.refits
    moves: dict[str, Instability] = {}
    if refits is None or not len(rows):
        return moves
    if refits.remission is not None and model.remission is not None:
        refitted = expit(refits.remission.baseline[:, 0] + refits.remission.moved(rows))
        moves["remission"] = instability(model.remission.probability(rows), refitted)
    if refits.relapse is not None and model.relapse is not None:
        reached = [day for day in model.horizons_days if day <= model.relapse.days[-1]]
        last = np.array([max(reached, default=int(model.relapse.days[-1]))])
        refitted, _ = refits.relapse.curves(refits.relapse.moved(rows), last)
        point = model.relapse.curve(model.relapse.moved(rows), last).relapse[:, 0]
        moves["relapse"] = instability(point, refitted[..., 0])
    return moves


_Part = tuple[HeadFit, Lessons | None, Instability | None]


def _heads_of(
    landmark: LandmarkFit, lessons: dict[int, Lessons | None], moves: dict[str, Instability]
) -> Callable[[Judged, Draws], list[HeadEvidence]]:
    parts = [(fit, lessons[id(fit)], moves.get(name)) for name, fit in landmark.heads.items()]
    return partial(_head_evidence, parts)


def _head_evidence(parts: list[_Part], judged: Judged, draws: Draws) -> list[HeadEvidence]:
    return [
        head_evidence(
            fit, judged, draws, None if lessons is None else learning_curve(fit.task, lessons, draws.resampled), moves
        )
        for fit, lessons, moves in parts
    ]


def _caveats(training: Training) -> list[str]:
    """What a reader must know first, beside the figures."""
    caveats = []
    if is_synthetic(training.cohort):
        caveats.append("Learned from a synthetic cohort: it says nothing about real patients.")
    if training.config.quick:
        caveats.append("A quick training: parts were left out, and it can't be promoted.")
    if training.folds.kind == "patients":
        caveats.append("Patients were held out at random: nothing here shows how the model does at another site.")
    caveats.append("The winners were chosen by the same held-out patients: their figures are slightly optimistic.")
    return caveats
