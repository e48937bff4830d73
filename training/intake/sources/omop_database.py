"""Reads the tables of an OMOP data model from PostgreSQL: one state of the database, and nothing is written.

The address is postgresql://USER@HOST/DATABASE?schema=cdm. The password comes from PGPASSWORD, from PostgreSQL's
password file, or stands in the address; no message shows it. A connection to another machine is encrypted and verified
unless ``sslmode`` says otherwise.
"""

import hashlib
import logging
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ARRAY,
    URL,
    BigInteger,
    ColumnClause,
    ColumnElement,
    Connection,
    Select,
    String,
    Text,
    any_,
    bindparam,
    cast,
    column,
    create_engine,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from features.protocol.problems import CohortRefusedError, Problem
from training.intake.sources.omop_tables import (
    CLINICAL,
    VOCABULARY,
    ArrowTable,
    check_columns,
    kind_of_column,
    names_in_any_case,
    typed,
)
from training.postgresql import SSL_MODES, encryption, password_elsewhere, reason

ADDRESS = "an address such as postgresql://USER@HOST/DATABASE?schema=cdm"
_PORTION = 50_000


class OmopDatabase:
    """The tables of one schema, read within one transaction. ``not_read`` are the schema's other tables."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection, self._schema = connection, schema
        inspector = inspect(connection)
        named = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
        self._spelt = names_in_any_case(named, (*CLINICAL, *VOCABULARY))
        described = {name: inspector.get_columns(own, schema) for name, own in self._spelt.items()}
        self._columns = {
            name: names_in_any_case([str(one["name"]) for one in columns], (CLINICAL | VOCABULARY)[name])
            for name, columns in described.items()
        }
        self._texts = {
            (name, str(one["name"]))
            for name, columns in described.items()
            for one in columns
            if isinstance(one["type"], String)
        }
        self.not_read = tuple(sorted(set(named) - set(self._spelt.values())))
        if "person" not in self._spelt:
            required = "the table person of the OMOP Common Data Model in the schema that schema= names"
            raise _refused(required, "none of this name")
        self._digests: dict[str, str] = {}

    def clinical(self, name: str) -> ArrowTable | None:
        """A clinical table, whole, in the order of its ids; None where the schema has none."""
        if name not in self._spelt:
            return None
        query = self._select(name)
        key = f"{name}_id" if f"{name}_id" in self._columns[name] else "person_id"
        content = self._read(name, query.order_by(self._number(name, key)))
        self._digests[name] = _digest(content)
        return content

    def rows_about(self, name: str, of: str, ids: Iterable[int]) -> ArrowTable | None:
        """The rows of a table of the vocabularies with one of the ids in a column."""
        if name not in self._spelt:
            return None
        wanted = sorted(ids)
        condition = self._number(name, of) == any_(bindparam("ids", wanted, ARRAY(BigInteger)))
        keys: list[ColumnClause[Any]] = [column(own) for own in self._columns[name].values()]
        return self._read(name, self._select(name).where(condition).order_by(*keys))

    def place(self, name: str) -> str:
        """What a problem calls a table."""
        return f"{self._schema}.{self._spelt[name]}"

    def digest(self, name: str) -> tuple[str, str]:
        """A clinical table that was read, and the SHA-256 of its cells."""
        return self.place(name), self._digests[name]

    def _number(self, name: str, of: str) -> ColumnElement[Any]:
        """A column of ids; one that the database keeps as text is converted, which uses no index."""
        own: ColumnClause[Any] = column(self._columns[name][of], BigInteger)
        return cast(own, BigInteger) if (name, own.name) in self._texts else own

    def _select(self, name: str) -> Select[Any]:
        check_columns(self.place(name), name, list(self._columns[name]))
        columns: dict[str, ColumnClause[Any]] = {one: column(own) for one, own in self._columns[name].items()}
        # As text, dates and times come several times faster than through the driver's conversion.
        chosen = [cast(own, Text) if kind_of_column(one) == "text" else own for one, own in columns.items()]
        return select(*chosen).select_from(table(self._spelt[name], *columns.values(), schema=self._schema))

    def _read(self, name: str, query: Select[Any]) -> ArrowTable:
        """The rows of a query, a portion at a time."""
        names = list(self._columns[name])
        portions: dict[str, list[Any]] = {one: [] for one in names}
        rows = self._connection.execution_options(stream_results=True, yield_per=_PORTION).execute(query)
        for portion in rows.partitions():
            for one, values in zip(names, zip(*portion, strict=True), strict=True):
                portions[one].append(_array(one, values))
        return typed(self.place(name), pa.table({one: _joined(one, arrays) for one, arrays in portions.items()}))


@contextmanager
def open_database(address: str) -> Iterator[OmopDatabase]:
    """The data model at an address. Raises ``CohortRefusedError``; nothing it says holds the password or a value."""
    url, schema = address_of(address)
    engine = create_engine(
        url.set(query={}),
        poolclass=NullPool,
        connect_args={"ssl_context": _encryption(url), "timeout": 10},
        hide_parameters=True,
    )
    quiet = logging.getLogger("sqlalchemy.pool.impl.NullPool")
    try:
        quiet.disabled = True  # it would print a traceback of a cursor that a refused query leaves behind
        with engine.connect() as connection, connection.begin():
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            connection.execute(text("SET LOCAL datestyle TO ISO"))
            yield OmopDatabase(connection, schema)
    except (SQLAlchemyError, OSError) as error:
        raise _refused("a database that answers and may be read", reason(error)) from None
    finally:
        quiet.disabled = False
        engine.dispose()


def _refused(required: str, found: str) -> CohortRefusedError:
    return CohortRefusedError([Problem("SOURCE", None, None, required, found)])


def address_of(address: str) -> tuple[URL, str]:
    """The URL with driver and password, and the schema."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise _refused(ADDRESS, "another text") from None
    if not url.drivername.startswith("postgres") or not url.database or not url.username:
        raise _refused(ADDRESS, "one without user, database or postgresql://")
    query = {key: value if isinstance(value, str) else value[-1] for key, value in url.query.items()}
    unknown = sorted(set(query) - {"schema", "sslmode", "sslrootcert"})
    if unknown or query.get("sslmode", "disable") not in SSL_MODES:
        raise _refused("schema, sslmode (" + ", ".join(SSL_MODES) + ") and sslrootcert behind the ?", "something else")
    password = url.password or password_elsewhere(url.host, url.port, url.database, url.username)
    url = url.set(drivername="postgresql+pg8000", password=password)
    return url, query.get("schema", "public")


def _encryption(url: URL) -> ssl.SSLContext | None:
    try:
        return encryption(url.host, url.query)
    except OSError:
        raise _refused("a file with certificates behind sslrootcert=", "one that can't be read") from None


def _array(name: str, values: Sequence[Any]) -> Any:
    """One portion of a column: whole numbers, numbers or text; text where the database keeps numbers so."""
    kind = kind_of_column(name)
    if any(isinstance(value, str) for value in values):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    if kind == "number":
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else int(value) for value in values], pa.int64())


def _joined(name: str, arrays: Sequence[Any]) -> Any:
    """The portions of a column in one type; a portion without cells has any."""
    kinds = {array.type for array in arrays if array.null_count < len(array)}
    usual = {"id": pa.int64(), "number": pa.float64(), "text": pa.string()}[kind_of_column(name)]
    kind = kinds.pop() if len(kinds) == 1 else pa.string() if kinds else usual
    return pa.chunked_array([array.cast(kind) for array in arrays], kind)


def _digest(content: ArrowTable) -> str:
    sink = pa.BufferOutputStream()
    whole = content.combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema) as writer:
        writer.write_table(whole)
    return hashlib.sha256(sink.getvalue()).hexdigest()
