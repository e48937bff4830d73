"""The requests that the client sends, and the answers that it accepts: complete and valid under the contract.

Unknown fields of a newer service are left out. The client refuses a missing field, another type, a value out of range
and an unknown outcome, because an incomplete answer could be taken for a complete one.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from serving.client.errors import CallRefusedError, ServiceFailedError
from serving.contract.dated_request import DatedPredictionRequest
from serving.contract.refusal import json_path
from serving.contract.request import PredictionRequest
from serving.contract.response import (
    BatchResponse,
    FieldProblem,
    NotPredictable,
    Part,
    Prediction,
    PredictionResponse,
    RefusedRequest,
)

Record: TypeAlias = PredictionRequest | DatedPredictionRequest | Mapping[str, Any]
"""One patient's record, in days or in dates, already checked or as the JSON object for the service."""
Answer = TypeVar("Answer")
_MOST_PATHS = 3
"""Paths named of an answer that is not valid; the others are counted."""


class Readiness(Part):
    """Whether the service answers requests, and why not (as `readyz.ReadinessReport`)."""

    ready: bool
    model_version: str
    model: str
    log: str
    newest_model_refused: str | None
    model_overridden: bool = False


class Reader(Generic[Answer]):
    """Reads the JSON of one type of answer."""

    def __init__(self, type_: Any) -> None:
        """Read answers as ``type_``."""
        self._adapter: TypeAdapter[Answer] = TypeAdapter(type_)

    def read(self, body: bytes) -> Answer:
        """The answer in a body; raises ``ServiceFailedError``, which names the fields and not their values."""
        try:
            from_json(body, allow_inf_nan=False)  # pydantic itself would take NaN for a number
            return self._adapter.validate_json(body, strict=True, extra="ignore")
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            where = ", ".join(json_path(detail["loc"]) or "the whole" for detail in details[:_MOST_PATHS])
            number = len(details)
            reason = f"not valid at {number} place{'' if number == 1 else 's'}: {where}"
            reason += f" and {number - _MOST_PATHS} more" if number > _MOST_PATHS else ""
        except ValueError:
            reason = "not JSON"
        raise ServiceFailedError(f"the answer is {reason}", status=200)


PREDICTION: Reader[PredictionResponse] = Reader(PredictionResponse)
READINESS: Reader[Readiness] = Reader(Readiness)
_BATCH: Reader[BatchResponse] = Reader(BatchResponse)


def read_answers(body: bytes, number: int) -> list[Prediction | NotPredictable | RefusedRequest]:
    """The ``number`` answers of a batch; raises ``ServiceFailedError``, also for another number."""
    answers = _BATCH.read(body).answers
    if len(answers) != number:
        raise ServiceFailedError(f"the answer has {len(answers)} items for {number} records", status=200)
    return answers


def encoded(record: Record) -> bytes:
    """The record as JSON. The service checks it, because it may know fields that this client doesn't.

    Raises ``CallRefusedError`` for a value that JSON can't hold.
    """
    if isinstance(record, PredictionRequest | DatedPredictionRequest):
        return record.model_dump_json(exclude_unset=True).encode()
    try:
        return json.dumps(dict(record), allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        problem = FieldProblem(path="", required="an object of JSON values, numbers finite", found="another type")
    raise CallRefusedError("the record can't be written as JSON; nothing was sent", problems=[problem])


def encoded_batch(records: Sequence[Record], *, in_full: bool) -> bytes:
    """Many records as one request; raises ``CallRefusedError`` for the first that JSON can't hold."""
    end = b'],"in_full":true}' if in_full else b'],"in_full":false}'
    return b'{"requests":[' + b",".join(encoded(record) for record in records) + end
