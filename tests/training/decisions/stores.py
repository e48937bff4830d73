"""Decision stores for tests: commands on a registry, and what somebody can do who holds the store."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import bentoml
from click.testing import CliRunner, Result

from tests.training.registries import Registry
from training.cli.app import main
from training.decisions.entry import ChainEnd, ChainEntry, Kind, now, signed_entry
from training.decisions.keys import Signer, key_file, read_key
from training.registry.decision_log import CHAMPION, HEAD, STORE, Chain, DecisionLog
from training.registry.decisions import Decision
from training.registry.names import MODEL_NAME
from training.registry.release import decision_log

GOOD, GOOD_TOO, BAD = "1", "2", "3"
COLUMNS = ("model", "number", "kind", "at", "document", "previous", "hash", "key_id", "signature")


def kap(*arguments: str | Path) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(main, [str(part) for part in arguments], prog_name="kap", catch_exceptions=False)


def done(*arguments: str | Path) -> Result:
    """The command, which must succeed."""
    result = kap(*arguments)
    assert result.exit_code == 0, result.output
    return result


def promoted(version: str, *more: str | Path, by: str = "Ada") -> Result:
    return done("promote", version, "--reason", "calibrates best", "--by", by, *more)


def chain() -> Chain:
    return decision_log().read()


def broken(registry: Registry, said: str) -> None:
    """The history is found broken and says so, and nothing further is decided."""
    for result in (kap("history"), kap("rollback", "--reason", "wrong", "--by", "Ada")):
        assert result.exit_code == 4, result.output
        assert said in result.stderr, result.stderr
    assert registry.folder.exists()


def store_of(registry: Registry) -> Path:
    return registry.folder / "decisions.db"


def sql(file: Path, *statements: str) -> None:
    """What an administrator of the database can do: the triggers are dropped first."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


def rewritten(registry: Registry, change: Callable[[Decision], Decision], signer: Callable[[str], Signer]) -> None:
    """Write the whole history anew: every decision changed, every link, hash and signature made again.

    The mirrors in the registry and in BentoML's store are made to agree.
    """
    before, file = chain(), store_of(registry)
    entries: list[ChainEntry] = []
    heads: dict[str, str] = {}
    last: Decision | None = None
    for entry in before.entries:
        document, key = entry.content, signer(_name(entry, before))
        if entry.kind == "person":
            about = signer(document["name"])
            document |= {"key_id": about.key_id, "public_key": about.public_key}
        if entry.kind == "decision":
            own = change(Decision.model_validate({k: v for k, v in document.items() if k != "hash"}, strict=False))
            last = own.model_copy(update={"previous": last.hash if last else "0" * 64})
            document, heads[last.version], key = last.as_document(), last.hash, signer(last.by)
        end = ChainEnd(entry.store, entry.model, len(entries), entries[-1].hash if entries else "0" * 64)
        kind: Kind = entry.kind  # type: ignore[assignment]
        entries.append(signed_entry(end, kind, document, entry.at, key))
    sql(file, "DELETE FROM decision_entries")
    with closing(sqlite3.connect(file)) as connection, connection:
        marks = ", ".join("?" * len(COLUMNS))
        rows = [tuple(getattr(entry, name) for name in COLUMNS) for entry in entries]
        connection.executemany(f"INSERT INTO decision_entries ({', '.join(COLUMNS)}) VALUES ({marks})", rows)
    for version, head in heads.items():
        registry.client.set_model_version_tag(MODEL_NAME, version, HEAD, head)
    for model in bentoml.models.list():
        model.info.metadata[HEAD] = heads[str(model.info.labels["mlflow_version"])]
        model.flush()


def appended(registry: Registry, kind: Kind, document: dict[str, object], signer: Signer) -> None:
    """Add an entry as somebody can who may write into the database; no trigger needs to be dropped."""
    last = chain().entries[-1]
    entry = signed_entry(ChainEnd(last.store, last.model, last.number, last.hash), kind, document, now(), signer)
    with closing(sqlite3.connect(store_of(registry))) as connection, connection:
        marks = ", ".join("?" * len(COLUMNS))
        row = tuple(getattr(entry, name) for name in COLUMNS)
        connection.execute(f"INSERT INTO decision_entries ({', '.join(COLUMNS)}) VALUES ({marks})", row)


def _name(entry: ChainEntry, before: Chain) -> str:
    person = before.people.known(entry.key_id)
    assert person is not None
    return person.name


def as_kept_before(registry: Registry) -> list[Decision]:
    """The decisions as versions up to 0.8 kept them: in tags of the registered model, and no store."""
    decisions = rewritten_as_tags(registry)
    for model in bentoml.models.list():
        model.info.metadata.pop(STORE, None)
        model.flush()
    return decisions


def rewritten_as_tags(registry: Registry) -> list[Decision]:
    """What somebody can do who holds the registry and the decision store: there never was a store."""
    decisions = list(DecisionLog(registry.client, MODEL_NAME).read().decisions)
    store_of(registry).unlink()
    registry.client.delete_registered_model_tag(MODEL_NAME, STORE)
    for decision in decisions:
        for key, part in decision.parts().items():
            registry.client.set_registered_model_tag(MODEL_NAME, key, part)
    return decisions


def champion(registry: Registry) -> str | None:
    alias = registry.client.get_registered_model(MODEL_NAME).aliases.get(CHAMPION)
    return None if alias is None else str(alias)


def own_keys(name: str) -> Signer:
    """The key of a person in its usual place."""
    return read_key(name, key_file(name))
