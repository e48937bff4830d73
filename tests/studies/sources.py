"""Cohorts to train on and fresh patients with their truth, of either mechanism, read as the product reads a folder."""

import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from features.records.cohort import Cohort
from tests.mechanisms import own, second
from tests.mechanisms.true_risks import TrueRisks
from training.cohort.reader import read_cohort

MECHANISMS = ("own", "second")
FRESH = 900_000
"""Added to a seed for the fresh patients, so that none of them is in the training."""


@dataclass(frozen=True, eq=False)
class FreshPatients:
    """Fresh patients with a complete record, and their truth by landmark name."""

    cohort: Cohort
    truths: dict[str, TrueRisks]


def training_cohort(mechanism: str, patients: int, seed: int, missing: float | None) -> Cohort:
    """A cohort to train on; ``missing`` is the share without an end-of-course rating, ``None`` as it comes.

    The second mechanism loses nobody of its own accord.
    """
    with tempfile.TemporaryDirectory(prefix="kap-study-") as scratch:
        folder = Path(scratch) / "cohort"
        if mechanism == "own":
            own.write_own(own.draw_own(patients, sites_seed=seed, missing=missing), folder)
        else:
            second.write_cohort(second.draw_cohort(patients, seed, missing or 0.0), folder, seed)
        return read_cohort(folder)


@lru_cache(maxsize=1)
def fresh_patients(mechanism: str, patients: int, seed: int, draws: int) -> FreshPatients:
    """Fresh patients of the sites that a training cohort of that seed has, with their truth; the last are kept."""
    with tempfile.TemporaryDirectory(prefix="kap-study-") as scratch:
        folder = Path(scratch) / "cohort"
        if mechanism == "own":
            drawn = own.draw_own(patients, sites_seed=seed, seed=FRESH + seed, missing=0.0)
            own.write_own(drawn, folder)
            truths = own.true_probabilities(drawn, draws)
        else:
            sample = second.draw_cohort(patients, FRESH + seed)
            second.write_cohort(sample, folder, seed)
            truths = second.true_probabilities(sample.people, sample.course, draws)
        cohort = read_cohort(folder)
    names = [landmark.name for landmark in cohort.protocol.landmarks]
    return FreshPatients(cohort, dict(zip(names, truths, strict=True)))


def at_landmarks(cohort: Cohort, numbers: tuple[int, ...]) -> Cohort:
    """The cohort under its protocol with some of the landmarks only; numbers count from 1."""
    landmarks = tuple(cohort.protocol.landmarks[number - 1] for number in numbers)
    return replace(cohort, protocol=replace(cohort.protocol, landmarks=landmarks))


def sample_of(cohort: Cohort, size: int, seed: int) -> tuple[Cohort, Cohort]:
    """So many patients of a cohort drawn without replacement, and the others."""
    chosen = np.zeros(len(cohort), dtype=np.bool_)
    chosen[np.random.default_rng(seed).choice(len(cohort), size, replace=False)] = True
    return cohort.take(np.flatnonzero(chosen)), cohort.take(np.flatnonzero(~chosen))
