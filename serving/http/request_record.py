"""What the log says of a request: its id, its route and result, who asked and which prediction; nothing of its content.

The id is the caller's, if it is well-formed, so that both sides can find the same request in their logs.
"""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass
class RequestRecord:
    """A request, as it becomes known: ``None`` for what is not known yet or does not apply.

    ``key_id`` is the id of the caller's key, never the key; ``duration_ms`` is in milliseconds; ``span`` is that of
    `tracing`.
    """

    request_id: str
    traceparent: str | None = None
    trace_id: str | None = None
    method: str | None = None
    route: str | None = None
    status: int | None = None
    duration_ms: float | None = None
    key_id: str | None = None
    prediction_id: str | None = None
    predictions: int | None = None
    client: str | None = None
    span: Any = None

    def identity(self) -> dict[str, str | int]:
        """Which request it is, for every line that belongs to it."""
        named = {
            "request_id": self.request_id,
            "trace_id": self.trace_id,
            "key_id": self.key_id,
            "prediction_id": self.prediction_id,
            "predictions": self.predictions,
            "client": self.client,
        }
        return {name: value for name, value in named.items() if value is not None}

    def result(self) -> dict[str, str | int | float]:
        """How it ended, once it has; status 0 if the caller had gone."""
        if self.status is None or self.duration_ms is None:
            return {}
        return {
            "method": self.method or "",
            "route": self.route or "",
            "status": self.status,
            "duration_ms": round(self.duration_ms, 1),
        }


_RECORD: ContextVar[RequestRecord | None] = ContextVar("request_record", default=None)


def begin_record(headers: Iterable[tuple[bytes, bytes]]) -> RequestRecord:
    """The record of a request with these headers, which is the current one from now on.

    Its id is ``X-Request-Id``, or else the trace id of ``traceparent`` (W3C Trace Context), or else a new one. A header
    that is malformed or sent twice does not count.
    """
    sent = _only(headers, b"x-request-id")
    parent = _only(headers, b"traceparent")
    traced = _TRACEPARENT.fullmatch(parent) if parent is not None else None
    trace_id = traced.group(1).decode() if traced is not None else None
    own = sent.decode() if sent is not None and _REQUEST_ID.fullmatch(sent) else None
    record = RequestRecord(
        own or trace_id or uuid4().hex, traced.group().decode() if traced is not None else None, trace_id
    )
    _RECORD.set(record)
    return record


def current_record() -> RequestRecord | None:
    """The record of the request that is being answered."""
    return _RECORD.get()


def note_key(key_id: str) -> None:
    """The current request came with this key."""
    record = _RECORD.get()
    if record is not None:
        record.key_id = key_id


def note_predictions(ids: list[str]) -> None:
    """The current request was answered with these predictions: one is named, of more there is the number."""
    record = _RECORD.get()
    if record is None:
        return
    if len(ids) == 1:
        record.prediction_id = ids[0]
    else:
        record.predictions = len(ids)


def address_of(client: tuple[str, int] | None) -> str:
    """The address of a caller, if it is one: behind a proxy it comes from a header, which may hold any text."""
    try:
        return str(ip_address(client[0])) if client is not None else "unknown"
    except ValueError:
        return "unknown"


def _only(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The value of a header that was sent once."""
    values = [value for key, value in headers if key == name]
    return values[0] if len(values) == 1 else None
