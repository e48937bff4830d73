"""Pools of patients whose true probabilities are known, and cohorts drawn from them with outcomes drawn again.

Outcomes follow the true probabilities and nothing else: remission, not observed at random for some, then the week of
relapse among those in remission, with random censoring and no competing events.
"""

import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.build import FeatureRows, build_features
from features.catalogue import catalogue
from features.records.cohort import Cohort
from models.fitting.learners import TrainingData
from models.relapse import FollowUpWeights
from models.remission import remission_counts
from tests.mechanisms import own
from tests.mechanisms.true_risks import HORIZONS_DAYS, Floats
from tests.studies.sources import fresh_patients
from training.cohort.reader import read_cohort
from training.config import TrainingConfig
from training.learning.relapse_task import RelapseTask
from training.learning.splits import Folds, draw_folds
from training.learning.tasks import RemissionTask
from training.outcomes.labels import EndedBy
from training.simulation import truth as synthetic_truth

POOLS = ("own", "second", "null")
OWN_PATIENTS, SECOND_PATIENTS, SECOND_DRAWS = 40_000, 6_000, 300
"""The truth of the own mechanism is exact; that of the second comes from so many draws per patient."""
POOL_SEED = 1
NOT_OBSERVED = 0.2
"""Share of remission not observed, at random."""
CENSORED_AFTER_WEEKS = 60.0
"""Mean time to censoring, exponential: two in three are followed to the end."""
WEEKS = max(HORIZONS_DAYS) // 7


@dataclass(frozen=True, eq=False)
class Pool:
    """Those who are predictable at one landmark, with their truth.

    ``rows`` (patients, features); ``signs`` are those declared for remission and for relapse; ``site`` (patients,)
    holds codes. ``remission`` (patients,) and ``relapse`` (patients, weeks), the latter cumulative given remission, are
    the true probabilities.
    """

    landmark: str
    names: tuple[str, ...]
    signs: tuple[tuple[int, ...], tuple[int, ...]]
    rows: Floats
    site: NDArray[np.int32]
    site_names: tuple[str, ...]
    remission: Floats
    relapse: Floats

    def at(self, patients: NDArray[np.intp]) -> "Pool":
        """Some of the patients."""
        per_patient = ("rows", "site", "remission", "relapse")
        return replace(self, **{name: getattr(self, name)[patients] for name in per_patient})

    def without_signal(self) -> "Pool":
        """The same patients, each with the mean probabilities."""
        curve = np.average(self.relapse, axis=0, weights=self.remission)
        mean = np.full(len(self.remission), self.remission.mean())
        return replace(self, remission=mean, relapse=np.tile(curve, (len(mean), 1)))


def pools(mechanism: str, landmarks: tuple[int, ...]) -> list[Pool]:
    """The pool of a mechanism at some landmarks, numbered from 1; ``null`` is the own one without signal."""
    if mechanism == "null":
        return [pool.without_signal() for pool in pools("own", landmarks)]
    found = _own(OWN_PATIENTS) if mechanism == "own" else _second(SECOND_PATIENTS, SECOND_DRAWS)
    return [found[number - 1] for number in landmarks]


@lru_cache(maxsize=1)
def _own(patients: int) -> list[Pool]:
    """The product's mechanism; relapse is its onset as if nothing competed, which is known exactly by week."""
    drawn = own.draw_own(patients, sites_seed=POOL_SEED, missing=0.0)
    risks = synthetic_truth.true_risks(drawn.patients, drawn.course, drawn.sites)
    with tempfile.TemporaryDirectory(prefix="kap-study-") as scratch:
        own.write_own(drawn, Path(scratch) / "cohort")
        cohort = read_cohort(Path(scratch) / "cohort")
    truths = [(np.where(each.reached, each.remission, np.nan), each.relapse[:, :WEEKS]) for each in risks]
    return _of_cohort(cohort, truths)


