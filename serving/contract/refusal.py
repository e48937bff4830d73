"""Why a request is refused: the path of each field, what is required, and what was found; never the value.

Pydantic's errors are translated here; `errors` sends the refusal.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Any

from pydantic import ValidationError

from features.protocol.columns import TABLES, Column
from serving.contract.request import (
    AS_OF_DAY,
    LONGEST_TEXT,
    MOST_COVARIATES,
    MOST_REQUESTS,
    MOST_ROWS,
    PATIENT_REF,
    BatchRequest,
    PredictionRequest,
)
from serving.contract.response import Document
from serving.contract.routes import PREDICT

_COLUMNS: dict[tuple[str, ...], Column] = {
    (table, column.name): column for table, columns in TABLES.items() for column in columns
}
_COLUMNS |= {("patient", column.name): column for column in TABLES["patients"]}
_COLUMNS |= {("patient", PATIENT_REF): TABLES["patients"][0], (AS_OF_DAY.name,): AS_OF_DAY}
FIELDS = frozenset({"covariates", *PredictionRequest.model_fields, *BatchRequest.model_fields}.union(*_COLUMNS))
"""Every field name of the contract."""
UNKNOWN = "?"
LONGEST_NAME = 64
_FOUND = {
    "missing": "nothing",
    "extra_forbidden": "an unknown field",
    "greater_than_equal": "a number out of range",
    "less_than_equal": "a number out of range",
    "finite_number": "a number that is not finite",
    "literal_error": "another value",
    "string_pattern_mismatch": "a blank text",
    "string_too_long": "a text that is too long",
    "too_long": "too many",
    "too_short": "too few",
}
_HOW_MANY = {
    "requests": f"1 to {MOST_REQUESTS} records",
    "covariates": f"at most {MOST_COVARIATES} entries",
} | {table: f"at most {most} entries" for table, most in MOST_ROWS.items()}
_REQUIRED = {
    "model_type": "a JSON object",
    "dict_type": "a JSON object",
    "list_type": "a JSON array",
    "bool_type": "true or false",
    "string_too_long": f"at most {LONGEST_TEXT} characters",
}
"""For fields that are not columns, by pydantic's type of error; `request` has the texts of its own types."""


@dataclass(frozen=True, order=True)
class RequestProblem:
    """One field to correct in a request, at a path such as ``assessments[3].score`` (empty: the whole request)."""

    path: str
    required: str
    found: str


NOTHING_SENT = RequestProblem("", "a JSON text", "nothing")
"""The problem of an empty body."""
ONE_RECORD = RequestProblem(
    "", f'{{"requests": [RECORD, ...]}} for a batch, or POST {PREDICT} for one record', "one record"
)
"""The problem of a single record sent as a batch."""


class RequestRefusedError(Exception):
    """A request is not valid; ``problems`` lists every reason, without values."""

    def __init__(self, problems: Sequence[RequestProblem]) -> None:
        """Keep all the problems; the message counts them."""
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problem{'' if len(self.problems) == 1 else 's'}")

    def as_item(self) -> Document:
        """The refusal as an item of a batch's answer (`response.RefusedRequest`)."""
        return {"outcome": "refused", "problems": [asdict(problem) for problem in self.problems]}


def read_request(body: bytes | str) -> PredictionRequest:
    """The request in a JSON text; raises ``RequestRefusedError``."""
    if not body:
        raise RequestRefusedError([NOTHING_SENT])
    try:
        return PredictionRequest.model_validate_json(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestRefusedError(problems_in_details(details)) from None


def read_batch(items: Sequence[Any]) -> list[PredictionRequest | RequestRefusedError]:
    """The request in each item of a `BatchRequest`, or why it is refused; in the order of the items."""
    return [item if isinstance(item, PredictionRequest) else _read_item(item) for item in items]


def _read_item(item: Any) -> PredictionRequest | RequestRefusedError:
    try:
        return read_request(json.dumps(item))  # a number that is not finite is refused as such
    except RequestRefusedError as refused:
        return refused


def problems_in_details(details: Iterable[Mapping[str, Any]]) -> list[RequestProblem]:
    """The problems in pydantic's error details, which must have been made without the input."""
    found = [(tuple(detail["loc"]), str(detail["type"]), str(detail["msg"])) for detail in details]
    if _is_one_record({(location, kind) for location, kind, _ in found}):
        return [ONE_RECORD]
    return [_problem(*one) for one in found]


def _is_one_record(found: Set[tuple[tuple[str | int, ...], str]]) -> bool:
    """Whether the problems are those of a single record read as a batch."""
    parts = {((name,), "extra_forbidden") for name in ("as_of_day", "patient")}
    return (("requests",), "missing") in found and not parts.isdisjoint(found)


def _problem(location: tuple[str | int, ...], kind: str, message: str) -> RequestProblem:
    if kind == "json_invalid":
        where = re.search(r"at line \d+ column \d+", message)
        return RequestProblem("", "a JSON text", f"malformed JSON {where.group() if where else ''}".rstrip())
    return RequestProblem(_shown(location), _required(location, kind, message), _FOUND.get(kind, "another type"))


def kind_of(value: Any) -> str:
    """What kind of thing a JSON value is, never the value."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, float) and not isfinite(value):
        return "a number that is not finite"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "a whole number"
    if isinstance(value, float):
        return "a number with decimals"
    return "a text" if isinstance(value, str) else "another type"


def _required(location: tuple[str | int, ...], kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        if location[-1] in FIELDS:
            return "a field that belongs here"  # a suggestion would repeat its own name
        return "a known field" + closest(location[-1], FIELDS)
    if kind in ("too_long", "too_short"):
        return _HOW_MANY[str(location[-1])]
    column = _COLUMNS.get(tuple(part for part in location if isinstance(part, str)))
    if kind == "missing" and column is None:
        return _HOW_MANY.get(str(location[-1]), "this part of the record")
    if column is None or kind == "string_too_long":
        return _REQUIRED.get(kind, message)
    return column.requirement()


def json_path(location: Iterable[str | int]) -> str:
    """A path such as ``assessments[3].score``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _shown(location: Iterable[str | int]) -> str:
    """The path of a field; an unknown name may be a value, and becomes ``?``."""
    return json_path(part if isinstance(part, int) or part in FIELDS else UNKNOWN for part in location)


def closest(name: object, names: Iterable[str]) -> str:
    """The declared name closest to an unknown one, as the end of a sentence; empty if none is close."""
    found = get_close_matches(str(name)[:LONGEST_NAME], tuple(names), n=1, cutoff=0.75)
    return f" (did you mean {found[0]}?)" if found else ""
