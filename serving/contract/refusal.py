"""Why a request is refused: the path of each field, what is required, and what was found; never the value.

Pydantic's errors are translated here; `reading` and `batch` find them, `errors` sends the refusal.
"""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from features.protocol.columns import TABLES
from serving.contract.calendar import REQUIRED, ZONE_REQUIRED
from serving.contract.dated_request import (
    AS_OF_DATE,
    DATED_PATHS,
    DAYS,
    DAYS_OF_DATES,
    FIRST_DOSE_DATE,
    NO_DATE,
    TIME_ZONE,
    dated_name,
)
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

Location: TypeAlias = tuple[str | int, ...]
_REQUIRED_AT: dict[tuple[str, ...], str] = {
    (table, column.name): column.requirement() for table, columns in TABLES.items() for column in columns
}
_REQUIRED_AT |= {("patient", column.name): column.requirement() for column in TABLES["patients"]}
_REQUIRED_AT |= {
    ("patient", PATIENT_REF): TABLES["patients"][0].requirement(),
    (AS_OF_DAY.name,): AS_OF_DAY.requirement(),
}
_REQUIRED_AT |= dict.fromkeys(DATED_PATHS, REQUIRED) | {(TIME_ZONE,): ZONE_REQUIRED}
"""What a field must hold, by its path without row numbers."""
FIELDS = frozenset({"covariates", *PredictionRequest.model_fields, *BatchRequest.model_fields}.union(*_REQUIRED_AT))
"""Every field name of the contract."""


@dataclass(frozen=True)
class RecordForm:
    """How a record tells time: the names that it may have, and the fields that only the other form has."""

    names: Set[str]
    foreign: Set[tuple[str, ...]]


_DAY_NAMES = {path[-1] for path in DAYS}
_DATED_NAMES = {path[-1] for path in DATED_PATHS}
IN_DAYS = RecordForm(FIELDS - _DATED_NAMES, DATED_PATHS)
IN_DATES = RecordForm(FIELDS - _DAY_NAMES, DAYS.keys())
AROUND_RECORDS = RecordForm(FIELDS, frozenset())
"""What stands around the records of a batch, which tells no time."""
UNKNOWN = "?"
LONGEST_NAME = 64
MOST_PROBLEMS: Final = 100
"""Problems that a refusal lists; the others are counted."""
MOST_IN_BATCH: Final = 1_000
"""Problems that the answer to a batch lists; its refused records share them evenly, and each has at least one."""
MOST_SUGGESTIONS: Final = 20
"""Unknown names of a body for which a known one is looked up. One look-up takes up to a quarter of a millisecond."""
_MIXED: Final = (
    f"days or dates in a record, not both: either {AS_OF_DAY.name} with day, start_day and end_day, or "
    f"{FIRST_DOSE_DATE} and {AS_OF_DATE} with date, start_date and end_date"
)
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
    """A request is not valid; ``problems`` lists the reasons, without values, and ``more`` counts those left out."""

    def __init__(self, problems: Sequence[RequestProblem], more: int = 0) -> None:
        """Keep up to `MOST_PROBLEMS`, and count the rest; the message counts all."""
        self.problems = tuple(problems[:MOST_PROBLEMS])
        number = len(problems) + more
        self.more = number - len(self.problems)
        super().__init__(f"{number} problem{'' if number == 1 else 's'}")

    def shortened(self, most: int) -> "RequestRefusedError":
        """The same refusal with at most so many problems listed."""
        left_out = len(self.problems[most:])
        return RequestRefusedError(self.problems[:most], self.more + left_out) if left_out else self

    def as_document(self) -> Document:
        """The problems, and the number of those left out, as plain values."""
        return {"problems": [asdict(problem) for problem in self.problems], "more_problems": self.more}

    def as_item(self) -> Document:
        """The refusal as an item of a batch's answer (`response.RefusedRequest`)."""
        return {"outcome": "refused", **self.as_document()}


