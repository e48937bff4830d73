"""A registry with a good version, a better and a bad one, for each test its own copy with keys of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.evidences import good_evidence, with_measure
from tests.training.registries import Registry, held_out_of, in_use
from training.evidence.document import Estimate


@pytest.fixture(scope="session")
def three_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    registry = Registry(tmp_path_factory.mktemp("three-versions"))
    bad = with_measure(good_evidence(), "calibration_slope", Estimate(estimate=0.4, low=0.3, high=0.5))
    registry.register(good_evidence(), held_out_of(skill=0.9))
    registry.register(good_evidence(), held_out_of(skill=1.0))
    registry.register(bad, held_out_of(skill=1.0))
    return registry.folder


@pytest.fixture
def registry(three_versions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The artifacts are shared, and the database is a copy."""
    shutil.copy(three_versions / "mlflow.db", tmp_path / "mlflow.db")
    monkeypatch.setenv("KAP_SIGNING_KEYS", str(tmp_path / "keys"))
    own = Registry(tmp_path)
    with in_use(own, tmp_path / "serving"):
        yield own
