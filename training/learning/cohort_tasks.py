"""The tasks of the heads of every landmark on one cohort, with the weights for unobserved outcomes."""

from collections.abc import Sequence
from dataclasses import replace

from features.build import FeatureRows, build_features
from features.catalogue import catalogue
from features.protocol.document import Landmark, Protocol
from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.reference_inputs import cohort_of_reference_inputs, draw_reference_inputs
from training.arithmetic import on_one_thread
from training.config import CANDIDATES, TrainingConfig
from training.learning.relapse_task import RelapseTask, reach_of, relapse_task
from training.learning.tasks import Task, remission_task
from training.learning.used_features import without_excluded
from training.outcomes.follow_up_weights import follow_up_weights
from training.outcomes.labels import Outcomes
from training.outcomes.observation_weights import remission_weights


@on_one_thread
def tasks_of(
    cohort: Cohort, features: Sequence[FeatureRows], outcomes: Sequence[Outcomes], config: TrainingConfig
) -> list[list[Task]]:
    """For each landmark remission, unless everyone is in remission there, and relapse."""
    seen = [without_excluded(rows, cohort.protocol, config) for rows in features]
    relapse = [_relapse(cohort, *group, config) for group in zip(features, seen, outcomes, strict=True)]
    if cohort.protocol.remission.at_landmark:
        return [[task] for task in relapse]
    declared = catalogue(cohort.protocol)
    weights = remission_weights(cohort, outcomes, config)
    made_up = _reference_rows(cohort.protocol, [one.landmark for one in outcomes], config)
    return [
        [replace(remission_task(rows, declared, outcome, weight, config.seed), reference_rows=reference), task]
        for rows, outcome, weight, task, reference in zip(seen, outcomes, weights, relapse, made_up, strict=True)
    ]


def _reference_rows(
    protocol: Protocol, landmarks: Sequence[Landmark], config: TrainingConfig
) -> list[Floats] | list[None]:
    """The rows of a bundle's reference inputs at each of the landmarks; none if no candidate is converted."""
    if set(config.candidates) <= set(CANDIDATES):
        return [None] * len(landmarks)
    made_up = cohort_of_reference_inputs(draw_reference_inputs(protocol), protocol)
    return [build_features(made_up, landmark).values for landmark in landmarks]


def _relapse(
    cohort: Cohort, features: FeatureRows, seen: FeatureRows, outcomes: Outcomes, config: TrainingConfig
) -> RelapseTask:
    """The weights have every feature, the candidates only those ``seen``."""
    longest = max(cohort.protocol.horizons_days)
    weights = follow_up_weights(cohort, features, outcomes, reach_of(outcomes, longest, config.relapse), config)
    return relapse_task(seen, catalogue(cohort.protocol), outcomes, longest, config, weights)
