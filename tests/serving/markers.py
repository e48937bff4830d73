"""Requests with marked values in place of a patient's: none may be in a refusal or a log."""

from dataclasses import dataclass, field

MARKER = "XMARKERX"
MARKED_NUMBER = 43.2198765
MARKED_DIGITS = "432198765"
MARKS = (MARKER, str(MARKED_NUMBER), MARKED_DIGITS)
"""Marked values; the last is a whole number out of every range."""
PREDICT, PREDICT_BATCH = "/v1/predict", "/v1/predict_batch"


@dataclass(frozen=True)
class RawRequest:
    """A request as it is sent; ``made`` says how it came about."""

    path: str
    content: bytes
    headers: dict[str, bytes] = field(default_factory=lambda: {"Content-Type": b"application/json"})
    made: tuple[str, ...] = ()
