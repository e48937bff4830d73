"""A fresh folder for the cohort of each test, and one synthetic cohort and its training for many."""

from pathlib import Path

import pytest

from tests.training.cohort_folder import Folder
from tests.training.trainings import QUICK
from training.cohort.reader import read_cohort
from training.experiment.train import Training, quietly, train
from training.provenance import collect_provenance
from training.simulation.cohort import simulate_cohort, write_cohort


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a synthetic cohort of 400 patients at 3 sites."""
    directory = tmp_path_factory.mktemp("cohorts") / "simulated"
    write_cohort(simulate_cohort(400, 3, 5), directory)
    return directory


@pytest.fixture(scope="session")
def trained(simulated: Path) -> Training:
    """A training on it, by the quick candidates and with a single repeat of the folds."""
    return train(read_cohort(simulated), QUICK, collect_provenance(), quietly, workers=1)
