"""The evidence of all landmarks: each in a process of its own, then the gain of each over the one before."""

from collections.abc import Callable, Sequence

from threadpoolctl import threadpool_limits

from features.records.cohort import Cohort
from training.evaluation.gains import gain
from training.evaluation.landmark_evidence import landmark_evidence
from training.evaluation.predictions import EvaluatedPredictions
from training.evaluation.questions import questions
from training.evidence.document import HeadEvidence, LandmarkEvidence, LandmarkGain
from training.execution.side_by_side import side_by_side
from training.metrics.draws import Draws
from training.metrics.question_data import QuestionData
from training.settings.sections import EvaluationSettings

HeadEvidenceMaker = Callable[[EvaluatedPredictions, Draws], list[HeadEvidence]]
"""Builds the evidence of the heads of a landmark, except their questions."""


def gather_landmarks(
    cohort: Cohort,
    evaluated: Sequence[EvaluatedPredictions],
    heads: Sequence[HeadEvidenceMaker],
    draws: Draws,
    settings: EvaluationSettings,
    running: tuple[Callable[[], None], int],
) -> list[LandmarkEvidence]:
    """The evidence of every landmark, in order; ``running`` has what is called per landmark, and the processes."""
    progress, workers = running
    landmarks = []
    jobs = [(cohort, seen, of, draws, settings) for seen, of in zip(evaluated, heads, strict=True)]
    for found in side_by_side(_one, jobs, workers):
        landmarks.append(found)
        progress()
    return [
        landmark.model_copy(update={"gains": _gains(evaluated, number, draws)})
        for number, landmark in enumerate(landmarks)
    ]


def _one(
    cohort: Cohort,
    evaluated: EvaluatedPredictions,
    heads: HeadEvidenceMaker,
    draws: Draws,
    settings: EvaluationSettings,
) -> LandmarkEvidence:
    """One thread, so that sums keep their order."""
    with threadpool_limits(limits=1):
        return landmark_evidence(cohort, evaluated, heads(evaluated, draws), draws, settings)


def _gains(evaluated: Sequence[EvaluatedPredictions], number: int, draws: Draws) -> list[LandmarkGain]:
    """The gain of a landmark over the one before: for remission, and for relapse by the last day that both reach.

    There is none if the time at risk begins at the landmark: the two landmarks then predict different days.
    """
    if not number or evaluated[number].in_remission_at_landmark:
        return []
    earlier, later = _by_name(evaluated[number - 1]), _by_name(evaluated[number])
    shared = [name for name in later if name in earlier and later[name].head != "sustained"]
    compared = [name for name in shared if name == "remission"]
    compared += [name for name in shared if name != "remission"][-1:]
    before = evaluated[number - 1].outcomes.landmark.name
    found = [gain(before, earlier[name], later[name], draws.resampled) for name in compared]
    return [one for one in found if one is not None]


def _by_name(evaluated: EvaluatedPredictions) -> dict[str, QuestionData]:
    return {asked.name: asked for asked in questions(evaluated)}
