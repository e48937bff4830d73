"""Fits the refits behind every patient's interval; `models/uncertainty` computes the intervals.

A refit is one plausible model: a linear score fitted to a bootstrap sample, penalised towards a random draw from the
prior that the penalty stands for, plus one draw of what no linear score explains. The data determine the penalty and
the unexplained variance (`marginal_likelihood`). The interval is centred on the winner's answer, and is as wide as the
refits are away from it, so that it applies to any winner, trees included.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.records.timeline import Floats
from models.fitting.learners import Design, TrainingData
from models.relapse import RelapseHead, relapse_counts
from models.uncertainty import HeadRefits, OutcomeRefits
from training.config import TrainingConfig
from training.execution.side_by_side import side_by_side
from training.learning.fit import HeadFit
from training.learning.marginal_likelihood import variances
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import Head, Task

Progress = Callable[[], None]


def number_of_refitted(heads: Sequence[Mapping[str, HeadFit]]) -> int:
    """How often ``fit_refits`` calls ``progress``: once per head with individual predictions."""
    return sum(_is_refitted(fit) for fits in heads for fit in fits.values())


def _is_refitted(fit: HeadFit) -> bool:
    """A head that gives every patient the average has no interval: it does not know the patient.

    Neither has one that no bundle can hold, because nobody gets its answers.
    """
    return fit.winner not in (None, "no_model") and not fit.research_only


def fit_refits(
    heads: Sequence[Mapping[str, HeadFit]],
    site: NDArray[np.integer],
    config: TrainingConfig,
    progress: Progress,
    workers: int,
) -> list[OutcomeRefits]:
    """Refits of every landmark's ``heads`` (by name), in parallel processes; the same for any number of workers.

    All heads of all landmarks share their bootstrap samples, so that what follows from two heads together is coherent.
    """
    drawn = draw_within_sites(site, config.intervals.refits, config.seed)
    jobs = [(at, name) for at, fits in enumerate(heads) for name, fit in fits.items() if _is_refitted(fit)]
    jobs.sort(key=lambda job: -heads[job[0]][job[1]].task.patients)  # the longest first
    found = {}
    refitted = side_by_side(_refit, [(heads[at][name], drawn, config) for at, name in jobs], workers)
    for job, refits in zip(jobs, refitted, strict=True):
        found[job] = refits
        progress()
    return [OutcomeRefits(found.get((at, "remission")), found.get((at, "relapse"))) for at in range(len(heads))]


def draw_within_sites(site: NDArray[np.integer], draws: int, seed: int) -> Floats:
    """How often each patient is in each bootstrap sample, shape (draws, patients); every site keeps its size."""
    rng = np.random.default_rng(seed)
    counts = np.zeros((draws, len(site)))
    members = [np.flatnonzero(site == code) for code in np.unique(site)]
    for row in counts:
        for among in members:
            row[among] = np.bincount(rng.integers(len(among), size=len(among)), minlength=len(among))
    return counts


def _refit(fit: HeadFit, drawn: Floats, config: TrainingConfig) -> HeadRefits:
    assert fit.head is not None  # noqa: S101 - only fitted heads are refitted
    return refit_head(fit.task, fit.head, drawn, config)


def refit_head(task: Task, head: Head, drawn: Floats, config: TrainingConfig) -> HeadRefits:
    """Refits of one fitted head from samples ``drawn`` (refits, patients)."""
    training_data, edges = (
        training_data_of(task, head),
        head.edges if isinstance(head, RelapseHead) else np.zeros(0, dtype=np.int64),
    )
    design = Design.from_data(training_data, config.tuning)
    columns = design.columns.shape[1]
    rng = np.random.default_rng([config.seed, len(edges)])  # another draw for each of two heads
    with threadpool_limits(limits=1):
        known = variances(training_data, config, yes_no=not len(edges))
        regression = design.regression(training_data)
        parameters, fitted = None, []
        for counts, penalty in zip(drawn, known.draw(len(drawn)), strict=True):
            strengths = design.strengths(penalty)
            prior = _keep_signs(np.sqrt(strengths) * rng.standard_normal(columns), design.signs)
            parameters = regression.fit(strengths, parameters, counts, prior)
            fitted.append(parameters)
    scores = [design.score(row) for row in fitted]
    unexplained = known.misfit * _standard(rng.standard_normal(len(drawn)))
    return HeadRefits(
        used=design.used,
        lower=design.lower,
        upper=design.upper,
        centre=design.centre,
        weight=np.array([score.weight for score in scores], dtype=np.float32),
        missing_weight=np.array([score.missing_weight for score in scores], dtype=np.float32),
        baseline=np.array([row[columns:] for row in fitted], dtype=np.float32),
        edges=edges,
        unexplained=unexplained.astype(np.float32),
        typical=np.array(known.typical),
    )


def _keep_signs(draw: Floats, signs: NDArray[np.int64]) -> Floats:
    """A draw from the prior whose every coefficient has the sign that it keeps."""
    return np.where(signs == 0, draw, np.abs(draw) * signs)


def _standard(draws: Floats) -> Floats:
    """The draws standardised to mean 0 and standard deviation 1."""
    away = draws - draws.mean()
    return np.asarray(away / away.std())


def training_data_of(task: Task, head: Head) -> TrainingData:
    """The training data of a fitted head, of all patients."""
    if not isinstance(task, RelapseTask):
        return task.training_data
    assert isinstance(head, RelapseHead)  # noqa: S101 - its task made it
    binomial = relapse_counts(task.followed, task.relapsed, task.at_risk, head.edges, task.follow_up)
    return TrainingData(
        task.training_data.rows, binomial, task.training_data.names, task.training_data.signs, task.training_data.seed
    )
