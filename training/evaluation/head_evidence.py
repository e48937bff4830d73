"""The evidence of one head, except its questions: its choice, its sample size, its learning curve."""

from math import ceil, exp
from typing import Literal

import numpy as np

from features.records.timeline import Floats
from models.bundle import HeadRecord
from models.fitting.effective_parameters import effective_parameters
from models.fitting.learners import fit_xgboost_with
from models.onnx_score import OnnxScore
from models.score import LinearScore, Score, Trees
from training.config import TrainingConfig
from training.evaluation.predictions import EvaluatedPredictions
from training.evaluation.questions import questions
from training.evaluation.relapse_measures import relapse_measures
from training.evidence.document import CandidateEvidence, Estimate, HeadEvidence, Instability, LearningCurve, SampleSize
from training.learning.candidates import learner_for
from training.learning.fit import CandidateFit, HeadFit, absent_candidates
from training.learning.own_candidates.classifier import EstimatorScore
from training.learning.own_candidates.survival import CurveScore, SurvivalLearner
from training.learning.refits import training_data_of
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import LOSS, RemissionTask, Task
from training.metrics.draws import Draws
from training.metrics.sample_size import RequiredSampleSize, binary, cox_snell_r2, survival
from training.outcomes.labels import EndedBy

DAYS_PER_YEAR = 365.25
SMALL = 1e-3
"""An R-squared that has no effect where only the precision of the overall risk is required."""


def head_evidence(
    fit: HeadFit,
    evaluated: EvaluatedPredictions,
    draws: Draws,
    learning_curve: LearningCurve | None,
    instability: Instability | None,
    config: TrainingConfig,
) -> HeadEvidence:
    """The evidence of a head that was trained here."""
    return HeadEvidence(
        head=_name(fit.task.name),
        n=fit.task.patients,
        events=fit.task.events,
        winner=fit.winner,
        note=fit.note,
        loss=fit.task.loss,
        candidates=[_candidate(fit, candidate) for candidate in fit.candidates.values()],
        measures=_measures(fit.task.name, evaluated, draws),
        sample_size=sample_size(fit, config),
        instability=instability,
        learning_curve=learning_curve,
        absent=absent_candidates(fit.task, config),
    )


def _candidate(fit: HeadFit, candidate: CandidateFit) -> CandidateEvidence:
    assert fit.choice is not None  # noqa: S101 - made wherever there are candidates
    found = fit.choice.differences[candidate.name]
    low, high = found.limits
    difference = Estimate(estimate=found.estimate, low=low, high=high)
    return CandidateEvidence(
        name=candidate.name,
        loss=candidate.loss,
        difference=difference,
        z=found.z,
        p=found.p,
        research_only=candidate.research_only,
    )


def evaluated_head(name: str, record: HeadRecord, evaluated: EvaluatedPredictions, draws: Draws) -> HeadEvidence:
    """The evidence of a head that was fitted elsewhere; ``n`` and ``events`` are this cohort's, within its reach."""
    outcomes = evaluated.outcomes
    if name == "remission":
        fitted_on = outcomes.eligible & ~np.isnan(outcomes.remission)
        events = int((outcomes.remission[fitted_on] == 1).sum())
    else:
        fitted_on = outcomes.at_risk
        within = outcomes.followed_days <= evaluated.days[-1] if len(evaluated.days) else fitted_on
        events = int((fitted_on & within & (outcomes.ended_by == EndedBy.RELAPSE)).sum())
    return HeadEvidence(
        head=_name(name),
        n=int(fitted_on.sum()),
        events=events,
        winner=record.winner,
        note=record.note,
        loss=LOSS,
        candidates=[],
        measures=_measures(name, evaluated, draws),
        sample_size=None,
        instability=None,
        learning_curve=None,
    )


def _name(head: str) -> Literal["remission", "relapse"]:
    return "remission" if head == "remission" else "relapse"


def _measures(head: str, evaluated: EvaluatedPredictions, draws: Draws) -> dict[str, Estimate]:
    return relapse_measures(evaluated, draws.resampled) if head == "relapse" else {}


def parameters_of(score: Score) -> int:
    """The number of parameters of a score without the baseline: its weights, or the distinct splits of its trees."""
    if isinstance(score, LinearScore):
        return int((score.weight != 0).sum() + (score.missing_weight != 0).sum())
    if isinstance(score, Trees):
        splits = score.booster.trees_to_dataframe()
        splits = splits[splits["Feature"] != "Leaf"]
        return len(splits.drop_duplicates(["Feature", "Split"]))
    return 0


def sample_size(fit: HeadFit, config: TrainingConfig) -> SampleSize | None:
    """The patients that the winner's parameters need, by its held-out R-squared; ``None`` without a winner.

    Penalised parameters and trees count by their effective parameters; the number required if each weight, or each
    distinct split, counted in full stands beside it; of another package's model only the effective ones are known, and
    of its survival curves none. Without parameters only the precision of the overall risk is
    required.
    """
    if fit.winner is None:
        return None
    winner = fit.candidates[fit.winner]
    if isinstance(winner.head.score, CurveScore):
        return None
    considered = parameters_of(winner.head.score)
    parameters = ceil(_effective_parameters(fit.task, winner, considered, config))
    if is_own(winner):
        considered = parameters
    criteria = _criteria(_needed(fit, parameters), parameters)
    required = max(criteria.values(), default=None)
    return SampleSize(
        parameters=parameters,
        considered=considered,
        required_for_considered=max(_criteria(_needed(fit, considered), considered).values(), default=None),
        patients=fit.task.patients,
        events=fit.task.events,
        criteria=criteria,
        required=required,
        met=None if required is None else fit.task.patients >= required,
    )


