"""A store of an earlier MLflow is never upgraded by reading it: that MLflow could not open it any more."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import mlflow
import pytest
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError
from tests.training.commands import SameProcess, refused
from training.cli.options.stored import ask_for_upgrade
from training.registry.release import make_store
from training.stores.store_schema import state_of
from training.tracking.opened import open_run

READING = (("runs",), ("history",))
WRITING = (
    ("promote", "1", "--reason", "first model"),
    ("evaluate", "1", "."),
    ("recalibrate", "1", ".", "--reason", "other patients"),
    ("rollback", "--reason", "wrong"),
)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database as the MLflow before the last change of its tables would have made it, with a training."""
    place = SameProcess(tmp_path_factory.mktemp("earlier"))
    with place.in_use():
        make_store()
        open_run("kap-outcomes", "kap", "north", 1_770_000_000.0)
        MlflowClient().create_registered_model("kap-outcomes")
    command.downgrade(_get_alembic_config(place.store), "-1")
    return (place.folder / "mlflow.db").read_bytes()


@pytest.fixture
def place(earlier: bytes, tmp_path: Path) -> SameProcess:
    (tmp_path / "mlflow.db").write_bytes(earlier)
    return SameProcess(tmp_path)


@pytest.fixture
def in_place(place: SameProcess) -> Iterator[SameProcess]:
    with place.in_use():
        yield place


def database(place: SameProcess) -> bytes:
    return (place.folder / "mlflow.db").read_bytes()


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_command_that_reads_reads_a_copy(place: SameProcess, earlier: bytes, words: tuple[str, ...]) -> None:
    done = place.kap(*words)
    assert done.returncode == 0, done.stderr
    assert "is of an earlier MLflow: read from a temporary copy, and left as it is" in done.stderr
    if words == ("runs",):
        assert "north" in done.stdout
    assert database(place) == earlier
    assert {path.name for path in place.folder.iterdir()} <= {"mlflow.db", "bentoml"}


@pytest.mark.parametrize("name", ["lineage", "trace"])
def test_the_origin_of_a_prediction_is_looked_for_in_a_copy_by_either_name(
    place: SameProcess, earlier: bytes, name: str
) -> None:
    done = place.kap("audit", name, "an-id", "--log", "nowhere.db")
    assert done.returncode == 2
    assert "is of an earlier MLflow: read from a temporary copy, and left as it is" in done.stderr
    assert database(place) == earlier


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_command_that_writes_is_refused_with_what_to_do(
    place: SameProcess, earlier: bytes, words: tuple[str, ...]
) -> None:
    said = refused(place.kap(*words), 2)
    assert "one of an earlier MLflow, which can't open it after an upgrade" in said
    assert "first, then upgrade it: kap train --upgrade-store" in said
    assert database(place) == earlier


def test_a_training_is_refused_where_nobody_can_be_asked(in_place: SameProcess, earlier: bytes) -> None:
    ask_for_upgrade(agreed=False)
    with pytest.raises(InputRefusedError) as said:
        make_store()
    assert "kap train --upgrade-store" in said.value.problems[0].required
    assert database(in_place) == earlier


@pytest.mark.parametrize("answer", [True, False])
def test_a_training_asks_at_a_terminal(
    in_place: SameProcess, earlier: bytes, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.confirm", lambda words, **_: "Copy it first" in words and answer)
    ask_for_upgrade(agreed=False)
    assert (state_of(in_place.store)[0] == "current") is answer
    assert (database(in_place) == earlier) is not answer


def test_upgrade_store_upgrades_without_asking(in_place: SameProcess) -> None:
    ask_for_upgrade(agreed=True)
    make_store()
    assert "north" in in_place.kap("runs").stdout
    assert state_of(in_place.store)[0] == "current"


def test_a_store_of_a_later_mlflow_is_refused_with_both_revisions(place: SameProcess) -> None:
    with closing(sqlite3.connect(place.folder / "mlflow.db")) as made, made:
        made.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    before = database(place)
    for words in (*READING, *WRITING):
        said = refused(place.kap(*words), 2)
        assert "a store of a later MLflow: revision ffffffffffff, and MLflow" in said
        assert mlflow.__version__ in said
    assert database(place) == before


def test_a_store_in_use_stays_the_one_in_use(in_place: SameProcess) -> None:
    """Reading a copy points MLflow elsewhere only as long as the command runs."""
    in_place.kap("runs")
    assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == in_place.store
