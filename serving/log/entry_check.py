"""What is wrong with one entry of the log, given the code of the one before; for a whole log and for one trace."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from types import NoneType
from typing import Any

from serving.log.chain import content_code, entry_code
from serving.log.queries import LogEntry, Writer
from serving.storage.pseudonyms import Secret

NONE_BEFORE = "the entry before it in its chain is missing"
_KINDS: dict[Any, tuple[type, ...]] = {int: (int,), str: (str,), int | None: (int, NoneType)}


def of_its_kinds(row: LogEntry | Writer) -> bool:
    """Whether every field holds the kind of thing it is declared to: SQLite keeps a text in a column of numbers."""
    return all(isinstance(getattr(row, one.name), _KINDS.get(one.type, (str, NoneType))) for one in fields(row))


def holds(code: str, computed: Callable[[], str]) -> bool:
    """Whether a stored code is the computed one; text that can't be encoded was never written so."""
    try:
        return code == computed()
    except (TypeError, ValueError):
        return False


def entry_findings(secret: Secret, before: str | None, entry: LogEntry) -> Iterator[str]:
    """What of an entry, its place and its content is not as it was written; ``before`` may be missing."""
    if not of_its_kinds(entry):
        yield "it was changed into another type"
        return
    if before is None:
        yield NONE_BEFORE
    elif not holds(entry.code, lambda: entry_code(secret, before, entry.stub)):
        yield "it was changed, or is not in its place"
    content = entry.erasable
    if content is None:
        left = (entry.patient, entry.input_digest, entry.row, entry.answer, entry.idempotency)
        if any(part is not None for part in left):
            yield "it is erased in part only"
    elif not holds(entry.content, lambda: content_code(secret, content)):
        yield "its content was changed"
    elif entry.erased_by is not None:
        yield "it is said to be erased, and is not"
