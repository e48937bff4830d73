"""The evidence of all landmarks: each question a piece of work, then the gain of each landmark over the one before."""

from collections.abc import Callable, Sequence

from threadpoolctl import threadpool_limits

from features.records.cohort import Cohort
from training.evaluation.gains import gain
from training.evaluation.landmark_evidence import landmark_evidence, question_evidence
from training.evaluation.predictions import EvaluatedPredictions
from training.evaluation.questions import questions
from training.evidence.document import HeadEvidence, LandmarkEvidence, LandmarkGain
from training.execution.side_by_side import Job, side_by_side
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
    asked = [[one for one in questions(seen) if len(one.observed.row)] for seen in evaluated]
    jobs: list[Job] = [(_landmark, cohort, seen, of, draws) for seen, of in zip(evaluated, heads, strict=True)]
    jobs += [
        (question_evidence, cohort, seen, one, draws, settings)
        for seen, group in zip(evaluated, asked, strict=True)
        for one in group
    ]
    found = side_by_side(_called, jobs, workers)
    landmarks = [next(found) for _ in evaluated]
    gathered = []
    for number, (landmark, group) in enumerate(zip(landmarks, asked, strict=True)):
        answered = {"questions": [next(found) for _ in group], "gains": _gains(evaluated, number, draws)}
        gathered.append(landmark.model_copy(update=answered))
        progress()
    return gathered


def _called(function: Callable[..., object], *arguments: object) -> object:
    """One thread, so that sums keep their order."""
    with threadpool_limits(limits=1):
        return function(*arguments)


def _landmark(
    cohort: Cohort, evaluated: EvaluatedPredictions, heads: HeadEvidenceMaker, draws: Draws
) -> LandmarkEvidence:
    return landmark_evidence(cohort, evaluated, heads(evaluated, draws), draws)


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
