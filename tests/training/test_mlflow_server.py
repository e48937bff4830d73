"""The MLflow server that tests ask: what it stores comes back, requests are counted, and rights differ."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.counting_proxy import Fault, by_kind
from tests.mlflow_server import ADMIN, PASSWORD, READER, MlflowServer, running_mlflow

pytestmark = pytest.mark.slow
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
CREATE = "/api/2.0/mlflow/runs/create"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with running_mlflow(tmp_path_factory.mktemp("mlflow"), authenticated=True) as started:
        yield started


def test_every_request_is_counted_with_its_answer(server: MlflowServer) -> None:
    with server.counted() as seen:
        assert requests.get(server.address + SEARCH, auth=(ADMIN, PASSWORD), timeout=60).ok
        assert requests.get(server.address + SEARCH, timeout=60).status_code == 401
    assert by_kind(seen) == {"GET experiments/search": 2}
    assert [status for _, _, status in seen] == [200, 401]


def test_the_reader_reads_and_may_not_write_where_others_do(server: MlflowServer) -> None:
    reader, body = (READER, PASSWORD), {"experiment_id": "0"}
    assert requests.get(server.address + SEARCH, auth=reader, timeout=60).ok
    assert requests.post(server.address + CREATE, auth=reader, json=body, timeout=60).status_code == 403
    assert requests.post(server.address + CREATE, auth=(ADMIN, PASSWORD), json=body, timeout=60).ok


def test_artifacts_go_through_the_server(server: MlflowServer) -> None:
    address, login = f"{server.address}/api/2.0/mlflow-artifacts/artifacts/0/one.txt", (ADMIN, PASSWORD)
    assert requests.put(address, data=b"stored", auth=login, timeout=60).ok
    assert requests.get(address, auth=login, timeout=60).content == b"stored"


def test_a_fault_refuses_or_drops_from_a_request_on(server: MlflowServer, tmp_path: Path) -> None:
    ask = server.address + SEARCH + "&fault=1"
    server.faults.append(Fault("fault=1", 503, after=1))
    try:
        assert requests.get(ask, auth=(ADMIN, PASSWORD), timeout=60).ok
        assert requests.get(ask, auth=(ADMIN, PASSWORD), timeout=60).status_code == 503
        server.faults[:] = [Fault("fault=1", 0)]
        with pytest.raises(requests.ConnectionError):
            requests.get(ask, auth=(ADMIN, PASSWORD), timeout=60)
    finally:
        server.faults.clear()
