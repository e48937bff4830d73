"""Evaluates every candidate of every head on held-out patients, chooses one, and refits it on all patients.

The rule of the choice is in `choice`. It compares the log-likelihood of held-out patients; for relapse, of their weeks
at risk.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.records.timeline import Floats
from models.calibration import SIGNIFICANCE, BinomialCounts, Recalibration, recalibrate
from models.fitting.learners import FittedScore, TrainingData, fit_nothing
from models.fitting.optuna_search import TuningTrial
from models.settings.sections import TuningSettings
from training.average_risk import AVERAGE_RISK
from training.config import CANDIDATES, TrainingConfig
from training.execution.side_by_side import side_by_side
from training.learning.answered_rows import with_answers_only
from training.learning.candidates import candidates_of, exported, learner_for
from training.learning.choice import Choice, choose
from training.learning.choice_text import average_text, competing_text
from training.learning.held_out import fold_measures, measures
from training.learning.own_candidates.survival import SurvivalLearner
from training.learning.relapse_task import RelapseTask
from training.learning.splits import Folds, held_out
from training.learning.tasks import Head, HeldOut, Task, TaskLearner

Progress = Callable[[], None]
RESEARCH_ONLY = "research only"
"""The mark of a winner that no bundle can hold: evaluated like any other, and never promoted."""


@dataclass(frozen=True, eq=False)
class CandidateFit:
    """A candidate's held-out predictions ``[repeat][fold]``, their measures, and the head fitted on all patients.

    ``fold_heads`` made the predictions. ``losses`` (patients,) are the negative log-likelihoods of each patient's
    held-out outcomes, averaged over the repeats; 0 for patients without any. ``loss`` is their mean. ``trials`` are
    those of the fit on all patients; ``cut_short`` counts the fits whose search the time limit ended; ``tuning`` are
    the settings of all fits. ``research_only`` says why no bundle can hold the head, empty if one can.
    """

    name: str
    held_out: tuple[tuple[HeldOut, ...], ...]
    fold_heads: tuple[tuple[Head, ...], ...]
    measures: Mapping[str, float]
    fold_measures: tuple[Mapping[str, float], ...]
    losses: Floats
    loss: float
    head: Head
    parameters: Mapping[str, float]
    trials: tuple[TuningTrial, ...] = ()
    cut_short: int = 0
    tuning: TuningSettings = TuningSettings()  # noqa: RUF009 - frozen
    research_only: str = ""


@dataclass(frozen=True, eq=False)
class HeadFit:
    """The fits of one task; ``choice`` and ``head`` are ``None`` if not even an average risk can be estimated."""

    task: Task
    candidates: Mapping[str, CandidateFit]
    choice: Choice | None
    head: Head | None
    recalibration: Recalibration | None
    note: str

    @property
    def winner(self) -> str | None:
        """The chosen candidate."""
        return None if self.choice is None else self.choice.winner

    @property
    def research_only(self) -> str:
        """Why the winner can't be promoted, empty if it can."""
        won = self.candidates.get(self.winner or "")
        return "" if won is None else won.research_only


def candidates_for(task: Task, config: TrainingConfig) -> tuple[str, ...]:
    """The candidates that the task has enough outcomes for, by rising complexity; none without an event."""
    if task.rarer < 1:
        return ()
    if task.rarer < config.events_to_fit:
        return ("no_model",)
    return tuple(candidate.name for candidate in candidates_of(config) if candidate.can_take(task))


def absent_candidates(task: Task, config: TrainingConfig) -> dict[str, str]:
    """Why a candidate, built in or configured, was not fitted to a task, by name."""
    fitted = candidates_for(task, config)
    configured = {candidate.name: candidate.why_not(task) for candidate in candidates_of(config)}
    few = task.rarer < config.events_to_fit
    outcomes = f"too few outcomes: {task.rarer} of the rarer kind, and a model needs {config.events_to_fit}"
    unwanted = {name: "the settings leave it out" for name in CANDIDATES if name not in configured}
    if config.quick and "xgboost" in unwanted:
        unwanted["xgboost"] = "a quick training fits no trees"
    lacking = {name: outcomes if few else why for name, why in configured.items() if name not in fitted}
    return unwanted | lacking


