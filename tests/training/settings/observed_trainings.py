"""What depends on the settings of a cohort's tasks, weights, applicability and evidence, on one training."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from features.build import build_features
from features.catalogue import catalogue
from models.applicability import ApplicabilityDomain
from models.fitting.learners import fit_nothing
from models.remission import RemissionHead
from models.score import Constant
from tests.training.trainings import remission_task_of
from training.config import TrainingConfig
from training.evidence.document import Evidence
from training.experiment.evidence import build_evidence
from training.experiment.train import Training, applicability_of, quietly
from training.learning.cohort_tasks import tasks_of
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import Task
from training.learning.updating import update_head
from training.outcomes.labels import derive_outcomes
from training.outcomes.observation_weights import remission_weights


class TrainingObservations:
    """Looks at one training under other settings; what takes long is computed once per config."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.tasks = cache(self._tasks)
        self.evidence = cache(self._evidence)

    def _tasks(self, config: TrainingConfig) -> list[Task]:
        """The tasks of the first landmark."""
        cohort = self.training.cohort
        landmark = cohort.protocol.landmarks[0]
        return tasks_of(cohort, [build_features(cohort, landmark)], [derive_outcomes(cohort, landmark)], config)[0]

    def _evidence(self, config: TrainingConfig) -> Evidence:
        """The quick evidence of the first landmark."""
        config = replace(config, quick=True, draws=min(config.draws, 12))
        whole = self.training.bundle
        bundle = replace(whole, models=self.training.models[:1], records=whole.records[:1])
        first = self.training.landmarks[:1]
        some = replace(self.training, config=config, landmarks=first, models=bundle.models, bundle=bundle)
        return build_evidence(some, "here", quietly, 1)

    def relapse(self, config: TrainingConfig) -> RelapseTask:
        """The relapse task."""
        task = self.tasks(config)[1]
        assert isinstance(task, RelapseTask)
        return task

    def bands(self, config: TrainingConfig, fewest: int | None = None) -> int:
        """The bands of time of the baseline hazard."""
        settings = replace(config.relapse, events_per_band=fewest or config.relapse.events_per_band)
        task = self.relapse(replace(config, relapse=settings))
        head, _ = task.fit(fit_nothing, task.fitted_on)
        return len(np.atleast_1d(head.baseline))

    def bands_of_three(self, config: TrainingConfig) -> int:
        """The bands of time where three relapses suffice for one."""
        return self.bands(config, fewest=3)

    def last_day(self, config: TrainingConfig) -> int:
        """The last day of the relapse curve."""
        return self.relapse(config).last_day

    def recorded(self, config: TrainingConfig) -> set[str]:
        """The groups of the features that the candidates see."""
        groups = {one.name: one.group for one in catalogue(self.training.cohort.protocol)}
        seen = self.tasks(config)[0].training_data
        return {
            groups[name] for name, column in zip(seen.names, seen.rows.T, strict=True) if not np.isnan(column).all()
        }

    def weights(self, config: TrainingConfig) -> float:
        """The largest weight over the least one of the patients with an observed remission outcome."""
        cohort = self.training.cohort
        (found,) = remission_weights(cohort, [derive_outcomes(cohort, cohort.protocol.landmarks[0])], config)
        return float(found.max() / found[found > 0].min())

    def domain(self, config: TrainingConfig) -> ApplicabilityDomain:
        """The applicability domain of the first landmark."""
        task = self.training.landmarks[0].relapse.task
        found = applicability_of(task.training_data.rows[self.training.landmarks[0].fitted_on],
                                 self.training.cohort, config)  # fmt: skip
        assert found is not None
        return found

    def limit(self, which: int) -> Callable[[TrainingConfig], float]:
        """The figure from which on a patient is outside."""
        return lambda config: float(self.domain(config).limit[which])

    def rare(self, config: TrainingConfig) -> int:
        """The yes/no values that are rare."""
        return int((self.domain(config).by_value > 0).sum())

    def rare_of_a_tenth(self, config: TrainingConfig) -> int:
        """The same where a tenth of the patients may be rare."""
        return self.rare(replace(config, applicability=replace(config.applicability, rare_share=0.1)))

    def little_lacking(self, config: TrainingConfig) -> float:
        """The share not recorded from which on a patient is at the edge."""
        return float(self.domain(config).edge[1])

    def ages(self, config: TrainingConfig) -> list[str]:
        """The age groups."""
        groups = self.evidence(config).landmarks[0].questions[0].subgroups
        return [one.group for one in groups if one.variable == "age"]

    def treatments(self, config: TrainingConfig) -> list[str]:
        """How unobserved outcomes are treated in the sensitivity analysis."""
        return [one.treatment for one in self.evidence(config).landmarks[0].questions[0].sensitivity]

    def summarised(self, config: TrainingConfig) -> bool:
        """Whether the figures are summarised over the sites."""
        return bool(self.evidence(config).landmarks[0].questions[0].across_sites)

    def margins(self, config: TrainingConfig) -> set[float]:
        """What counts as a change of an answer."""
        return {one.margin for one in self.evidence(config).directions}

    def draws(self, config: TrainingConfig) -> int:
        """The draws behind the intervals."""
        return self.evidence(config).draws


def update(config: TrainingConfig) -> tuple[str, Any]:
    """The update of a head whose intercept is far from that of 200 new patients."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((240, 2))
    task = remission_task_of(rows, (rng.random(240) < 1 / (1 + np.exp(-2 * rows[:, 0]))).astype(np.float64))
    found = update_head(task, RemissionHead(Constant(2), -2.0), np.ones(240, dtype=np.bool_), config)
    return found.method, found.p_values
