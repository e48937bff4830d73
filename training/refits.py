"""Fits the bootstrap refits behind every patient's interval; what follows from them is left to `models/uncertainty`.

Every refit is a ridge logistic regression on a bootstrap sample, whichever candidate won. Its penalty pulls towards a
random draw from the prior that the penalty stands for, and is weaker than the tuned one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.timeline import Floats
from models.calibration import Trials, fit_baseline
from models.learners import Design, Lesson
from models.outcomes import expit
from models.relapse import RelapseHead, relapse_trials
from models.uncertainty import HeadRefits, OutcomeRefits
from training.config import TrainingConfig
from training.fit import HeadFit
from training.tasks import Head, RelapseTask, Task

REFITS = 60
"""Refits per head: the width of an interval is then known to a tenth."""
UNDERSMOOTHED = 3.0
"""By how much the inverse penalty of the refits exceeds the tuned one, which leaves too much bias for an interval
(Hall 1992, doi:10.1214/aos/1176348651); the size is a judgement."""
UNTUNED = 0.01
"""The inverse penalty taken for tuned where too few outcomes allow no tuning; it expects a c-statistic of about 0.7."""
BASELINE_PENALTY = 1e-3
MOST_STEPS = 50
CONVERGED = 1e-7

Progress = Callable[[], None]


def number_of_refitted(heads: Sequence[Mapping[str, HeadFit]]) -> int:
    """How often ``fit_refits`` will call ``progress``: once per head that was learned."""
    return sum(fit.head is not None for fits in heads for fit in fits.values())


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
    drawn = draw_within_sites(site, REFITS, config.seed)
    jobs = [(at, name) for at, fits in enumerate(heads) for name, fit in fits.items() if fit.head is not None]
    parallel = Parallel(n_jobs=workers, return_as="generator", batch_size=1)
    found = {}
    refitted = parallel(delayed(_refit)(heads[at][name], drawn, config.seed) for at, name in jobs)
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


def _refit(fit: HeadFit, drawn: Floats, seed: int) -> HeadRefits:
    tuned = fit.candidates["logistic"].parameters["C"] if "logistic" in fit.candidates else UNTUNED
    assert fit.head is not None  # noqa: S101 - only heads that were learned are learned again
    return refit_head(fit.task, fit.head, tuned, drawn, seed)


def refit_head(task: Task, head: Head, tuned: float, drawn: Floats, seed: int) -> HeadRefits:
    """Refits of one learned head; ``tuned`` is its inverse penalty, ``drawn`` (refits, patients) the samples."""
    lesson, edges, competing = lesson_of(task, head)
    strength = UNDERSMOOTHED * tuned
    design = Design.of(lesson)
    columns = design.columns.shape[1]
    rng = np.random.default_rng(seed)
    with threadpool_limits(limits=1):
        regression = _Regression.of(design, lesson, strength)
        start = regression.fit(np.ones(len(lesson.rows)), np.zeros(columns), regression.origin)
        priors = rng.normal(0.0, np.sqrt(strength), (len(drawn), columns))
        fitted = np.array([regression.fit(*pair, start) for pair in zip(drawn, priors, strict=True)])
    scores = [design.score(row[:columns]) for row in fitted]
    return HeadRefits(
        used=design.used,
        lower=design.lower,
        upper=design.upper,
        centre=design.centre,
        weight=np.array([score.weight for score in scores], dtype=np.float32),
        missing_weight=np.array([score.missing_weight for score in scores], dtype=np.float32),
        baseline=fitted[:, columns:].astype(np.float32),
        edges=edges,
        competing_hazard=competing,
    )


def lesson_of(task: Task, head: Head) -> tuple[Lesson, NDArray[np.int64], Floats]:
    """What all patients teach a learned head, with the bounds of its bands and the competing hazard, if it has any."""
    if not isinstance(task, RelapseTask):
        return task.lesson, np.zeros(0, dtype=np.int64), np.zeros(0)
    assert isinstance(head, RelapseHead)  # noqa: S101 - its task made it
    trials = relapse_trials(task.followed, task.relapsed, task.at_risk, head.edges)
    given = task.lesson
    return Lesson(given.rows, trials, given.names, given.signs, given.seed), head.edges, head.competing_hazard


@dataclass(frozen=True, eq=False)
class _Regression:
    """A ridge logistic regression to be fitted many times, to patients who count differently and other priors.

    ``columns`` (trials, parameters) are those of the design, then one per band; ``penalty`` (parameters,).
    """

    columns: Floats
    trials: Trials
    penalty: Floats
    origin: Floats

    @staticmethod
    def of(design: Design, lesson: Lesson, strength: float) -> "_Regression":
        trials = lesson.trials
        bands = (trials.band[:, None] == np.arange(trials.bands)).astype(np.float64)
        number = design.columns.shape[1]
        return _Regression(
            columns=np.hstack([design.columns[trials.patient], bands]),
            trials=trials,
            penalty=np.repeat([1 / strength, BASELINE_PENALTY], [number, trials.bands]),
            origin=np.concatenate([np.zeros(number), fit_baseline(trials, np.zeros(trials.patients))]),
        )

    def fit(self, counts: Floats, prior: Floats, start: Floats) -> Floats:
        """Parameters for patients who count ``counts`` (patients,) and a penalty around ``prior`` (columns,).

        Newton's method from ``start``; the penalty makes the minimum unique.
        """
        trials = self.trials
        successes = trials.successes * counts[trials.patient]
        number = successes + trials.failures * counts[trials.patient]
        pulled_to = np.concatenate([prior, self.origin[len(prior) :]])
        parameters = start
        for _ in range(MOST_STEPS):
            fitted = expit(self.columns @ parameters)
            gradient = self.columns.T @ (successes - number * fitted) - self.penalty * (parameters - pulled_to)
            spread = number * fitted * (1 - fitted)
            curvature = self.columns.T @ (self.columns * spread[:, None]) + np.diag(self.penalty)
            step = np.clip(np.linalg.solve(curvature, gradient), -2, 2)
            parameters = parameters + step
            if np.abs(step).max() < CONVERGED:
                break
        return parameters
