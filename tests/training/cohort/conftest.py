"""The strict reader for the tests of what it takes and refuses; the forgiving one has tests of its own."""

from pathlib import Path

import pytest

from tests.training.cohort_folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path, strict=True)
