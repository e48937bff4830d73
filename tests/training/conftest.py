"""A fresh folder for the cohort of each test."""

from pathlib import Path

import pytest

from tests.training.cohort_folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
