"""Judges every candidate of every head on patients it never saw, chooses the simplest good one, and refits it on all.

Simplest good one: the first, by rising complexity, whose mean held-out loss is within one standard error of the best
one's (Breiman 1984). The standard error is that of the best loss over folds, widened as Nadeau & Bengio (2003,
doi:10.1023/A:1024068626366) do for folds that share training patients. It contains what differs between sites for every
candidate alike, and so asks more of complexity than a paired comparison would: a small cohort of many sites keeps the
overall rate.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from models.calibration import Recalibration, Trials, recalibrate
from models.learners import TUNING_FOLDS, learn_nothing
from training.config import CANDIDATES, TrainingConfig
from training.evaluation.held_out import fold_measures, measures, measures_of
from training.splits import Folds, held_out
from training.tasks import Head, HeldOut, RelapseTask, Task, learner_for

Progress = Callable[[], None]


@dataclass(frozen=True, eq=False)
class CandidateFit:
    """A candidate's held-out predictions ``[repeat][fold]``, how good they were, and the head learned from all.

    ``fold_heads`` are those that made the predictions. ``loss`` is the mean held-out loss (log loss of remission,
    integrated Brier score of relapse).
    """

    name: str
    held_out: tuple[tuple[HeldOut, ...], ...]
    fold_heads: tuple[tuple[Head, ...], ...]
    measures: Mapping[str, float]
    fold_measures: tuple[Mapping[str, float], ...]
    loss: float
    standard_error: float
    head: Head
    parameters: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class HeadFit:
    """What became of one task; ``winner`` and ``head`` are ``None`` where not even an overall rate can be given."""

    task: Task
    candidates: Mapping[str, CandidateFit]
    winner: str | None
    head: Head | None
    recalibration: Recalibration | None
    note: str


def candidates_for(task: Task, config: TrainingConfig) -> tuple[str, ...]:
    """The candidates that the task has enough outcomes for, by rising complexity; none without a single event."""
    if task.rarer < 1:
        return ()
    if task.rarer < config.events_to_fit:
        return ("no_model",)
    variable = task.lesson.rows[:, task.lesson.names.index(task.one_variable)]
    recorded = variable[~np.isnan(variable)]
    possible = {name for name in CANDIDATES if name != "one_variable" or len(np.unique(recorded)) > 1}
    return tuple(name for name in CANDIDATES if name in config.candidates and name in possible)


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
    # The longest first, so that no worker is left alone with one at the end; results are put back in order.
    jobs.sort(key=lambda job: -CANDIDATES.index(job[1]))
    results = {}
    parallel = Parallel(n_jobs=workers, return_as="generator", batch_size=1)
    fits = parallel(
        delayed(fit_candidate)(tasks[position], name, folds, repeat, fold) for position, name, repeat, fold in jobs
    )
    for job, fitted in zip(jobs, fits, strict=True):
        results[job] = fitted
        progress()
    return [
        _judge(
            task, {name: _gather(task, name, position, folds, results) for name in candidates_for(task, config)}, config
        )
        for position, task in enumerate(tasks)
    ]


def number_of_fits(tasks: list[Task], folds: Folds, config: TrainingConfig) -> int:
    """How many fits ``fit_heads`` will make."""
    return sum(len(candidates_for(task, config)) * (folds.repeats * len(folds.names) + 1) for task in tasks)


_Result = tuple[Head, Mapping[str, float], HeldOut | None]


def fit_candidate(task: Task, name: str, folds: Folds, repeat: int, fold: int) -> _Result:
    """One fit, on all patients (fold -1) or on those outside a fold; one thread, so that sums keep their order.

    Where nearly all outcomes of a kind are in the fold held out, the others can teach no more than the overall rate.
    """
    held = held_out(folds, repeat, fold)
    with threadpool_limits(limits=1):
        learner = learner_for(name, task) if task.rarer_among(~held) >= TUNING_FOLDS else learn_nothing
        head, parameters = task.fit(learner, ~held)
        return head, parameters, None if fold < 0 else task.hold_out(head, held)


def _gather(
    task: Task, name: str, position: int, folds: Folds, results: Mapping[tuple[int, str, int, int], _Result]
) -> CandidateFit:
    held = tuple(
        tuple(out for fold in range(len(folds.names)) if (out := results[position, name, repeat, fold][2]) is not None)
        for repeat in range(folds.repeats)
    )
    heads = tuple(
        tuple(results[position, name, repeat, fold][0] for fold in range(len(folds.names)))
        for repeat in range(folds.repeats)
    )
    loss, standard_error = _loss(task, held)
    head, parameters, _ = results[position, name, -1, -1]
    return CandidateFit(
        name=name,
        held_out=held,
        fold_heads=heads,
        measures=measures(task, held),
        fold_measures=fold_measures(task, held),
        loss=loss,
        standard_error=standard_error,
        head=head,
        parameters=parameters,
    )


def _loss(task: Task, held: tuple[tuple[HeldOut, ...], ...]) -> tuple[float, float]:
    """Mean loss over the folds of all repeats, weighted by their patients, and its standard error."""
    losses = np.array([[measures_of(task, [out])[task.loss] for out in repeat] for repeat in held])
    patients = np.array([[len(out.patient) for out in repeat] for repeat in held], dtype=np.float64)
    defined = ~np.isnan(losses) & (patients > 0)
    number, folds = int(defined.sum()), losses.shape[1]
    if number < 2:
        return float("nan"), float("nan")
    mean = float(np.average(losses[defined], weights=patients[defined]))
    variance = float(np.average((losses[defined] - mean) ** 2, weights=patients[defined])) * number / (number - 1)
    return mean, float(np.sqrt(variance * (1 / number + 1 / (folds - 1))))


def _judge(task: Task, candidates: Mapping[str, CandidateFit], config: TrainingConfig) -> HeadFit:
    """Choose among a task's candidates, and recalibrate the chosen one where its held-out predictions support it."""
    if not candidates:
        return HeadFit(task, {}, None, None, None, "too few patients or outcomes to learn from: nothing can be said")
    winner = simplest_good(candidates)
    head, recalibration = candidates[winner].head, None
    if winner != "no_model":
        recalibration = recalibration_on(task, candidates[winner].held_out)
        if recalibration.supported:
            head = head.recalibrated(recalibration)
    return HeadFit(task, candidates, winner, head, recalibration, _note(task, winner, config))


