"""The whole way at a tracking server as hospitals run one: PostgreSQL, artifacts through the server, passwords.

The decisions are in PostgreSQL too. The requests of every command are counted.
"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import URL

from tests.mlflow_server import ADMIN, READER, MlflowServer, running_mlflow
from tests.serving.databases import postgresql_database
from tests.serving.servers import running
from tests.training.commands import Workplace, refused
from training.simulation.cohort import simulate_cohort, write_cohort

pytestmark = pytest.mark.long
MOST_REQUESTS = 40
"""Of a command that reads a record, or decides on a version."""
MOST_TO_TRAIN = 240
"""Of a quick training of one landmark: about 140 files, and three for each of its 8 runs; 20 ask for rights before."""
LANDMARKS = re.compile(r"(\[\[landmarks\]\].*?)+(?=\[acute\])", re.DOTALL)
ONE_LANDMARK = '[[landmarks]]\nname = "before session 3"\nbefore_session = 3\nelse_days = 14\n\n'


@dataclass(frozen=True)
class ServerWorkplace(Workplace):
    """A workplace whose tracking store is a server, used as ``user``, with the decisions in a database."""

    server: MlflowServer = field(default_factory=MlflowServer)
    decisions: str = ""
    user: str = ADMIN

    @property
    def environment(self) -> dict[str, str]:
        own = {"KAP_DECISIONS": self.decisions, "KAP_SIGNING_KEYS": str(self.folder / "keys")}
        state = {"KAP_STATE": str(self.folder / "state")}
        return super().environment | self.server.environment(self.user) | own | state

    def counted(self, *words: str, code: int = 0) -> int:
        """How many requests a command makes, which ends with the exit code."""
        with self.server.counted() as seen:
            done = self.kap(*words)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return len(seen)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerWorkplace]:
    with postgresql_database() as store, postgresql_database() as decisions:
        folder = tmp_path_factory.mktemp("mlflow")
        with running_mlflow(folder, _text(store), authenticated=True) as server:
            made = ServerWorkplace(tmp_path_factory.mktemp("place"), server, _text(decisions))
            write_cohort(simulate_cohort(200, 3, 5), made.folder / "cohort")
            protocol = made.folder / "cohort" / "protocol.toml"
            whole = protocol.read_text(encoding="utf-8")
            protocol.write_text(LANDMARKS.sub(lambda _: ONE_LANDMARK, whole), encoding="utf-8")
            yield made


def _text(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_train_promote_serve_verify_and_export_at_a_server(place: ServerWorkplace) -> None:
    trained = place.counted("train", "cohort", "--quick")
    signed = ("--by", "A Tester", "--reason", "a test of the whole way")
    counts = {
        "promote": place.counted("promote", "1", "--override", *signed),
        "refusal": place.counted("promote", "1", *signed, code=4),
        "verify": place.counted("audit", "verify", "1", code=5),  # nothing is retrained
        "dossier": place.counted("audit", "dossier", "1", "--out", "dossier.html"),
        "lineage": place.counted("audit", "lineage", served_answer(place)),
    }
    place.counted("train", "cohort", "--quick")
    counts["second version"] = place.counted("promote", "2", "--override", *signed)
    counts["rollback"] = place.counted("rollback", *signed)
    exported = place.counted("audit", "export", "1", "--out", "version-1.zip")
    assert max(counts.values()) <= MOST_REQUESTS, counts
    assert trained <= MOST_TO_TRAIN, trained
    assert exported > 0
    shutil.copy(place.folder / "version-1.zip", place.folder / "handed-over.zip")
    assert place.counted("audit", "verify", "handed-over.zip", code=5) == 0  # without stores
    assert place.counted("history") <= MOST_REQUESTS
    assert not (place.folder / "mlflow.db").exists()
    assert not (place.folder / "decisions.db").exists()


def served_answer(place: ServerWorkplace) -> str:
    """The id of a prediction that a running service gives with the promoted copy."""
    example = place.kap("predict", "-", "--example").stdout
    with running(place.folder, environment=place.environment) as service:
        answer = service.client.post("/v1/predict", json=json.loads(example))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["prediction_id"])


def test_a_user_who_may_not_write_there_is_refused_before_learning(place: ServerWorkplace) -> None:
    reader = ServerWorkplace(place.folder, place.server, place.decisions, READER)
    said = refused(reader.kap("train", "cohort", "--quick"), 3)
    assert "does not allow this user to write runs in the experiment kap-outcomes/kap-synthetic (403)" in said
    assert not list(place.folder.glob("kap-recording-*"))
