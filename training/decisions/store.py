"""The decision store: entries are read whole and added at the end, each writer after the other.

`database` has the tables. Who may sign what is checked before anything is written.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import URL, Connection, insert, select

from features.protocol.problems import InputRefusedError, Problem
from training.decisions.database import SCHEMA, facts, is_made, reading, rows, writing
from training.decisions.entry import ChainEnd, ChainEntry, Kind, now, parsed_time, signed_entry
from training.decisions.keys import Signer
from training.decisions.location import require_location
from training.decisions.people import names, people_after, person_document
from training.failures import StoreUnreachableError

AHEAD = timedelta(minutes=5)
"""By so much the last entry may lie in the future: clocks of two machines differ."""


@dataclass(frozen=True)
class StoredChain:
    """The entries of one model in order, and the store's id."""

    store: str
    entries: tuple[ChainEntry, ...]


class ChainWriter:
    """Adds entries to the chain of one model within one transaction."""

    def __init__(self, connection: Connection, stored: StoredChain, model: str) -> None:
        self._connection, self._model = connection, model
        self._stored = stored

    @property
    def entries(self) -> tuple[ChainEntry, ...]:
        """All entries up to now."""
        return self._stored.entries

    def add(self, kind: Kind, document: Mapping[str, Any], signer: Signer, at: str | None = None) -> ChainEntry:
        """Add an entry; ``at`` is the present time if it is not given, and never before the entry before it.

        Raises ``InputRefusedError`` if the last entry lies in the future. Whether the signer may sign is for `admit`.
        """
        last = self.entries[-1] if self.entries else None
        when = now() if kind == "clock" else self.time(at or now())
        end = ChainEnd(self._stored.store, self._model, *((last.number, last.hash) if last else ()))
        entry = signed_entry(end, kind, document, when, signer)
        self._connection.execute(insert(rows).values(_row(entry)))
        self._stored = StoredChain(self._stored.store, (*self.entries, entry))
        return entry

    @property
    def is_current(self) -> bool:
        """Whether the last entry does not lie in the future."""
        return not self.entries or not is_ahead(self.entries[-1].at)

    def time(self, at: str) -> str:
        """The time of the next entry: the given one, or that of the last entry if it is a little later.

        Raises ``InputRefusedError`` if the last entry lies in the future.
        """
        if not self.entries:
            return at
        require_clock(self.entries[-1].at)
        return max(at, self.entries[-1].at)

    def admit(self, signer: Signer) -> bool:
        """Make sure that a signer may sign; true if that took an entry, at the first use of a name in an open store.

        Raises ``InputRefusedError`` if people were added and the signer is none of them, or the name has another key.
        """
        people = people_after(self.entries)
        own = people.by_name(signer.name)
        if own is not None and own.key_id == signer.key_id:
            return False
        if own is not None:
            raise _refused(f"the key of {signer.name} that this store knows ({own.key_id[:12]})", "another key")
        if people.closed:
            required = f"one of the people of this store ({names(people.present)}); kap people add adds one"
            raise _refused(required, "another name")
        self.add("person", person_document(signer.name, signer.key_id, signer.public_key, "first use"), signer)
        return True


@dataclass(frozen=True)
class DecisionStore:
    """The decision store at an address; ``None`` where nothing names one."""

    url: URL | None

    @property
    def is_made(self) -> bool:
        """Whether anything was ever recorded in it."""
        return self.url is not None and is_made(self.url)

    def read(self, model: str) -> StoredChain | None:
        """The entries of a model; ``None`` if there is no store. Nothing is made or changed.

        Raises ``StoreUnreachableError`` also for a store of a later version.
        """
        if self.url is None or not self.is_made:
            return None
        with reading(self.url) as connection:
            return _stored(connection, model)

    @contextmanager
    def writer(self, model: str) -> Iterator[ChainWriter]:
        """A transaction that adds entries; other writers wait. The store is made if it is missing.

        Raises ``InputRefusedError`` if nothing names a store, ``StoreUnreachableError`` if it does not answer.
        """
        with writing(require_location(self.url)) as connection:
            if not connection.execute(select(facts.c.value)).first():
                own = {"schema": SCHEMA, "id": secrets.token_hex(16)}
                connection.execute(insert(facts), [{"name": name, "value": value} for name, value in own.items()])
            yield ChainWriter(connection, _stored(connection, model), model)


def require_clock(last: str) -> None:
    """Raise ``InputRefusedError`` if the time of the last entry lies in the future by more than `AHEAD`."""
    if not is_ahead(last):
        return
    required = (
        f"a clock that is not behind the last entry, which is dated {last}: set this machine's clock right. If it is "
        "right and that date is wrong, record so with kap people clock --by NAME --reason TEXT"
    )
    raise InputRefusedError([Problem("clock", None, None, required, f"{now()} on this machine (both UTC)")])


def is_ahead(at: str) -> bool:
    """Whether a time lies in the future by more than `AHEAD`."""
    then, today = parsed_time(at), parsed_time(now())
    return then is not None and today is not None and then - today > AHEAD


def _stored(connection: Connection, model: str) -> StoredChain:
    known = {str(row.name): str(row.value) for row in connection.execute(select(facts))}
    if not {"schema", "id"} <= known.keys():
        raise StoreUnreachableError("the decision store is damaged: its table of facts lacks a row; restore a backup")
    if known["schema"] != SCHEMA:
        raise StoreUnreachableError("the decision store: its tables are not those of this version")
    found = connection.execute(select(rows).where(rows.c.model == model).order_by(rows.c.number)).mappings()
    return StoredChain(known["id"], tuple(ChainEntry(store=known["id"], **row) for row in found))


def _row(entry: ChainEntry) -> dict[str, Any]:
    return {key: value for key, value in asdict(entry).items() if key != "store"}


def _refused(required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem("people", None, "--by", required, found)])
