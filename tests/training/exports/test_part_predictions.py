"""Predictions for a cohort in parts are those of the whole cohort, wherever the parts are read."""

import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from features.protocol.problems import CohortRefusedError
from models.bundle import Bundle
from tests.training.cohorts_in_parts import in_parts
from tests.training.lost_worker import worker_lost_at_work
from training.cohort.parts.remote import Place, place_of
from training.cohort.reader import read_cohort
from training.execution.cluster import on_cluster
from training.experiment.train import Training
from training.exports.cohort_predictions import score_cohort
from training.exports.part_predictions import ScoredParts, score_parts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parts(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return in_parts(simulated, tmp_path_factory.mktemp("parts"))


def scored(folder: Place, bundle: Bundle, out: Path, workers: int = 1) -> ScoredParts:
    return score_parts(folder, bundle, out, workers, lambda *_: lambda: None, strict=False)


def test_they_are_those_of_the_whole_cohort(parts: Path, simulated: Path, trained: Training, tmp_path: Path) -> None:
    done = scored(parts, trained.bundle, tmp_path / "parts.parquet")
    rows, _ = score_cohort(read_cohort(simulated), trained.bundle, tmp_path / "whole.parquet")
    assert done.rows == rows
    key = ["patient_id", "landmark"]
    found, whole = (pd.read_parquet(tmp_path / name).sort_values(key) for name in ("parts.parquet", "whole.parquet"))
    pd.testing.assert_frame_equal(found.reset_index(drop=True), whole.reset_index(drop=True), check_categorical=False)


def test_processes_and_a_cluster_that_loses_a_worker_write_the_same_bytes(
    parts: Path, trained: Training, tmp_path: Path
) -> None:
    scored(parts, trained.bundle, tmp_path / "here.parquet")
    scored(parts, trained.bundle, tmp_path / "two.parquet", workers=2)
    with on_cluster("local", 2) as engine, worker_lost_at_work(engine.client):
        scored(parts, trained.bundle, tmp_path / "cluster.parquet")
    here = (tmp_path / "here.parquet").read_bytes()
    assert (tmp_path / "two.parquet").read_bytes() == here
    assert (tmp_path / "cluster.parquet").read_bytes() == here


def test_parts_at_a_url_give_the_same_bytes(parts: Path, trained: Training, tmp_path: Path) -> None:
    """Each process reads its parts itself."""
    with zipfile.ZipFile(tmp_path / "cohort.zip", "w") as archive:
        for path in parts.rglob("*.*"):
            archive.write(path, path.relative_to(parts))
    scored(parts, trained.bundle, tmp_path / "here.parquet")
    place = place_of(f"zip://::file://{tmp_path}/cohort.zip")
    scored(place, trained.bundle, tmp_path / "url.parquet", workers=2)
    assert (tmp_path / "url.parquet").read_bytes() == (tmp_path / "here.parquet").read_bytes()


def test_a_patient_in_two_parts_is_refused_and_nothing_is_written(
    parts: Path, trained: Training, tmp_path: Path
) -> None:
    """From half a record each, both predictions would be wrong."""
    changed = Path(shutil.copytree(parts, tmp_path / "changed"))
    first, second = sorted((changed / "patients").rglob("*.parquet"))[:2]
    one = pd.read_parquet(first).iloc[:1]
    pd.concat([pd.read_parquet(second), one]).to_parquet(second, index=False)
    with pytest.raises(CohortRefusedError) as refused:
        scored(changed, trained.bundle, tmp_path / "out.parquet")
    (problem,) = refused.value.problems
    assert "1 in several, the first in " in problem.found
    assert str(one["patient_id"].iloc[0]) not in problem.found
    assert not (tmp_path / "out.parquet").exists()
