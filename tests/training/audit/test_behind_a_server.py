"""Through a tracking server with proxied artifacts, an audit asks little and still finds changes."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models.model import ModelStore
from mlflow.tracking import MlflowClient

from tests.counting_proxy import by_kind
from tests.mlflow_server import MlflowServer, running_mlflow
from tests.training.audit.audited import checked_cohort, made_up_evidence
from training.audit.audit import own_record, verify
from training.audit.checks import record_verdicts
from training.audit.verification_request import VerificationRequest
from training.dossier.page import write_dossier
from training.experiment.train import Training, quietly
from training.registry.release import fetch
from training.tracking.recorded_run import RecordedRun
from training.tracking.training import record
from training.verdicts import Verdict

pytestmark = pytest.mark.long
MOST_REQUESTS = 40
"""Of one command that reads a record."""
MOST_BESIDE_FILES = 160
"""To record a training of three landmarks: three for each of its 28 runs, and the model. Each file is one more."""


@dataclass(frozen=True)
class ServedRecord:
    """A training that was recorded through a server, and where the server keeps its files."""

    server: MlflowServer
    folder: Path
    run_id: str
    version: str
    recording: tuple[tuple[str, str, int], ...]
    """The requests by which it was recorded."""

    def file(self, name: str) -> Path:
        found = [*self.folder.glob(f"artifacts/**/{self.run_id}/**/{name}")]
        models = MlflowClient().get_run(self.run_id).outputs.model_outputs
        (path,) = found or self.folder.glob(f"artifacts/**/{models[0].model_id}/**/{name}")
        return path

    def failed(self, *, every_file: bool = False) -> dict[str, str]:
        return said_of(verify(self.version, VerificationRequest(every_file=every_file), quietly))


def recorded_again(trained: Training) -> RecordedRun:
    return record(trained, made_up_evidence(trained), time.time(), lambda _: None, checked_cohort(trained))


def said_of(verdicts: list[Verdict]) -> dict[str, str]:
    return {one.check: "; ".join(one.findings) or one.detail for one in verdicts if one.outcome == "failed"}


@pytest.fixture(scope="module")
def served(trained: Training, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRecord]:
    folder = tmp_path_factory.mktemp("server")
    before = mlflow.get_tracking_uri()
    with running_mlflow(folder) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        patch.setenv("KAP_DECISIONS", f"sqlite:///{folder / 'decisions.db'}")
        patch.setenv("KAP_SIGNING_KEYS", str(folder / "keys"))
        (folder / "models").mkdir()
        BentoMLContainer.model_store.set(ModelStore(folder / "models"))
        mlflow.set_tracking_uri(server.address)
        with server.counted() as seen:
            made = recorded_again(trained)
        yield ServedRecord(server, folder, made.run_id, made.model_version, tuple(seen))
        BentoMLContainer.model_store.reset()
        mlflow.set_tracking_uri(before)
        os.environ.pop("MLFLOW_EXPERIMENT_ID", None)  # MLflow sets it for processes that it would start


def test_a_recording_writes_every_file_once_and_reads_none_back(served: ServedRecord) -> None:
    files = [
        (method, path) for method, path, _ in served.recording if "/mlflow-artifacts/" in path and "rights" not in path
    ]
    assert {method for method, _ in files} == {"PUT"}
    assert len(files) == len(set(files))
    assert by_kind(list(served.recording)).total() - len(files) <= MOST_BESIDE_FILES


def test_what_was_written_is_what_the_server_has(served: ServedRecord) -> None:
    assert served.failed(every_file=True) == {}


def test_a_record_is_verified_with_few_requests(served: ServedRecord) -> None:
    with served.server.counted() as seen:
        assert served.failed() == {}
    assert len(seen) <= MOST_REQUESTS


def test_a_dossier_is_written_with_few_requests(served: ServedRecord, tmp_path: Path) -> None:
    with served.server.counted() as seen:
        write_dossier(served.version, tmp_path / "dossier.html")
    assert len(seen) <= MOST_REQUESTS
    assert "evidence.json" in (tmp_path / "dossier.html").read_text(encoding="utf-8")


def test_a_promotion_and_a_lineage_read_record_and_bundle_with_half_of_them(
    served: ServedRecord, tmp_path: Path
) -> None:
    with served.server.counted() as seen:
        stored = own_record(served.run_id, tmp_path)
        assert said_of(record_verdicts(stored)) == {}
        chosen = fetch(served.version, tmp_path)
        assert chosen.artifact("evidence.json")
        assert chosen.artifact("held_out_predictions.parquet")
    assert len(seen) <= MOST_REQUESTS // 2


def resized(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


def other_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("evidence.json", other_byte),
        ("report.html", resized),
        ("summary.json", Path.unlink),
        ("record.zip", other_byte),
        ("MLmodel", resized),
        ("bundle/manifest.json", other_byte),
        ("bundle/landmark_1_relapse.npz", resized),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_file_that_was_changed_or_lost_in_the_servers_store_is_named(
    served: ServedRecord, name: str, change: Callable[[Path], None], tmp_path: Path
) -> None:
    path = served.file(name)
    shutil.copy(path, tmp_path / "kept")
    change(path)
    said = served.failed()
    shutil.copy(tmp_path / "kept", path)
    assert any(path.name in detail for detail in said.values()), said


def test_a_byte_of_a_file_beside_the_archive_is_found_when_every_file_is_read(
    served: ServedRecord, tmp_path: Path
) -> None:
    path = served.file("report.html")
    shutil.copy(path, tmp_path / "kept")
    other_byte(path)
    brief, whole = served.failed(), served.failed(every_file=True)
    shutil.copy(tmp_path / "kept", path)
    assert brief == {}
    assert "report.html" in whole["artifacts"]


def test_a_figure_of_one_fold_that_was_changed_behind_the_server_is_found(served: ServedRecord) -> None:
    with closing(sqlite3.connect(served.folder / "server.db")) as store, store:
        where = "key = 'fold.auc' AND step = 0 AND rowid = (SELECT min(rowid) FROM metrics WHERE key = 'fold.auc')"
        ((before,),) = store.execute(f"SELECT value FROM metrics WHERE {where}").fetchall()
        store.execute(f"UPDATE metrics SET value = 0.99 WHERE {where}")
    said = served.failed()
    with closing(sqlite3.connect(served.folder / "server.db")) as store, store:
        store.execute(f"UPDATE metrics SET value = ? WHERE {where}", (before,))
    assert "metric fold.auc" in said["record"]


def test_a_foreign_metric_and_a_look_through_the_server_break_no_seal(served: ServedRecord) -> None:
    model_id = MlflowClient().get_run(served.run_id).outputs.model_outputs[0].model_id
    with mlflow.start_run(run_name="my own look"):
        mlflow.log_metric("roc_auc", 0.7, model_id=model_id)
    mlflow.pyfunc.get_model_dependencies(f"models:/kap-outcomes/{served.version}")
    verdicts = verify(served.version, VerificationRequest(), quietly)
    assert said_of(verdicts) == {}
    (seen,) = [one for one in verdicts if one.check == "record"]
    assert "metric of another run roc_auc" in seen.detail
