"""The records of a batch, read one after another, so that each is refused on its own.

`BatchContent` can pause after each record, so that a long body keeps nobody waiting.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from serving.contract.batch_text import BatchText
from serving.contract.dated_record import ReceivedRecord, in_days
from serving.contract.reading import name_twice, read_checked, repeated_names
from serving.contract.refusal import (
    AROUND_RECORDS,
    MOST_IN_BATCH,
    MOST_PROBLEMS,
    RequestProblem,
    RequestRefusedError,
    Suggestions,
    refusal_of,
)
from serving.contract.request import MOST_BATCH_ROWS, MOST_COVARIATES, MOST_REQUESTS, BatchRequest

ReadRecord: TypeAlias = ReceivedRecord | RequestRefusedError
_REQUESTS: Final = "requests"
NO_RECORDS: Final = RequestProblem(_REQUESTS, f"1 to {MOST_REQUESTS} records", "too few")
"""The problem of a batch without a record."""
TOO_MANY: Final = RequestProblem(_REQUESTS, f"1 to {MOST_REQUESTS} records", "too many")
TOO_MANY_ROWS: Final = RequestProblem("", f"at most {MOST_BATCH_ROWS} rows in all records of a batch", "more")
"""The problem of a record for which a batch has no room."""


class BatchContent:
    """Reads the body of a `BatchRequest`: ``records`` in their order, and ``in_full``, complete after the last step."""

    def __init__(self, body: bytes, most_bytes: int, zone: ZoneInfo | None = None) -> None:
        """``most_bytes``: the size that one record may have; ``zone``: the clinic's, for dates."""
        self.records: list[ReadRecord] = []
        self.in_full = False
        self._text = BatchText(body, most_bytes)
        self._suggestions = Suggestions()
        self._zone = zone
        self._rows = 0
        self._steps = self._read()

    def advance(self, seconds: float) -> bool:
        """Read on for about so long; whether all is read. Raises ``RequestRefusedError`` for the whole batch."""
        until = time.monotonic() + seconds
        return all(time.monotonic() < until for _ in self._steps)

    def _read(self) -> Iterator[None]:
        """Each step reads one record; the last one checks what stands around them."""
        around: dict[str, Any] = {}
        names: Counter[str] = Counter()
        for name in self._text.names():
            names[name] += 1
            if name == _REQUESTS and self._text.next() == "[":
                yield from self._read_records()
                around[name] = [None] * len(self.records)
            else:
                decoded = self._text.value(name)
                if decoded.names.repeated:
                    raise repeated_names(decoded.text, decoded.names, name)
                around[name] = decoded.value
            if len(names) > MOST_COVARIATES:
                break  # all but two are unknown: the first of them are enough to refuse it
        twice = [(name,) for name, number in names.items() if number > 1]
        if twice:
            raise name_twice(twice[:MOST_PROBLEMS], names.total() - len(names))
        try:
            self.in_full = BatchRequest.model_validate(around).in_full
        except ValidationError as error:
            raise refusal_of(error, self._suggestions, form=AROUND_RECORDS) from None

    def _read_records(self) -> Iterator[None]:
        for _ in self._text.items():
            if len(self.records) == MOST_REQUESTS:
                raise RequestRefusedError([TOO_MANY])
            self.records.append(self._record())
            yield

    def _record(self) -> ReadRecord:
        decoded = self._text.value(_REQUESTS, len(self.records))
        try:
            record = read_checked(decoded.text, decoded.names, self._suggestions, self._zone)
        except RequestRefusedError as refused:
            return refused
        rows = in_days(record).rows
        if self._rows + rows > MOST_BATCH_ROWS:
            return RequestRefusedError([TOO_MANY_ROWS])
        self._rows += rows
        return record


def read_batch(body: bytes, most_bytes: int, zone: ZoneInfo | None = None) -> BatchContent:
    """The whole batch; raises ``RequestRefusedError``."""
    reading = BatchContent(body, most_bytes, zone)
    while not reading.advance(1.0):
        pass
    return reading


def evenly_shortened(replies: Sequence[Any]) -> list[Any]:
    """The replies to a batch; its refused records share `MOST_IN_BATCH` problems evenly, each has at least one."""
    refused = sum(isinstance(reply, RequestRefusedError) for reply in replies)
    most = min(MOST_PROBLEMS, max(1, MOST_IN_BATCH // max(1, refused)))
    return [reply.shortened(most) if isinstance(reply, RequestRefusedError) else reply for reply in replies]