@lru_cache(maxsize=1)
def _second(patients: int, draws: int) -> list[Pool]:
    fresh = fresh_patients("second", patients, POOL_SEED, draws)
    truths = [(truth.remission, weekly_curve(truth.relapse)) for truth in fresh.truths.values()]
    return _of_cohort(fresh.cohort, truths)


def weekly_curve(relapse: Floats) -> Floats:
    """Cumulative probabilities by week, shape (patients, weeks), from those by the horizons, shape (patients, 2).

    The hazard is constant from 0 to the first horizon and from there to the last.
    """
    first, last = (days // 7 for days in HORIZONS_DAYS)
    weeks, free = np.arange(1, last + 1), np.maximum(1 - relapse, 1e-9)
    early = np.minimum(weeks, first) / first
    late = np.maximum(weeks - first, 0) / (last - first)
    return 1 - free[:, :1] ** early * (free[:, 1:] / free[:, :1]) ** late


def _of_cohort(cohort: Cohort, truths: list[tuple[Floats, Floats]]) -> list[Pool]:
    declared = catalogue(cohort.protocol)
    signs = tuple(each.remission_sign for each in declared), tuple(each.relapse_sign for each in declared)
    found = []
    for landmark, (remission, relapse) in zip(cohort.protocol.landmarks, truths, strict=True):
        features = build_features(cohort, landmark)
        pool = Pool(
            landmark.name, features.names, signs, features.values, cohort.site, cohort.site_names, remission, relapse
        )
        found.append(pool.at(_predictable(features, remission)))
    return found


def _predictable(features: FeatureRows, remission: Floats) -> NDArray[np.intp]:
    eligible = np.array([reason is None for reason in features.ineligible], dtype=np.bool_)
    return np.flatnonzero(eligible & ~np.isnan(remission))


@dataclass(frozen=True, eq=False)
class DrawnCohort:
    """The training data of one cohort drawn from a pool, its folds, and the patients of the pool left out of it."""

    tasks: tuple[RemissionTask, RelapseTask]
    folds: Folds
    rest: Pool


def draw(pool: Pool, patients: int, rng: np.random.Generator, config: TrainingConfig) -> DrawnCohort:
    """So many patients drawn from a pool without replacement, with outcomes drawn from their true probabilities."""
    order = rng.permutation(len(pool.rows))
    sample = pool.at(order[:patients])
    remits = rng.random(patients) < sample.remission
    remission = np.where(rng.random(patients) < NOT_OBSERVED, np.nan, remits)
    folds = draw_folds(
        np.where(np.isnan(remission), -1, remits).astype(np.intp), sample.site, sample.site_names, config
    )
    binomial = remission_counts(remission, np.ones(patients), np.ones(patients, dtype=np.bool_))
    training_data = TrainingData(sample.rows, binomial, sample.names, sample.signs[0], config.seed)
    relapse = _relapse_task(replace(training_data, signs=sample.signs[1]), sample.relapse, remission == 1, rng)
    return DrawnCohort(
        (RemissionTask(training_data, remission, np.ones(patients)), relapse), folds, pool.at(order[patients:])
    )


def _relapse_task(
    training_data: TrainingData, relapse: Floats, at_risk: NDArray[np.bool_], rng: np.random.Generator
) -> RelapseTask:
    patients = len(relapse)
    week = 1 + (relapse < rng.random((patients, 1))).sum(axis=1)  # one beyond the last for those without relapse
    seen = np.minimum(np.ceil(rng.exponential(CENSORED_AFTER_WEEKS, patients)), WEEKS)
    return RelapseTask(
        training_data=training_data,
        followed_days=7.0 * np.minimum(week, seen),
        ended_by=np.where(week <= seen, EndedBy.RELAPSE, EndedBy.CENSORED).astype(np.int8),
        at_risk=at_risk,
        last_day=7 * WEEKS,
        follow_up=FollowUpWeights.equal(patients),
        longest_horizon=7 * WEEKS,
    )
