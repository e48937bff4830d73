"""Before learning begins, a store that can't take the recording is named, with what is wrong and what to do."""

import os
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import ViewType
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.tracking import MlflowClient

from tests.counting_proxy import Fault
from tests.mlflow_server import PASSWORD, READER, MlflowServer, running_mlflow
from training.failures import StoreUnreachableError
from training.registry.registration import require_registering
from training.tracking import rights
from training.tracking.rights import require_recording_rights

pytestmark = pytest.mark.slow
MODEL, PROTOCOL = "kap-outcomes", "kap"
MOST_REQUESTS = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with running_mlflow(tmp_path_factory.mktemp("mlflow"), authenticated=True) as started:
        yield started


@pytest.fixture(autouse=True)
def at_server(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = mlflow.get_tracking_uri()
    _as_user(server.environment(), monkeypatch)
    yield
    server.faults.clear()
    mlflow.set_tracking_uri(before)


def _as_user(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])


def said() -> str:
    with pytest.raises(StoreUnreachableError) as refused:
        require_recording_rights(MODEL, PROTOCOL)
    text = str(refused.value)
    assert "\n" not in text
    assert PASSWORD not in text
    return text


def test_a_store_with_all_rights_passes_and_nothing_is_left_behind(server: MlflowServer) -> None:
    require_recording_rights(MODEL, PROTOCOL)
    with server.counted() as seen:
        require_recording_rights(MODEL, PROTOCOL)
    assert len(seen) <= MOST_REQUESTS
    client = MlflowClient()
    experiment = client.get_experiment_by_name(f"{MODEL}/{PROTOCOL}")
    assert client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL) == []
    assert client.search_registered_models() == []
    assert mlflow.artifacts.list_artifacts(experiment.artifact_location) == []


def test_two_trainings_that_begin_together_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between one's writing and its reading the other writes, reads and deletes its own."""
    read, others = LocalArtifactRepository.download_artifacts, iter([tmp_path.as_uri()])

    def after_another(repository: LocalArtifactRepository, *asked: str) -> str:
        for location in others:
            rights._require_artifacts(location)
        return str(read(repository, *asked))

    monkeypatch.setattr(LocalArtifactRepository, "download_artifacts", after_another)
    rights._require_artifacts(tmp_path.as_uri())
    assert list(tmp_path.iterdir()) == []


def test_no_or_wrong_credentials_are_distinguished_from_missing_rights(
    server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_recording_rights(MODEL, PROTOCOL)
    _as_user(server.environment(password=READER), monkeypatch)
    assert "does not accept the one given (401): set MLFLOW_TRACKING_USERNAME" in said()
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    assert "(401)" in said()
    _as_user(server.environment(READER), monkeypatch)
    assert "does not allow this user to write runs in the experiment kap-outcomes/kap (403)" in said()


def test_the_right_that_is_missing_is_named(server: MlflowServer) -> None:
    for path, method, wanted in (
        ("/mlflow-artifacts/", "PUT", "write artifacts"),
        ("/mlflow-artifacts/", "GET", "read artifacts"),
        ("/registered-models/", "POST", "register versions of kap-outcomes"),
    ):
        server.faults[:] = [Fault(path, 403, method)]
        assert f"does not allow this user to {wanted} (403)" in said()


def test_a_promotion_finds_out_before_its_checks(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    MlflowClient().create_registered_model("of-another")
    _as_user(server.environment(READER), monkeypatch)
    with pytest.raises(StoreUnreachableError, match=r"register versions of of-another \(403\)"):
        require_registering("of-another")
    _as_user(server.environment(), monkeypatch)
    MlflowClient().delete_registered_model("of-another")


def test_an_address_without_mlflow_is_said_to_be_one(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.faults[:] = [Fault("/elsewhere/", 404)]
    _as_user({"MLFLOW_TRACKING_URI": f"{server.address}/elsewhere"}, monkeypatch)
    assert f"there is no MLflow at {server.address}/elsewhere (404): correct MLFLOW_TRACKING_URI" in said()


def test_a_server_without_an_answer_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _as_user({"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}, monkeypatch)
    assert "does not answer" in said()


def test_a_server_of_an_mlflow_that_does_not_fit_is_named_with_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "OLDEST_SERVER", (3, 99))
    assert f"runs MLflow {mlflow.__version__}; required is MLflow from 3.99 on and before 4.0" in said()
    monkeypatch.setattr(rights, "OLDEST_SERVER", (3, 0))
    monkeypatch.setattr(rights, "NEXT_SERVER", (3, 1))
    assert "on and before 3.1" in said()
