"""A small clinic's folder for every test."""

from pathlib import Path

import pytest

from tests.training.intake.small_clinic import SmallClinic


@pytest.fixture
def clinic(tmp_path: Path) -> SmallClinic:
    return SmallClinic(tmp_path)
