"""The decision store on a PostgreSQL server: the same promises as in a file."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import DBAPIError

from tests.serving.databases import postgresql_database
from training.decisions.entry_check import entry_findings
from training.decisions.keys import Signer, make_key
from training.decisions.location import location
from training.decisions.store import DecisionStore
from training.failures import StoreUnreachableError


@pytest.fixture(scope="module")
def database() -> Iterator[URL]:
    with postgresql_database() as made:
        yield made


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return make_key("Ada", tmp_path_factory.mktemp("keys") / "ada.pem")


@pytest.fixture(scope="module")
def store(database: URL) -> DecisionStore:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAP_DECISIONS", database.set(drivername="postgresql").render_as_string(hide_password=False))
        return DecisionStore(location("http://a-tracking-server"))


def test_a_store_is_made_by_the_first_who_write_and_all_entries_follow_each_other(
    store: DecisionStore, ada: Signer
) -> None:
    assert store.read("kap-outcomes") is None

    def add(number: int) -> int:
        with store.writer("kap-outcomes") as writer:
            writer.admit(ada)
            return writer.add("proposal", {"value": number}, ada).number

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(add, range(12)))
    stored = store.read("kap-outcomes")
    assert stored is not None
    assert sorted(made) == list(range(2, 14))
    assert [entry.number for entry in stored.entries] == list(range(1, 14))
    assert entry_findings(stored.entries) == []
    other = store.read("another-model")
    assert other is not None
    assert other.entries == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decision_entries SET document = 'x'",
        "DELETE FROM decision_entries",
        "TRUNCATE decision_entries",
        "UPDATE decision_store SET value = 'x'",
        "DELETE FROM decision_store",
    ],
)
def test_the_server_refuses_changes_and_deletions(store: DecisionStore, ada: Signer, statement: str) -> None:
    with store.writer("kept") as writer:
        writer.admit(ada)
    assert store.url is not None
    engine = create_engine(store.url)
    with engine.connect() as connection, pytest.raises(DBAPIError, match="never changed or deleted"):
        connection.execute(text(statement))
    engine.dispose()


def test_a_transaction_that_fails_leaves_nothing(store: DecisionStore, ada: Signer) -> None:
    def fail() -> None:
        with store.writer("failing") as writer:
            writer.admit(ada)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    stored = store.read("failing")
    assert stored is not None
    assert stored.entries == ()


def test_a_server_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAP_DECISIONS", "postgresql://kap@127.0.0.1:9/decisions")
    with pytest.raises(StoreUnreachableError, match="does not answer"):
        DecisionStore(location(f"sqlite:///{tmp_path / 'mlflow.db'}")).read("kap-outcomes")
