"""The packages of one training for all tests here."""

from pathlib import Path

import pytest

from tests.made_once import made_once
from tests.training.archive.packages import Packages, make_packages
from training.experiment.train import Training


@pytest.fixture(scope="session")
def packages(trained: Training, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return Packages(
        made_once("packages", tmp_path_factory, lambda folder: make_packages(trained, simulated, folder.resolve()))
    )