def fit_heads(
    tasks: list[Task], folds: Folds, config: TrainingConfig, progress: Progress, workers: int
) -> list[HeadFit]:
    """Cross-validate and refit every candidate of every task, in parallel processes; ``progress`` is called per fit."""
    jobs = [
        (position, name, repeat, fold)
        for position, task in enumerate(tasks)
        for name in candidates_for(task, config)
        for repeat, fold in [*np.ndindex(folds.repeats, len(folds.names)), (-1, -1)]
    ]
    # The longest fits first, so that all workers end at about the same time; results are put back in order.
    rank = {candidate.name: candidate.rank for candidate in candidates_of(config)}
    jobs.sort(key=lambda job: -rank[job[1]])
    results = {}
    calls = [(tasks[position], name, folds, repeat, fold, config) for position, name, repeat, fold in jobs]
    for job, fitted in zip(jobs, side_by_side(fit_candidate, calls, workers), strict=True):
        results[job] = fitted
        progress()
    gathered = [
        {name: _gather(task, name, position, folds, results, config) for name in candidates_for(task, config)}
        for position, task in enumerate(tasks)
    ]
    return [_evaluate_task(task, folds.site, found, config) for task, found in zip(tasks, gathered, strict=True)]


def number_of_fits(tasks: list[Task], folds: Folds, config: TrainingConfig) -> int:
    """The number of fits that ``fit_heads`` makes."""
    return sum(len(candidates_for(task, config)) * (folds.repeats * len(folds.names) + 1) for task in tasks)


_Result = tuple[Head, Mapping[str, float], HeldOut | None, tuple[TuningTrial, ...], str]


def fit_candidate(task: Task, name: str, folds: Folds, repeat: int, fold: int, config: TrainingConfig) -> _Result:
    """One fit, on all patients (fold -1) or on those outside a fold; one thread, so that sums keep their order.

    If nearly all outcomes of a kind are in the held-out fold, the others suffice for the average risk only. The result
    is the head, the parameters chosen, the held-out predictions, and for all patients why no bundle can hold the head.
    """
    held = held_out(folds, repeat, fold)
    with threadpool_limits(limits=1):
        enough = task.rarer_among(~held) >= config.tuning.inner_folds
        learner, trials = _recording_search(learner_for(name, task, config) if enough else fit_nothing)
        head, parameters = task.fit(learner, ~held)
        if fold < 0:
            head, research_only = exported(head, task)
            return head, parameters, None, tuple(trials), research_only
        if repeat > 0:  # the description of the winner shuffles features, and asks the models of the first repeat again
            head = with_answers_only(head, task.training_data.rows[held])
        return head, parameters, task.hold_out(head, held), tuple(trials), ""


def _recording_search(learner: TaskLearner) -> tuple[TaskLearner, list[TuningTrial]]:
    """The learner, and a list that its fit adds the trials of its search to."""
    trials: list[TuningTrial] = []
    if isinstance(learner, SurvivalLearner):
        return learner, trials

    def fit(training_data: TrainingData) -> FittedScore:
        fitted = learner(training_data)
        trials.extend(fitted.trials)
        return fitted

    return fit, trials


def _gather(
    task: Task,
    name: str,
    position: int,
    folds: Folds,
    results: Mapping[tuple[int, str, int, int], _Result],
    config: TrainingConfig,
) -> CandidateFit:
    held = tuple(
        tuple(out for fold in range(len(folds.names)) if (out := results[position, name, repeat, fold][2]) is not None)
        for repeat in range(folds.repeats)
    )
    heads = tuple(
        tuple(results[position, name, repeat, fold][0] for fold in range(len(folds.names)))
        for repeat in range(folds.repeats)
    )
    head, parameters, _, trials, research_only = results[position, name, -1, -1]
    of_candidate = [found for job, found in results.items() if job[:2] == (position, name)]
    losses = _losses(task, held)
    return CandidateFit(
        name=name,
        held_out=held,
        fold_heads=heads,
        measures=measures(task, held),
        fold_measures=fold_measures(task, held),
        losses=losses,
        loss=float(losses[task.fitted_on].mean()),
        head=head,
        parameters=parameters,
        trials=trials,
        tuning=config.tuning,
        cut_short=sum(0 < len(found[3]) < config.tuning.trials for found in of_candidate),
        research_only=research_only,
    )