class Suggestions:
    """Suggests known names for the first `MOST_SUGGESTIONS` unknown ones of one body."""

    def __init__(self) -> None:
        """Nothing has been looked up yet."""
        self._left = MOST_SUGGESTIONS

    def closest(self, name: object, names: Iterable[str]) -> str:
        """The known name closest to an unknown one, as the end of a sentence; empty if none is close.

        Capitals make no difference.
        """
        if self._left == 0:
            return ""
        self._left -= 1
        known = {one.casefold(): one for one in names}
        found = get_close_matches(str(name)[:LONGEST_NAME].casefold(), tuple(known), n=1, cutoff=0.75)
        return f" (did you mean {known[found[0]]}?)" if found else ""


def refusal_of(
    error: ValidationError, suggestions: Suggestions, more: int = 0, form: RecordForm = IN_DAYS
) -> RequestRefusedError:
    """The refusal for pydantic's errors in a record of this form; ``more`` problems were left out before."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    found = [(tuple(detail["loc"]), detail["type"], detail["msg"]) for detail in details]
    if _is_one_record({(location, kind) for location, kind, _ in found[:MOST_PROBLEMS]}):
        return RequestRefusedError([ONE_RECORD])
    mixed = {location for location, kind, _ in found if kind == "extra_forbidden" and _names(location) in form.foreign}
    if mixed:
        found = [one for one in found if one[1] != "missing" or _of_other_form(one[0]) not in mixed]
    listed = [_problem(*one, suggestions, form) for one in found[:MOST_PROBLEMS]]
    return RequestRefusedError(listed, more + len(found) - len(listed))


def _names(location: Location) -> tuple[str, ...]:
    """The path of a field without row numbers."""
    return tuple(part for part in location if isinstance(part, str))


def _of_other_form(location: Location) -> Location:
    """Where the field in the place of this one is in a record of the other form."""
    names = _names(location)
    if names in DAYS:
        return (*location[:-1], dated_name(names[-1]))
    return (*location[:-1], DAYS_OF_DATES[names][-1]) if names in DAYS_OF_DATES else location


def _is_one_record(found: Set[tuple[Location, str]]) -> bool:
    """Whether the problems are those of a single record read as a batch."""
    parts = {((name,), "extra_forbidden") for name in ("as_of_day", "patient")}
    return (("requests",), "missing") in found and not parts.isdisjoint(found)


def _problem(location: Location, kind: str, message: str, suggestions: Suggestions, form: RecordForm) -> RequestProblem:
    if kind == "json_invalid":
        where = re.search(r"at line \d+ column \d+", message)
        return RequestProblem("", "a JSON text", f"malformed JSON {where.group() if where else ''}".rstrip())
    if kind == "extra_forbidden" and location[-1] not in FIELDS:
        required = "a known field" + suggestions.closest(location[-1], form.names)
    elif kind == "extra_forbidden" and _names(location) in form.foreign:
        found = f"a field of a record in {'days' if form is IN_DATES else 'dates'}"
        return RequestProblem(shown_path(location), _MIXED, found)
    else:
        required = _required(location, kind, message)
    return RequestProblem(
        shown_path(location), required, message if kind == NO_DATE else _FOUND.get(kind, "another type")
    )


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


def _required(location: Location, kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "a field that belongs here"  # a suggestion would repeat its own name
    if kind in ("too_long", "too_short"):
        return _HOW_MANY[str(location[-1])]
    required = _REQUIRED_AT.get(_names(location))
    if kind == "missing" and required is None:
        return _HOW_MANY.get(str(location[-1]), "this part of the record")
    if required is None or kind == "string_too_long":
        return _REQUIRED.get(kind, message)
    return required


def json_path(location: Iterable[str | int]) -> str:
    """A path such as ``assessments[3].score``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def shown_path(location: Iterable[str | int]) -> str:
    """The path of a field; an unknown name may be a value, and becomes ``?``."""
    return json_path(part if isinstance(part, int) or part in FIELDS else UNKNOWN for part in location)
