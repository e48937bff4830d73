"""Behind a server few histories of metrics are asked for, and none that a change could hide in is passed over."""

from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from training.audit import metric_digests as module
from training.audit.metric_digests import metric_digests
from training.registry.seal import SealedItem


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """A database that is read as if behind a server."""
    monkeypatch.setattr(module, "is_behind_a_server", lambda: True)
    monkeypatch.setattr(module, "_bulk", lambda *_: None)
    return MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")


def differing(client: MlflowClient, run_id: str, sealed: dict[SealedItem, str], *, histories: bool) -> set[str]:
    present = metric_digests(client, [client.get_run(run_id)], sealed, histories=histories)
    assert present.keys() == sealed.keys()
    return {item.name for item in sealed if present[item] != sealed[item]}


def test_a_figure_that_got_a_second_point_is_found_however_briefly_a_record_is_read(client: MlflowClient) -> None:
    run_id = client.create_run(client.create_experiment("kap")).info.run_id
    for step, value in enumerate((0.5, 0.75)):
        client.log_metric(run_id, "system/cpu", value, step=step)
    client.log_metric(run_id, "auc", 0.7)
    sealed = metric_digests(client, [client.get_run(run_id)], None, histories=True)
    assert [differing(client, run_id, sealed, histories=deep) for deep in (True, False)] == [set(), set()]
    client.log_metric(run_id, "auc", 0.99, step=1)
    assert [differing(client, run_id, sealed, histories=deep) for deep in (True, False)] == [{"auc"}, {"auc"}]