def _losses(task: Task, held: tuple[tuple[HeldOut, ...], ...]) -> Floats:
    """Negative log-likelihood per patient, shape (patients,), averaged over the repeats."""
    total = np.zeros(len(task.fitted_on))
    for out in (out for repeat in held for out in repeat):
        score = np.zeros(len(total))
        score[out.patient] = out.linear_predictor
        loss = out.binomial.losses(out.baseline + score[out.binomial.patient])
        total += np.bincount(out.binomial.patient, weights=loss, minlength=len(total))
    return total / len(held)


def _evaluate_task(
    task: Task, site: NDArray[np.integer], candidates: Mapping[str, CandidateFit], config: TrainingConfig
) -> HeadFit:
    """Choose among a task's candidates, and recalibrate the winner where its held-out predictions support it."""
    if not candidates:
        return HeadFit(task, {}, None, None, None, "too few patients or outcomes to fit a model: nothing is predicted")
    choice = choose({name: found.losses for name, found in candidates.items()}, task.fitted_on, site, config.selection)
    head, recalibration = candidates[choice.winner].head, None
    if choice.winner != "no_model":
        recalibration = recalibration_on(task, candidates[choice.winner].held_out, config.recalibration.significance)
        if recalibration.supported:
            head = head.recalibrated(recalibration)
    return HeadFit(task, candidates, choice, head, recalibration, _note(task, choice, candidates, config))


def _note(task: Task, choice: Choice, candidates: Mapping[str, CandidateFit], config: TrainingConfig) -> str:
    """What users must know about a head, as one line; empty if there is nothing."""
    notes = []
    if task.rarer < config.events_to_fit:
        notes.append(
            f"the rarer outcome has {task.rarer} of {task.patients} patients, and a model needs "
            f"{config.events_to_fit}: {AVERAGE_RISK}"
        )
    elif choice.winner == "no_model":
        notes.append(f"{average_text(choice)}: {AVERAGE_RISK}")
    if candidates[choice.winner].research_only:
        notes.append(f"{RESEARCH_ONLY}: {candidates[choice.winner].research_only}")
    notes += notes_on_curve(task, average=choice.winner == "no_model")
    return "; ".join(notes)


def notes_on_curve(task: Task, *, average: bool) -> list[str]:
    """How competing events are predicted, unless the head gives the average, and where the curve ends early."""
    if not isinstance(task, RelapseTask):
        return []
    notes = [competing_text(task.competing_choice)] if task.competing_choice is not None and not average else []
    if task.last_day < task.longest_horizon:
        notes.append(f"too few patients were followed beyond day {task.last_day}: later days are not predicted")
    return notes


def recalibration_on(
    task: Task, repeats: Sequence[Sequence[HeldOut]], significance: float = SIGNIFICANCE
) -> Recalibration:
    """Recalibration on held-out predictions ``[repeat][fold]``; all repeats together count every patient once."""
    outs = [out for repeat in repeats for out in repeat]
    share = 1 / len(repeats)
    patients = len(task.training_data.rows)
    stacked = BinomialCounts(
        patient=np.concatenate([number * patients + out.binomial.patient for number, out in enumerate(outs)]),
        band=np.zeros(sum(len(out.binomial.patient) for out in outs), dtype=np.intp),
        successes=np.concatenate([out.binomial.successes for out in outs]) * share,
        failures=np.concatenate([out.binomial.failures for out in outs]) * share,
        patients=patients * len(outs),
        bands=1,
    )
    linear_predictor = np.zeros(patients * len(outs))
    for number, out in enumerate(outs):
        linear_predictor[number * patients + out.patient] = out.linear_predictor
    baseline = np.concatenate([out.baseline for out in outs])
    return recalibrate(stacked, linear_predictor, baseline, task.effective_share, significance)
