"""A training whose recording fails loses nothing: it is kept in a folder, and `kap record` records it later."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError
from tests.counting_proxy import Fault
from tests.mlflow_server import MlflowServer, running_mlflow
from tests.training.commands import SameProcess, refused
from tests.training.evidences import good_evidence, with_landmarks
from training.evidence.document import Evidence
from training.experiment.external import used
from training.experiment.train import Training
from training.failures import StoreUnreachableError
from training.registry.names import MODEL_NAME
from training.registry.record_archive import ARCHIVE
from training.registry.seal import SEAL_DIGEST
from training.tracking.kept import DESCRIPTION, read_kept
from training.tracking.opened import opened_run
from training.tracking.training import RecordingOptions, record
from training.tracking.transfer import _require_same_software

pytestmark = pytest.mark.slow


class WorkplaceAtServer(SameProcess):
    """A workplace whose tracking store is a server."""

    server: MlflowServer

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | self.server.environment()

    @property
    def store(self) -> str:
        return self.server.address


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkplaceAtServer]:
    with running_mlflow(tmp_path_factory.mktemp("mlflow")) as server:
        place = WorkplaceAtServer(tmp_path_factory.mktemp("place"))
        object.__setattr__(place, "server", server)
        yield place


def evidence_of(training: Training) -> Evidence:
    """Made-up figures about the training's cohort, one question for each landmark, so that it is recorded quickly."""
    whole = good_evidence(training.cohort.protocol)
    one = with_landmarks(whole, lambda found: found.model_copy(update={"questions": found.questions[:1]}))
    return one.model_copy(update={"cohort": used(training.cohort, "cohort", synthetic=True)})


@pytest.fixture(scope="module")
def kept(place: WorkplaceAtServer, trained: Training) -> Path:
    """The folder of a training whose server stopped taking artifacts when the model was registered."""
    began = time.time()
    place.server.faults.append(Fault("/mlflow-artifacts/", 507, "PUT", after=20))
    with place.in_use(), pytest.raises(StoreUnreachableError) as said:
        _record(trained, began)
    place.server.faults.clear()
    assert "(507)" in str(said.value), repr(said.value.__cause__)
    words, _, folder = str(said.value).rpartition("kap record ")
    assert "the training is kept" in words
    return Path(folder)


def _record(trained: Training, began: float) -> None:
    with opened_run(MODEL_NAME, trained.cohort.protocol.name, "cohort", began) as run_id:
        options = RecordingOptions(run_id=run_id)
        record(trained, evidence_of(trained), began, lambda _: None, options=options)


def test_the_folder_says_what_it_is_and_only_its_owner_may_open_it(kept: Path, place: WorkplaceAtServer) -> None:
    assert kept.parent == place.folder
    assert kept.stat().st_mode & 0o777 == 0o700
    described = json.loads((kept / DESCRIPTION).read_text(encoding="utf-8"))
    assert "could not be recorded" in described["what"]
    assert "(507)" in described["why"]
    assert (kept / described["report"]).is_file()
    assert (kept / described["bundle"] / "manifest.json").is_file()


def test_the_failed_run_is_called_failed_and_no_version_is_left(kept: Path, place: WorkplaceAtServer) -> None:
    with place.in_use():
        client = MlflowClient()
        assert client.search_model_versions(f"name = '{MODEL_NAME}'") == []
        statuses = {run.info.status for run in mlflow.search_runs(search_all_experiments=True, output_format="list")}
    assert statuses <= {"FAILED", "FINISHED"}
    assert mlflow.active_run() is None


@pytest.mark.parametrize("damage", ["changed", "lost", "added"])
def test_a_damaged_folder_is_refused(kept: Path, place: WorkplaceAtServer, tmp_path: Path, damage: str) -> None:
    copy = shutil.copytree(kept, tmp_path / "copy")
    held_out = next(copy.rglob("held_out_predictions.parquet"))
    if damage == "lost":
        held_out.unlink()
    elif damage == "changed":
        held_out.write_bytes(held_out.read_bytes()[:-1] + b"x")
    else:
        (held_out.parent / "more.txt").touch()
    assert "changed, lost or added" in refused(place.kap("record", copy), 2)


def test_another_folder_is_refused(place: WorkplaceAtServer, tmp_path: Path) -> None:
    assert f"with {DESCRIPTION}" in refused(place.kap("record", tmp_path), 2)


def test_it_is_recorded_as_the_training_would_have_been(kept: Path, place: WorkplaceAtServer) -> None:
    found = read_kept(kept)
    elsewhere = kept.rename(kept.with_name("a kept training elsewhere"))
    done = place.kap("record", elsewhere)
    assert done.returncode == 0, done.stderr
    assert "registered as version" in done.stdout
    verified = place.kap("audit", "verify", "1")
    assert verified.returncode == 5, verified.stdout  # none failed; without the cohort nothing is retrained
    with place.in_use():
        version = MlflowClient().get_model_version(MODEL_NAME, "1")
        now = MlflowClient().get_run(version.run_id)
        evidence = mlflow.artifacts.load_text(f"runs:/{version.run_id}/evidence.json")
        report = mlflow.artifacts.load_text(f"runs:/{version.run_id}/report.html")
        files = {one.path for one in MlflowClient().list_artifacts(version.run_id)}
        below = MlflowClient().search_runs([now.info.experiment_id], f"tags.`mlflow.parentRunId` = '{version.run_id}'")
    kept_files = elsewhere / "artifacts" / found.run_id / "artifacts"
    assert version.tags["bundle_digest"] == found.bundle_digest
    assert version.tags[SEAL_DIGEST] == now.data.tags[SEAL_DIGEST]
    assert evidence == (kept_files / "evidence.json").read_text(encoding="utf-8")
    assert files == {path.name for path in kept_files.iterdir()} | {ARCHIVE}  # a server gets an archive of them too
    assert version.run_id in report
    with replace(found, folder=elsewhere).opened() as client:
        then = client.get_run(found.run_id)
        assert now.data.params == then.data.params
        assert now.data.metrics == then.data.metrics
        same = f"tags.`mlflow.parentRunId` = '{found.run_id}'"
        names = [run.info.run_name for run in client.search_runs([then.info.experiment_id], same)]
    assert sorted(run.info.run_name for run in below) == sorted(names)
    assert "it is, as version 1" in refused(place.kap("record", elsewhere), 2)


def test_another_state_of_the_software_is_refused() -> None:
    """The code of a model is recorded beside it, and would not be the one that trained it."""
    top = SimpleNamespace(data=SimpleNamespace(tags={"sources_digest": "another", "commit": "abc"}))
    with pytest.raises(InputRefusedError) as said:
        _require_same_software(top)
    assert "commit abc" in said.value.problems[0].required
