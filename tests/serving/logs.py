"""Logs for tests: their own database, distinct drafts, and a writer that is always closed."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url

from serving.log.append import Draft
from serving.log.writer import LogWriter, Results
from serving.storage.database import open_database
from serving.storage.pseudonyms import Secret

SECRET = Secret(bytes(range(32)))


def log_in(folder: Path) -> Engine:
    """A log in a file of a folder."""
    return open_database(make_url(f"sqlite:///{folder / 'predictions.db'}"))


def draft(number: int, **changes: object) -> Draft:
    """The draft of prediction p<number>, about patient number % 3."""
    made = Draft(
        prediction_id=f"p{number}",
        caller="c0ffee00",
        model_digest="d" * 64,
        model_version="3",
        run_id="a1b2",
        landmark="before session 2",
        landmark_day=7,
        latency_us=1500,
        patient=SECRET.patient(f"patient-{number % 3}"),
        input_digest=f"digest {number}",
        row=f'{{"age_years":{20 + number}}}',
        answer=f'{{"outcome":"predicted","prediction_id":"p{number}"}}',
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class HeldCommits:
    """Commits of a database, counted; each waits, as for a slow disk, until they are let go."""

    def __init__(self, engine: Engine) -> None:
        self.begun = 0
        self._let_go = threading.Event()
        event.listen(engine, "commit", self._commit)

    def let_go(self) -> None:
        self._let_go.set()

    def _commit(self, _: Connection) -> None:
        self.begun += 1
        self._let_go.wait(30)


@contextmanager
def writing_to(engine: Engine, secret: Secret = SECRET) -> Iterator[LogWriter]:
    """A writer, closed at the end."""
    writer = LogWriter(engine, secret)
    try:
        yield writer
    finally:
        writer.close()


def logged(engine: Engine, *groups: Sequence[Draft], secret: Secret = SECRET) -> list[Results]:
    """Log groups of drafts, one after the other, by one writer."""

    async def log(writer: LogWriter) -> list[Results]:
        return [await writer.append(group) for group in groups]

    with writing_to(engine, secret) as writer:
        return asyncio.run(log(writer))
