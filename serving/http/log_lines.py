"""Lines of the server's log: every line of a request names it, and all lines can be JSON, one object a line."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from serving.http.request_record import current_record

_TEXT_NAMES = {"request_id": "request", "trace_id": "trace", "key_id": "key", "prediction_id": "prediction"}


class RequestIdentity(logging.Filter):
    """Adds to a line which request it belongs to; in a text after BentoML's own message."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: it only adds."""
        request = current_record()
        if request is None:
            return True
        identity = request.identity()
        record.request_fields = request.result() | identity
        if hasattr(record, "trace_msg"):
            named = (f"{_TEXT_NAMES.get(name, name)}={value}" for name, value in identity.items())
            record.trace_msg = " " + " ".join(named)
        return True


class JsonLines(logging.Formatter):
    """A line as one JSON object: time (UTC, to the millisecond), level, logger, message, and the request's fields."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Formats of a text do not matter here."""
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **getattr(record, "request_fields", {}),
        }
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            line["exception"] = record.exc_text
        return json.dumps(line)
