"""Checking a prediction log: finds and names entries that were changed, removed or moved.

A whole log that was replaced by an older copy passes these checks. To detect that, keep a seal elsewhere: the end of
each chain on a day, which every later log must contain.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

from sqlalchemy import Connection, Engine, inspect, select

from features.protocol.problems import InputRefusedError, Problem
from serving.log.append import WRITERS
from serving.log.chain import BEGINNING, head_code, writer_code, writers_code
from serving.log.entry_check import PREVIOUS_MISSING, entry_findings, has_declared_types, holds
from serving.log.queries import LogEntry, Writer, read_writers, stream
from serving.storage.database import SCHEMA, meta, reading, revisions
from serving.storage.pseudonyms import Secret


@dataclass(frozen=True)
class ChainPosition:
    """The length of a chain, and the code of its last entry."""

    writer: int
    entries: int
    head: str


@dataclass(frozen=True)
class LogReport:
    """The result of a check; without ``findings`` the log is unchanged. ``remarks`` say what a person should know.

    ``erased`` counts predictions whose content was erased.
    """

    predictions: int
    erased: int
    erasures: int
    findings: tuple[str, ...]
    reached: tuple[ChainPosition, ...]
    remarks: tuple[str, ...] = ()
    feedback: int = 0
    what_ifs: int = 0


def check_log(engine: Engine, secret: Secret, sealed: tuple[ChainPosition, ...] = ()) -> LogReport:
    """Check every writer and entry and, with an earlier seal, that every sealed entry is present."""
    with reading(engine) as connection:
        writers = read_writers(connection)
        findings = [*_schema_findings(connection), *_writer_findings(connection, secret, writers)]
        check = _EntryCheck(secret, writers, sealed)
        for entry in stream(connection, secret):
            check.take(entry)
        check.finish()
    reached = tuple(ChainPosition(writer.number, writer.entries, writer.head) for writer in writers)
    return LogReport(
        check.number["prediction"],
        check.erased_predictions,
        check.number["erasure"],
        (*findings, *check.findings),
        reached,
        tuple(check.remarks),
        feedback=check.number["feedback"],
        what_ifs=check.number["what_if"],
    )


def _schema_findings(connection: Connection) -> Iterator[str]:
    """Alembic keeps the version of the tables beside the log's own; an upgrade goes by it."""
    is_there = inspect(connection).has_table(revisions.name)
    if not is_there or connection.execute(select(revisions.c.version_num)).scalars().all() != [SCHEMA]:
        yield f"the table {revisions.name} does not name version {SCHEMA} of the tables"


def _writer_findings(connection: Connection, secret: Secret, writers: list[Writer]) -> Iterator[str]:
    before = BEGINNING
    for expected, writer in enumerate(writers, start=1):
        if writer.number != expected:
            yield f"writer {expected} is missing"
            break
        if not has_declared_types(writer):
            yield f"writer {writer.number}: a field was changed to another type"
            break
        if not holds(writer.code, partial(writer_code, secret, writer.number, writer.started_at, before)):
            yield f"writer {writer.number}: its beginning was changed"
        if not holds(writer.head_code, partial(head_code, secret, writer.number, writer.entries, writer.head)):
            yield f"writer {writer.number}: the length of its chain was changed"
        before = writer.code
    counted = connection.execute(select(meta.c.value).where(meta.c.name == WRITERS)).scalar()
    number = len(writers)
    if (counted or number) and counted != f"{number} {writers_code(secret, number)}":
        yield "the number of writers is not the one that was recorded"


