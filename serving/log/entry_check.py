"""Findings about one entry of the log, given the previous code; for a whole log and for one prediction's lineage."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from types import NoneType
from typing import Any

from serving.log.chain import content_code, entry_code
from serving.log.queries import LogEntry, Writer
from serving.storage.pseudonyms import Secret

PREVIOUS_MISSING = "the previous entry in its chain is missing"
_KINDS: dict[Any, tuple[type, ...]] = {int: (int,), str: (str,), int | None: (int, NoneType)}
_DECLARED = {
    kind: tuple((one.name, _KINDS.get(one.type, (str, NoneType))) for one in fields(kind))
    for kind in (LogEntry, Writer)
}


def has_declared_types(row: LogEntry | Writer) -> bool:
    """Whether every field has its declared type: SQLite keeps a text in a column of numbers."""
    values = vars(row)
    return all(isinstance(values[name], kinds) for name, kinds in _DECLARED[type(row)])


def holds(code: str, computed: Callable[[], str]) -> bool:
    """Whether a stored code is the computed one; text that can't be encoded was changed."""
    try:
        return code == computed()
    except (TypeError, ValueError):
        return False


def entry_findings(secret: Secret, before: str | None, entry: LogEntry) -> Iterator[str]:
    """What was changed of an entry, its place or its content; ``before`` is the previous code, if there is one."""
    if not has_declared_types(entry):
        yield "a field was changed to another type"
        return
    if before is None:
        yield PREVIOUS_MISSING
    elif not holds(entry.code, lambda: entry_code(secret, before, entry.stub)):
        yield "it was changed, or is not in its place"
    if (finding := _content_finding(secret, entry)) is not None:
        yield finding


def _content_finding(secret: Secret, entry: LogEntry) -> str | None:
    content = entry.erasable
    if entry.content_finding is not None:
        return entry.content_finding
    if content is None:
        left = (entry.patient, entry.input_digest, entry.row, entry.answer, entry.idempotency, entry.shadow)
        return "it is only partly erased" if any(part is not None for part in left) else None
    if not holds(entry.content, lambda: content_code(secret, content)):
        return "its content was changed"
    return None if entry.erased_by is None else "it names an erasure, but its content is present"