def simplest_good(candidates: Mapping[str, CandidateFit]) -> str:
    """The simplest candidate whose mean held-out loss is within one standard error of the best one's.

    Where no loss is defined, as when nobody was followed for two weeks, nothing speaks against the simplest.
    """
    if len(candidates) == 1:
        return next(iter(candidates))
    judged = [candidate for candidate in candidates.values() if not np.isnan(candidate.loss)]
    if not judged:
        return next(iter(candidates))
    best = min(judged, key=lambda candidate: candidate.loss)
    tolerated = best.loss + best.standard_error
    return next(name for name, candidate in candidates.items() if candidate.loss <= tolerated)


def _note(task: Task, winner: str, config: TrainingConfig) -> str:
    """What people must know of a head, as one line; empty where there is nothing."""
    notes = []
    if task.rarer < config.events_to_fit:
        notes.append(
            f"only {task.rarer} of the rarer outcome among {task.patients} patients, {config.events_to_fit} are needed "
            "to fit a model: the same overall rate is given to everybody"
        )
    elif winner == "no_model":
        notes.append(
            "no candidate did clearly better on patients it never saw: the same overall rate is given to everybody"
        )
    if isinstance(task, RelapseTask) and task.last_day < task.longest_horizon:
        notes.append(f"too few patients were followed beyond day {task.last_day}: nothing is said of later days")
    return "; ".join(notes)


def recalibration_on(task: Task, repeats: Sequence[Sequence[HeldOut]]) -> Recalibration:
    """Recalibration on held-out predictions ``[repeat][fold]``; each repeat counts for its share."""
    outs = [out for repeat in repeats for out in repeat]
    share = 1 / len(repeats)
    patients = len(task.lesson.rows)
    stacked = Trials(
        patient=np.concatenate([number * patients + out.trials.patient for number, out in enumerate(outs)]),
        band=np.zeros(sum(len(out.trials.patient) for out in outs), dtype=np.intp),
        successes=np.concatenate([out.trials.successes for out in outs]) * share,
        failures=np.concatenate([out.trials.failures for out in outs]) * share,
        patients=patients * len(outs),
        bands=1,
    )
    moved = np.zeros(patients * len(outs))
    for number, out in enumerate(outs):
        moved[number * patients + out.patient] = out.moved
    baseline = np.concatenate([out.baseline for out in outs])
    return recalibrate(stacked, moved, baseline, task.effective_share)
