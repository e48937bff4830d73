"""One small synthetic cohort, and a store with one training on it by the Python interface, for all tests here."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.made_once import made_once
from tests.training.commands import SameProcess
from training import read_cohort, train
from training.api.cohorts import LoadedCohort
from training.simulation.cohort import SyntheticCohort, simulate_cohort, write_cohort

SETTINGS = {"training": {"draws": 20, "folds": 3, "candidates": ["no_model", "one_variable"]}}
"""Enough for every part of a training, and no more."""


@pytest.fixture(scope="session")
def drawn() -> SyntheticCohort:
    """A synthetic cohort of 150 patients of 2 sites, as DataFrames."""
    return simulate_cohort(150, 2, 5)


@pytest.fixture(scope="session")
def frames(drawn: SyntheticCohort) -> dict[str, object]:
    """Its tables by name."""
    tables = ("patients", "prior_treatments", "sessions", "assessments", "events")
    return {name: getattr(drawn, name) for name in tables}


@pytest.fixture(scope="session")
def small(drawn: SyntheticCohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that cohort."""
    return made_once("small", tmp_path_factory, lambda folder: write_cohort(drawn, folder))


@pytest.fixture(scope="session")
def cohort(small: Path) -> LoadedCohort:
    return read_cohort(small)


ONE_LANDMARK = """
[[landmarks]]
name = "before session 3"
before_session = 3
else_days = 14
"""


@pytest.fixture
def one_landmark(small: Path, tmp_path: Path) -> Path:
    """That cohort under a protocol with one landmark, for trainings that need to be quick."""
    folder = tmp_path / "one-landmark"
    shutil.copytree(small, folder)
    (folder / "protocol.toml").write_text(ONE_LANDMARK)
    return folder


@pytest.fixture(scope="session")
def trained_from_python(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose store has a training from Python as version 1, on the cohort beside it."""

    def make(folder: Path) -> None:
        place = folder.with_name("python-store")  # MLflow keeps whole paths: the folder must not be renamed
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(small, place / "cohort")
        with SameProcess(place).in_use():
            train(read_cohort("cohort"), settings=SETTINGS, quick=True, workers=1)

    return made_once("python-store-is-made", tmp_path_factory, make).with_name("python-store")


@pytest.fixture
def store(trained_from_python: Path) -> Iterator[SameProcess]:
    """The store is in use, and its folder is the working folder."""
    place = SameProcess(trained_from_python)
    with place.in_use():
        yield place