def _effective_parameters(task: Task, winner: CandidateFit, considered: int, config: TrainingConfig) -> float:
    """The winner's effective parameters: as its fit recorded them, or of trees and own candidates by refitting."""
    known = winner.parameters.get("effective_parameters")
    if known is not None:
        return known
    if is_own(winner):
        own = learner_for(winner.name, task, config)
        assert not isinstance(own, SurvivalLearner)  # noqa: S101 - it was left out above
        return effective_parameters(training_data_of(task, winner.head), own, winner.head.score)
    if not isinstance(winner.head.score, Trees):
        return considered
    learner = fit_xgboost_with(winner.parameters, winner.tuning)
    return effective_parameters(training_data_of(task, winner.head), learner, winner.head.score)


def is_own(candidate: CandidateFit) -> bool:
    """Whether another package's classifier was fitted."""
    return isinstance(candidate.head.score, EstimatorScore | OnnxScore)


def _criteria(needed: RequiredSampleSize | None, parameters: int) -> dict[str, int]:
    if needed is None:
        return {}
    if not parameters:
        return {"precision": needed.precision}
    return {"shrinkage": needed.shrinkage, "optimism": needed.optimism, "precision": needed.precision}


def _needed(fit: HeadFit, parameters: int) -> RequiredSampleSize | None:
    task = fit.task
    if isinstance(task, RemissionTask):
        rate = float(np.average(task.remission[_fitted_on(task)], weights=task.weights[_fitted_on(task)]))
        if not 0 < rate < 1:
            return None
        return binary(max(parameters, 1), rate, _remission_r2(fit) if parameters else SMALL)
    assert isinstance(task, RelapseTask)  # noqa: S101 - there are two kinds of task
    years = task.followed[task.at_risk].sum() / DAYS_PER_YEAR
    if not task.events or not years:
        return None
    rate, mean_follow_up = task.events / years, years / task.patients
    if not parameters:  # the overall risk by the end of the curve, as for a yes/no outcome
        return binary(1, 1 - exp(-rate * task.last_day / DAYS_PER_YEAR), SMALL)
    try:
        return survival(parameters, rate, task.last_day / DAYS_PER_YEAR, mean_follow_up, _relapse_r2(fit))
    except ValueError:  # weeks can separate patients further than the one rate that the criteria assume
        return None


def _fitted_on(task: RemissionTask) -> np.ndarray:
    return np.flatnonzero(task.weights * ~np.isnan(task.remission) > 0)


def _remission_r2(fit: HeadFit) -> float:
    """Held-out Cox-Snell R-squared of the winner, averaged over the repeats."""
    task = fit.task
    assert isinstance(task, RemissionTask) and fit.winner is not None  # noqa: S101, PT018 - its caller looked
    found = []
    for repeat in fit.candidates[fit.winner].held_out:
        patient = np.concatenate([out.patient for out in repeat])
        predicted = np.concatenate([out.probability for out in repeat])
        found.append(cox_snell_r2(task.remission[patient], predicted, task.weights[None, patient])[0])
    return float(np.mean(found))


def _relapse_r2(fit: HeadFit) -> float:
    """As for remission, from the likelihood of the weeks at risk against that without a model."""
    gained = _loss_held_out(fit, "no_model") - _loss_held_out(fit, str(fit.winner))
    return max(1 - exp(-2 * gained / fit.task.patients), 0.0)


def _loss_held_out(fit: HeadFit, candidate: str) -> float:
    """Negative log-likelihood of all held-out weeks, averaged over the repeats."""
    repeats = fit.candidates[candidate].held_out
    losses = [
        float(
            out.binomial.losses(
                out.baseline + _per_count(out.linear_predictor, out.patient, out.binomial.patient)
            ).sum()
        )
        for repeat in repeats
        for out in repeat
    ]
    return sum(losses) / len(repeats)


def _per_count(linear_predictor: Floats, patient: np.ndarray, trial_patient: np.ndarray) -> Floats:
    return linear_predictor[np.searchsorted(patient, trial_patient)]


def updated_head(
    name: str, record: HeadRecord, evaluated: EvaluatedPredictions, draws: Draws, parameters: float
) -> HeadEvidence:
    """The evidence of a head whose update estimated ``parameters``; an update without parameters needs no patients."""
    found = evaluated_head(name, record, evaluated, draws)
    if not parameters:
        return found
    return found.model_copy(update={"sample_size": _size_of_update(found, evaluated, ceil(parameters))})


def _size_of_update(found: HeadEvidence, evaluated: EvaluatedPredictions, parameters: int) -> SampleSize:
    """By the criteria of a yes/no question, at the longest horizon for relapse, on held-out predictions."""
    asked = [question.observed for question in questions(evaluated) if question.head == found.head]
    longest = asked[-1] if asked else None
    needed = None
    if longest is not None and len(np.unique(longest.y_observed)) > 1:
        rate = float(np.average(longest.y_observed, weights=longest.weights))
        gained = cox_snell_r2(longest.y_observed, longest.y_predicted, longest.weights[None, :])[0]
        needed = binary(parameters, rate, float(gained))
    criteria = _criteria(needed, parameters)
    required = max(criteria.values(), default=None)
    return SampleSize(
        parameters=parameters,
        considered=parameters,
        required_for_considered=required,
        patients=found.n,
        events=found.events,
        criteria=criteria,
        required=required,
        met=None if required is None else found.n >= required,
    )