class _EntryCheck:
    """Checks the entries in the order of their chains and keeps the findings."""

    def __init__(self, secret: Secret, writers: list[Writer], sealed: tuple[ChainPosition, ...]) -> None:
        self._secret = secret
        self._writers = {writer.number: writer for writer in writers}
        self._sealed = {(one.writer, one.entries): one.head for one in sealed if one.entries}
        self._last: dict[int, tuple[int, str]] = {}
        self._at: dict[int, str] = {}
        self._listed: dict[str, set[str]] = {}
        self.findings: list[str] = []
        self.remarks: list[str] = []
        self.number: Counter[str] = Counter()
        self.erased_predictions = 0
        self.erased: dict[str, str | None] = {}

    def take(self, entry: LogEntry) -> None:
        """Check one entry against the one before it in its chain."""
        place = f"writer {entry.writer}, entry {entry.number} ({entry.prediction_id})"
        number, before = self._last.get(entry.writer, (0, BEGINNING))
        in_turn = entry.number == number + 1
        if has_declared_types(entry):
            if not in_turn:
                self.findings.append(f"writer {entry.writer}: {_missing(number + 1, entry.number - 1)}")
            self._last[entry.writer] = (entry.number, entry.code)
        found = entry_findings(self._secret, before if in_turn else None, entry)
        self.findings += [f"{place}: {finding}" for finding in found if in_turn or finding != PREVIOUS_MISSING]
        self._compare_times(place, entry)
        if entry.nonce is None and entry.content_finding is None:
            self.erased[entry.prediction_id] = entry.erased_by
            self.erased_predictions += entry.kind == "prediction"
        self._count(entry)
        if self._sealed.pop((entry.writer, entry.number), entry.code) != entry.code:
            self.findings.append(f"{place}: it differs from the sealed entry")

    def _compare_times(self, place: str, entry: LogEntry) -> None:
        """Remark on an entry that is earlier than the one before it: the texts have one form and one time zone."""
        before, self._at[entry.writer] = self._at.get(entry.writer, ""), str(entry.at)
        if self._at[entry.writer] < before:
            self.remarks.append(f"{place}: its time is before that of the previous entry; was the clock set back?")

    def _count(self, entry: LogEntry) -> None:
        self.number[str(entry.kind)] += 1
        if entry.kind != "erasure":
            return
        try:
            self._listed[str(entry.prediction_id)] = {str(one) for one in json.loads(entry.answer or "")["erased"]}
        except (ValueError, KeyError, TypeError):
            self.findings.append(f"erasure {entry.prediction_id}: what it erased can't be read")

    def finish(self) -> None:
        """Compare with the writers, the erasures and the seal."""
        self.findings += [*self._of_writers(), *self._of_erasures()]
        for sealed in self._sealed:
            self.findings.append(f"writer {sealed[0]}, entry {sealed[1]}: sealed, but missing from the log")

    def _of_writers(self) -> Iterator[str]:
        for number, writer in self._writers.items():
            reached = self._last.pop(number, (0, BEGINNING))
            if not has_declared_types(writer):
                continue
            if reached[0] < writer.entries:
                yield f"writer {number}: {_missing(reached[0] + 1, writer.entries)}"
            elif reached != (writer.entries, writer.head):
                yield f"writer {number}: its last entry is not the one that was recorded"
        yield from (f"writer {number} is missing, but its entries are present" for number in self._last)

    def _of_erasures(self) -> Iterator[str]:
        for prediction_id, erasure in self.erased.items():
            if prediction_id not in self._listed.get(erasure or "", ()):
                yield f"{prediction_id}: its content is missing, and no erasure names it"
        for listed in self._listed.values():
            for prediction_id in sorted(listed - self.erased.keys()):
                yield f"{prediction_id}: it was erased, and its content is present again or the entry is missing"


def _missing(first: int, last: int) -> str:
    return f"entry {first} is missing" if first >= last else f"entries {first} to {last} are missing"


def write_seal(reached: tuple[ChainPosition, ...]) -> str:
    """The seal as JSON; keep it where the operator of the log can't write."""
    return json.dumps({"reached": [asdict(one) for one in reached]}, indent=1) + "\n"


def read_seal(document: bytes) -> tuple[ChainPosition, ...]:
    """The seal in a JSON text; raises ``InputRefusedError``."""
    try:
        return tuple(ChainPosition(**one) for one in json.loads(document)["reached"])
    except (ValueError, KeyError, TypeError):
        problem = Problem("seal", None, None, "a file that kap audit log --seal has written", "another file")
        raise InputRefusedError([problem]) from None
