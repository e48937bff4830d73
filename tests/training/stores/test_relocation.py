"""A store that was copied or moved works where it stands: it is read there, and written there."""

import hashlib
import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from tests.training.evidences import good_evidence
from tests.training.registries import Registry
from training.audit.audit import read_training
from training.audit.checks import record_verdicts
from training.failures import StoreUnreachableError
from training.registry.experiments import open_experiment
from training.registry.seal import digest_of
from training.stores.artifact_place import artifact_bytes
from training.stores.relocation import RelocationNotice
from training.stores.sqlite_address import sqlite_address
from training.tracking.evidence import artifact_of


@contextmanager
def working_in(folder: Path, store: Path | None = None) -> Iterator[MlflowClient]:
    """Commands run in this folder, as after ``cd``, with the store in it unless another folder's is given."""
    before = mlflow.get_tracking_uri()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        mlflow.set_tracking_uri(sqlite_address((store or folder) / "mlflow.db"))
        try:
            yield MlflowClient()
        finally:
            mlflow.set_tracking_uri(before)


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """The folder of a store with one sealed version."""
    folder = tmp_path / "original"
    folder.mkdir()
    Registry(folder).register(good_evidence())
    return folder


def run_in(client: MlflowClient) -> str:
    return str(client.get_model_version("kap-outcomes", "1").run_id)


def failing(run_id: str, scratch: Path) -> list[str]:
    scratch.mkdir(exist_ok=True)
    verdicts = record_verdicts(read_training(run_id, scratch))
    return [f"{verdict.check}: {verdict.detail}" for verdict in verdicts if verdict.outcome == "failed"]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("gone", [True, False], ids=["relocated", "copied"])
def test_a_record_is_read_where_its_store_stands_and_reading_changes_nothing(
    original: Path, tmp_path: Path, gone: bool
) -> None:
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(original, copy)
    if gone:
        original.rename(tmp_path / "away")
    before = digest(copy / "mlflow.db")
    with working_in(copy) as client:
        run_id = run_in(client)
        assert failing(run_id, tmp_path / "scratch") == []
        assert Path(artifact_of(run_id, "evidence.json")).is_relative_to(copy)
        assert artifact_bytes(run_id, "evidence.json")
        (copy / "runs1" / run_id / "artifacts" / "evidence.json").write_text("{}")
        assert any("evidence.json" in said for said in failing(run_id, tmp_path / "scratch"))
    assert digest(copy / "mlflow.db") == before


