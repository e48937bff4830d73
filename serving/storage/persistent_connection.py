"""Many transactions over one connection: taking it from the pool would cost as much as a transaction."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine

from serving.storage.database import IDLE_SECONDS, connected_for_writing, is_lost


class PersistentConnection:
    """A connection for one thread, opened when first needed, and again after a pause, a loss or a failure.

    After a pause the pool first checks that the server answers.
    """

    def __init__(self, engine: Engine) -> None:
        """Nothing is opened yet."""
        self._engine = engine
        self._connection: Connection | None = None
        self._used = 0.0
        self.opened = 0
        """How often it was opened so far."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, durable once this returns; raises as `database.writing` does."""
        if self._connection is not None and (time.monotonic() - self._used > IDLE_SECONDS or is_lost(self._connection)):
            self.close()
        if self._connection is None:
            self._connection = connected_for_writing(self._engine)
            self.opened += 1
        try:
            with self._connection.begin():
                yield self._connection
        except BaseException:
            self.close()
            raise
        self._used = time.monotonic()

    def close(self) -> None:
        """Give the connection back to the pool, which throws it away if it is broken."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # a broken one may fail again; it is not used any more
                connection.close()
