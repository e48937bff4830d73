"""A fresh folder for the cohort of each test, and one synthetic cohort and its training for many."""

import pickle
from pathlib import Path

import pytest

from tests.made_once import made_once
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
    return made_once("simulated", tmp_path_factory, lambda folder: write_cohort(simulate_cohort(400, 3, 5), folder))


@pytest.fixture(scope="session")
def trained(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """A training on it, by the quick candidates and with a single repeat of the folds."""

    def make(folder: Path) -> None:
        finished = train(read_cohort(simulated), QUICK, collect_provenance(), quietly, workers=1)
        (folder / "training.pickle").write_bytes(pickle.dumps(finished))

    content = (made_once("trained", tmp_path_factory, make) / "training.pickle").read_bytes()
    training: Training = pickle.loads(content)  # noqa: S301 - written above
    return training
