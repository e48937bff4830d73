"""Logs of predictions for tests of commands: a file beside its secret, answered by real bundles as by the service."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from models.bundle import Bundle
from models.promotion import Granted
from serving.contract.refusal import RequestRefusedError
from serving.log.append import Draft, stored_rows
from serving.log.chain import NO_CONTENT, Content
from serving.log.queries import LogEntry, find_entry, read_entries
from serving.prediction.predictor import Predictor
from serving.server.batcher import input_text
from serving.storage.database import open_database
from serving.storage.state import State
from tests.serving.logs import SECRET, logged
from tests.serving.requests import Document, read

CALLER = "c0ffee00"


@dataclass(frozen=True)
class ServedBundle:
    """A bundle as it is served: the version and run that it came from."""

    bundle: Bundle
    version: str
    run_id: str
    granted: Granted | None = None


@dataclass(frozen=True)
class PredictionLog:
    """A log in a folder of its own."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "predictions.db"

    @contextmanager
    def open(self) -> Iterator[State]:
        secret = self.folder / "secret"
        if not secret.exists():
            secret.write_text(bytes(range(32)).hex(), encoding="ascii")
            secret.chmod(0o600)
        engine: Engine = open_database(make_url(f"sqlite:///{self.file}"))
        try:
            yield State(SECRET, engine)
        finally:
            engine.dispose()

    def answer(self, model: ServedBundle, *documents: Document, in_full: bool = True) -> list[str]:
        """Answer requests together and log the answers; their ids."""
        return self.add(*(draft_of(model, document, in_full=in_full) for document in documents))

    def add(self, *drafts: Draft) -> list[str]:
        with self.open() as state:
            logged(state.engine, drafts)
        return [draft.prediction_id for draft in drafts]

    def entry(self, prediction_id: str) -> LogEntry:
        with self.open() as state:
            found = find_entry(state.engine, state.secret, prediction_id)
        assert found is not None
        return found

    def ids(self) -> list[str]:
        """The ids of all predictions, in the order of their logging."""
        with self.open() as state:
            return [entry.prediction_id for entry in read_entries(state.engine, state.secret)]

    def change(self, prediction_id: str, **values: Any) -> None:
        """Change an entry in the file, behind the log's back; its content as one who has the secret could."""
        entry = self.entry(prediction_id)
        content = Content(*(values.pop(name, getattr(entry, name)) for name in Content._fields))
        if content not in (entry.erasable, NO_CONTENT):
            row, key = stored_rows(SECRET, entry.stub, entry.code, None, content)
            assert key is not None
            values["ciphertext"] = row[-1]
            self.sql("REPLACE INTO content_keys VALUES (?, ?, ?, ?, ?)", *key)
        elif entry.erasable is not None and content == NO_CONTENT:
            values["ciphertext"] = None
            self.sql("DELETE FROM content_keys WHERE writer = ? AND number = ?", entry.writer, entry.number)
        named = ", ".join(f"{name} = ?" for name in values)
        self.sql(f"UPDATE entries SET {named} WHERE prediction_id = ?", *values.values(), prediction_id)

    def erasure(self) -> str:
        """The id of the only erasure."""
        with self.open() as state:
            (entry,) = read_entries(state.engine, state.secret, kind="erasure")
        return entry.prediction_id

    def sql(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute(statement, values)


def draft_of(model: ServedBundle, document: Document, *, in_full: bool = True) -> Draft:
    """What the service would log for a request."""
    request, prediction_id = read(document), str(uuid4())
    predictor = Predictor(model.bundle, model.version, granted=model.granted)
    (reply,) = predictor.answer_many([request], [prediction_id], in_full=in_full)
    assert not isinstance(reply, RequestRefusedError), reply
    return Draft(
        prediction_id=prediction_id,
        caller=CALLER,
        model_digest=model.bundle.digest,
        model_version=model.version,
        run_id=model.run_id,
        landmark=reply.landmark,
        landmark_day=reply.landmark_day,
        latency_us=1500,
        patient=SECRET.patient(request.patient.patient_ref),
        input_digest=SECRET.mac("input", input_text(request, in_full=in_full)),
        row=None if reply.row is None else reply.row.decode(),
        answer=reply.body.decode(),
        shadow=None if reply.shadow is None else reply.shadow.decode(),
    )


def again(entry: LogEntry, **changes: Any) -> Draft:
    """A draft of what an entry holds, under its own id, as if it had been logged so."""
    held: Mapping[str, Any] = {field.name: getattr(entry, field.name) for field in fields(Draft)}
    return replace(Draft(**held), **changes)
