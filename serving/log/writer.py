"""The thread that writes a worker's log: waiting answers share one transaction and one flush to disk.

An answer is sent only after `LogWriter.append` has returned. After a failure, the end of the chain is read again before
the next entry.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

from sqlalchemy import Connection, Engine, select

from serving.log.append import (
    Draft,
    EntryChangedError,
    PredictionErasedError,
    Result,
    append,
    begin_writer,
    lock,
    lock_beside_others,
    note_try,
)
from serving.log.outage import LogOutage
from serving.log.queries import Writer, have_content, writers
from serving.storage.database import DuplicateError, create_tables
from serving.storage.persistent_connection import PersistentConnection
from serving.storage.pseudonyms import Secret

LOG = logging.getLogger("bentoml.kap")
MOST_AT_ONCE = 1_000
"""Most drafts in one transaction."""

Results = list[Result]


class _WaitingDraft:
    """Drafts that wait for the log, the predictions that they are about, and the callback for their results."""

    def __init__(
        self, drafts: Sequence[Draft], done: Callable[[Results | Exception], None], about: Collection[str] = ()
    ) -> None:
        self.drafts = drafts
        self.done = done
        self.about = about


class LogWriter:
    """Appends to the log of ``engine`` from a thread of its own, in the order of the calls."""

    def __init__(
        self,
        engine: Engine,
        secret: Secret,
        outage: LogOutage | None = None,
        took: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Start the thread; it connects to the database at the first draft.

        ``outage`` is told how each write ended, ``took`` how many seconds a successful one lasted.
        """
        self._outage = outage or LogOutage()
        self._took = took
        self._engine = engine
        self._connection = PersistentConnection(engine)
        self._secret = secret
        self._queue: SimpleQueue[_WaitingDraft | None] = SimpleQueue()
        self._writer: Writer | None = None
        self._begun: int | None = None
        self._opened = 0
        self._changed: set[tuple[object, object]] = set()
        self._thread = Thread(target=self._run, name="prediction-log", daemon=True)
        self._thread.start()

    async def append(self, drafts: Sequence[Draft], about: Collection[str] = ()) -> Results:
        """What the log holds for each draft, once it is on disk; ``about`` are predictions that they belong to.

        Raises ``LogUnavailableError`` if the log can't be written; then none of the drafts may be answered, although
        some may be in the log. Raises ``PredictionErasedError``, and adds none, if a prediction was erased meanwhile:
        an erasure would otherwise miss what waited for it to end.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Results] = loop.create_future()

        def settle(result: Results | Exception) -> None:
            if future.done():
                return
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

        def done(result: Results | Exception) -> None:
            with suppress(RuntimeError):  # the loop has ended: no caller waits
                loop.call_soon_threadsafe(settle, result)

        self._queue.put(_WaitingDraft(drafts, done, about))
        return await future

    def try_again(self) -> None:
        """Queue a test write; the outage is told how it ended."""
        self._queue.put(_WaitingDraft((), lambda _: None))

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, ended = self._group(first)
            self._write(group)
            if ended:
                break
        self._connection.close()

    def _group(self, first: _WaitingDraft) -> tuple[list[_WaitingDraft], bool]:
        """All drafts that wait now, up to a limit, and whether the end of the queue was reached."""
        group, size = [first], len(first.drafts)
        with suppress(Empty):
            while size < MOST_AT_ONCE:
                following = self._queue.get_nowait()
                if following is None:
                    return group, True
                group.append(following)
                size += len(following.drafts)
        return group, False

    def _write(self, group: Sequence[_WaitingDraft]) -> None:
        began = time.perf_counter()
        try:
            kept, results = self._append_beside_others(group)
        except Exception as error:  # noqa: BLE001 - every waiting caller must get the error
            self._writer = None
            self._outage.failed("written", error)
            for waiting in group:
                waiting.done(error)
            return
        self._outage.worked("written")
        self._took(time.perf_counter() - began)
        self._report_changed(results)
        position = 0
        for waiting in group:
            if waiting not in kept:
                waiting.done(PredictionErasedError())
                continue
            waiting.done(results[position : position + len(waiting.drafts)])
            position += len(waiting.drafts)

    def _report_changed(self, results: Results) -> None:
        """Log each changed entry once."""
        changed = {result.place for result in results if isinstance(result, EntryChangedError)}
        for writer, number in changed - self._changed:
            LOG.error(
                "the prediction log was changed: entry %s of writer %s can't be read; run kap audit log", number, writer
            )
        self._changed |= changed

    def _append_beside_others(self, group: Sequence[_WaitingDraft]) -> tuple[Sequence[_WaitingDraft], Results]:
        """As `_append`, without waiting for other writers unless one of them adds the same idempotency key."""
        if any(waiting.drafts for waiting in group):
            with suppress(DuplicateError):
                return self._append(group, lock_beside_others)
        return self._append(group, lock)

    def _append(
        self, group: Sequence[_WaitingDraft], lock_log: Callable[[Connection], None]
    ) -> tuple[Sequence[_WaitingDraft], Results]:
        """Those of the group whose predictions were not erased, and the results of their drafts."""
        if self._begun is None:  # once only: a log that disappears must not be replaced by a new one
            create_tables(self._engine, self._secret)
        with self._connection.writing() as connection:
            fresh = self._connection.opened != self._opened  # it may have opened another file
            (lock if self._begun is None else lock_log)(connection)
            writer = self._writer if self._writer is not None and not fresh else self._resumed(connection)
            kept = [waiting for waiting in group if not waiting.about or have_content(connection, waiting.about)]
            drafts = [draft for waiting in kept for draft in waiting.drafts]
            after, results = append(connection, self._secret, writer, drafts)
            if not drafts:
                note_try(connection)
        self._opened = self._connection.opened
        self._writer, self._begun = after, after.number
        return kept, results

    def _resumed(self, connection: Connection) -> Writer:
        """This process's writer as logged, because a commit may have succeeded without a reply; or a new writer."""
        if self._begun is not None:
            row = connection.execute(select(writers).where(writers.c.number == self._begun)).mappings().first()
            if row is not None:
                return Writer(**row)
        return begin_writer(connection, self._secret)
