"""The simulated cohort, and what the leakage checks of its training get."""

from pathlib import Path

import pytest

from features.records.cohort import Cohort
from tests.training.leakage.leaks import LeakageArguments, leakage_arguments
from training.cohort.reader import read_cohort


@pytest.fixture(scope="package")
def cohort(simulated: Path) -> Cohort:
    return read_cohort(simulated)


@pytest.fixture(scope="package")
def honest(cohort: Cohort) -> LeakageArguments:
    return leakage_arguments(cohort)