def test_what_is_written_in_a_copy_stays_in_the_copy_and_it_is_said(original: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    there = sorted(original.rglob("*"))
    with working_in(copy) as client:
        with pytest.warns(RelocationNotice, match="recorded in .*original and stands in .*copy now"):
            experiment = open_experiment(client, "experiment 1", "a note")
        run = client.create_run(experiment)
        client.log_text(run.info.run_id, "new", "new.txt")
        assert (copy / "runs1" / run.info.run_id / "artifacts" / "new.txt").is_file()
        assert failing(run_in(client), tmp_path / "scratch") == []
        assert mlflow.artifacts.load_text(f"runs:/{run_in(client)}/evidence.json")  # MLflow's own tools find it too
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            open_experiment(client, "experiment 1", "a note")
    assert sorted(original.rglob("*")) == there


def test_a_store_that_was_relocated_twice_is_still_as_sealed(original: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        elsewhere = tmp_path / name
        shutil.move(original, elsewhere)
        with working_in(elsewhere) as client, pytest.warns(RelocationNotice):
            open_experiment(client, "experiment 1", "a note")
        original = elsewhere
    with working_in(original) as client:
        assert failing(run_in(client), tmp_path / "scratch") == []


def seal_as_version_0_9_0_did(folder: Path, client: MlflowClient) -> None:
    """Format 1: the address of the model as it was, and no user, experiment or description."""
    run_id = run_in(client)
    path = folder / "runs1" / run_id / "artifacts" / "seal.json"
    document = json.loads(path.read_text())
    digests = document["digests"]
    for owner in [name for name in digests if name.startswith(("experiment ", "registered model "))]:
        del digests[owner], document["owners"][owner]
    del digests[run_id]["run"]["user"], digests["version 1"]["description"]
    for fact in ("fetched", "created", "status"):
        del digests["version 1"]["version"][fact]
    address = client.get_model_version_download_uri("kap-outcomes", "1")
    digests["version 1"]["version"]["fetched from"] = digest_of(address)
    path.write_text(json.dumps(document | {"format": 1}))
    client.set_tag(run_id, "seal_digest", digest(path))
    client.set_model_version_tag("kap-outcomes", "1", "seal_digest", digest(path))


def test_a_seal_of_an_earlier_version_holds_before_and_after_its_store_was_relocated_and_settled(
    original: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "relocated"
    with working_in(original) as client:
        seal_as_version_0_9_0_did(original, client)
        assert failing(run_in(client), tmp_path / "scratch") == []
    shutil.move(original, elsewhere)
    with working_in(elsewhere) as client:
        assert failing(run_in(client), tmp_path / "scratch") == []
        with pytest.warns(RelocationNotice):
            open_experiment(client, "experiment 1", "a note")
        assert failing(run_in(client), tmp_path / "scratch") == []


def test_artifacts_that_are_not_here_are_named_and_are_not_called_lost(original: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(original / "mlflow.db", alone)
    original.rename(tmp_path / "away")
    with working_in(alone) as client, pytest.raises(StoreUnreachableError, match=r"not found here: .*runs1") as refused:
        failing(run_in(client), tmp_path / "scratch")
    assert "copy the folder mlruns beside mlflow.db" in str(refused.value)


def test_artifacts_that_were_deleted_where_they_belong_are_lost(original: Path, tmp_path: Path) -> None:
    with working_in(original) as client:
        run_id = run_in(client)
        shutil.rmtree(original / "runs1" / run_id)
        assert any(said.startswith("seal: no seal") for said in failing(run_id, tmp_path / "scratch"))


@pytest.mark.parametrize("name", ["a%20b", "a b", "Übung", "no#1", "a+b"])
def test_artifacts_land_in_the_very_folder_whatever_its_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with working_in(folder) as client:
        run = client.create_run(open_experiment(client, "kap-outcomes/kap", "a note"))
        client.log_text(run.info.run_id, "<p>", "report.html")
        report = Path(artifact_of(run.info.run_id, "report.html"))
        assert report.read_text() == "<p>"
        assert report.is_relative_to(folder)
        assert artifact_bytes(run, "report.html") == b"<p>"
        assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/report.html") == "<p>"
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(folder)]
    assert outside == []  # MLflow makes an empty folder by the letters of the address, where that has a %


def test_an_experiment_that_wrote_into_another_folder_writes_into_this_one_from_now_on(tmp_path: Path) -> None:
    folder = tmp_path / "a%20b"
    folder.mkdir()
    with working_in(folder) as client:
        earlier = client.create_run(client.create_experiment("kap-outcomes/kap"))
        client.log_text(earlier.info.run_id, "1", "one.txt")
        later = client.create_run(open_experiment(client, "kap-outcomes/kap", "a note"))
        client.log_text(later.info.run_id, "2", "two.txt")
        assert artifact_bytes(earlier.info.run_id, "one.txt") == b"1"
        assert artifact_bytes(later.info.run_id, "two.txt") == b"2"
        assert Path(artifact_of(later.info.run_id, "two.txt")).is_relative_to(folder)


def test_artifacts_lie_beside_the_stores_file_from_wherever_a_command_is_run(tmp_path: Path) -> None:
    store, elsewhere = tmp_path / "store", tmp_path / "elsewhere"
    store.mkdir()
    elsewhere.mkdir()
    with working_in(elsewhere, store) as client:
        run = client.create_run(open_experiment(client, "kap-outcomes/kap", "a note"))
        client.log_text(run.info.run_id, "1", "one.txt")
        assert Path(artifact_of(run.info.run_id, "one.txt")).is_relative_to(store / "mlruns")
    assert list(elsewhere.iterdir()) == []
