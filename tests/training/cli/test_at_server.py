"""The whole way at a tracking server as hospitals run one: PostgreSQL, artifacts through the server, passwords."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.mlflow_server import ADMIN, READER, MlflowServer, running_mlflow
from tests.serving.databases import postgresql_database
from tests.training.commands import Workplace, refused
from training.simulation.cohort import simulate_cohort, write_cohort

pytestmark = pytest.mark.long
MOST_TO_TRAIN = 1500
"""Requests of a quick training: a run for every landmark, head and candidate."""


@dataclass(frozen=True)
class ServerWorkplace(Workplace):
    """A workplace whose tracking store is a server, used as ``user``."""

    server: MlflowServer = field(default_factory=MlflowServer)
    user: str = ADMIN

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | self.server.environment(self.user)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerWorkplace]:
    with (
        postgresql_database() as url,
        running_mlflow(
            tmp_path_factory.mktemp("mlflow"), url.render_as_string(hide_password=False), authenticated=True
        ) as server,
    ):
        yield ServerWorkplace(tmp_path_factory.mktemp("place"), server)


def test_train_promote_verify_and_predict_at_a_server(place: ServerWorkplace) -> None:
    write_cohort(simulate_cohort(250, 3, 5), place.folder / "cohort")
    requests: dict[str, int] = {}
    for name, words in {
        "train": ("train", "cohort", "--quick"),
        "promote": ("promote", "1", "--override", "--by", "A Tester", "--reason", "a test of the whole way"),
        "verify": ("audit", "verify", "1"),
        "history": ("history",),
    }.items():
        with place.server.counted() as seen:
            done = place.kap(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        requests[name] = len(seen)
    assert requests["train"] <= MOST_TO_TRAIN, requests
    example = place.kap("predict", "-", "--example").stdout
    answer = place.kap("predict", "-", stdin=example)
    assert answer.returncode == 0, answer.stderr
    assert not (place.folder / "mlflow.db").exists()


def test_a_user_who_may_not_write_there_is_refused_before_learning(place: ServerWorkplace) -> None:
    reader = ServerWorkplace(place.folder, place.server, READER)
    said = refused(reader.kap("train", "cohort", "--quick"), 3)
    assert "does not allow this user to write runs in the experiment kap-outcomes/kap-synthetic (403)" in said
    assert not list(place.folder.glob("kap-recording-*"))
