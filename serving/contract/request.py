"""The request as pydantic models, with fields built from the declared columns of the intake.

The predictor checks what depends on the served protocol: covariates, instruments and their scores.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model
from pydantic_core import PydanticCustomError

from features.protocol.columns import DAY_LIMIT, TABLES, Column

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True, frozen=True)
LONGEST_TEXT = 128
MOST_ROWS = {"prior_treatments": 1_000, "sessions": 1_000, "assessments": 10_000, "events": 1_000}
MOST_COVARIATES = 1_000
MOST_REQUESTS = 1_000
"""Records in one batch."""
MOST_BATCH_ROWS = 250_000
"""Rows of all records of a batch together; more would take memory and time from everybody."""
AS_OF_DAY = Column(
    "as_of_day",
    "day",
    "today, counted from day 0; no entry of the record may be later",
    required=True,
    minimum=-DAY_LIMIT,
    maximum=DAY_LIMIT,
    unit="days",
)
PATIENT_REF = "patient_ref"
"""The request's name for ``patient_id``; other rows need none, because there is one patient."""

_TYPES: dict[str, type] = {"number": float, "whole": int, "day": int, "flag": bool}


class Entry(BaseModel):
    """A part of the record; its fields are the declared columns of its table."""

    model_config = STRICT


def _type(column: Column) -> Any:
    if column.kind == "identifier":
        return Annotated[str, Field(pattern=r"\S", max_length=LONGEST_TEXT)]
    if column.kind == "category":
        return Literal[column.categories] if column.categories else Annotated[str, Field(max_length=LONGEST_TEXT)]
    return Annotated[_TYPES[column.kind], Field(ge=column.minimum, le=column.maximum)]


def declared_field(column: Column) -> tuple[Any, Any]:
    """The column as a pydantic field: type, range and meaning; optional ones may be absent or null."""
    unit = f" ({column.unit})" if column.unit else ""
    description = column.meaning + unit
    if column.required:
        return _type(column), Field(description=description)
    return _type(column) | None, Field(default=None, description=description)


def _named_field(column: Column) -> tuple[str, Any]:
    return column.name, declared_field(column)


def entry_type(
    name: str, table: str, field_of: Callable[[Column], tuple[str, Any]] = _named_field, **more: Any
) -> type[Entry]:
    """The type of a table's rows, with a field for each column as ``field_of`` names and declares it."""
    declared: dict[str, Any] = more | dict(field_of(one) for one in TABLES[table] if one.name != "patient_id")
    return create_model(name, __base__=Entry, __module__=field_of.__module__, **declared)


def _number_flag_or_text(value: Any) -> Any:
    required = "a number, a text, true or false"
    if not (value is None or isinstance(value, bool | int | float | str)):
        raise PydanticCustomError("covariate", required)
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise PydanticCustomError("string_too_long", required)
    elif not (value is None or abs(value) <= sys.float_info.max):
        raise PydanticCustomError("finite_number", required)
    return value


CovariateValue = Annotated[float | bool | str | None, BeforeValidator(_number_flag_or_text)]
_COVARIATES = (
    Annotated[dict[str, CovariateValue], Field(max_length=MOST_COVARIATES)] | None,
    Field(default=None, description="the covariates that the served protocol declares, by name"),
)

if TYPE_CHECKING:
    Patient = Entry
    PriorTreatment = Entry
    Session = Entry
    Assessment = Entry
    Event = Entry
else:
    _REF = {PATIENT_REF: declared_field(TABLES["patients"][0])}
    Patient = entry_type("Patient", "patients", **_REF, covariates=_COVARIATES)
    PriorTreatment = entry_type("PriorTreatment", "prior_treatments")
    Session = entry_type("Session", "sessions")
    Assessment = entry_type("Assessment", "assessments")
    Event = entry_type("Event", "events")


_LISTED = {
    "prior_treatments": "earlier treatments; absent or null: not asked about; empty: asked, none",
    "sessions": "sessions so far",
    "assessments": "ratings so far",
    "events": "events so far",
}


def listed_rows(table: str) -> Any:
    """The field with a table's rows."""
    return Field(default=None, max_length=MOST_ROWS[table], description=_LISTED[table])


class PredictionRequest(BaseModel):
    """One patient's record up to today; an absent or null field is not recorded."""

    model_config = STRICT

    as_of_day: Annotated[int, Field(ge=AS_OF_DAY.minimum, le=AS_OF_DAY.maximum, description=AS_OF_DAY.meaning)]
    patient: Patient
    prior_treatments: list[PriorTreatment] | None = listed_rows("prior_treatments")
    sessions: list[Session] | None = listed_rows("sessions")
    assessments: list[Assessment] | None = listed_rows("assessments")
    events: list[Event] | None = listed_rows("events")

    @property
    def rows(self) -> int:
        """The number of its rows and covariates, which is what it costs."""
        tables = [getattr(self, table) or () for table in MOST_ROWS]
        return sum(map(len, tables)) + len(vars(self.patient)["covariates"] or ())


class BatchRequest(BaseModel):
    """Many patients' records. Each is answered or refused on its own."""

    model_config = STRICT

    requests: Annotated[
        list[Annotated[PredictionRequest | Any, Field(union_mode="left_to_right")]],
        Field(min_length=1, max_length=MOST_REQUESTS, description="records, each as for `POST /v1/predict`"),
    ]
    in_full: Annotated[
        bool, Field(description="whether to return the reasons and the weekly curve of relapse; absent: false")
    ] = False
