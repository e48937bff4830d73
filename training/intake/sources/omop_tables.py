"""The tables and columns of the OMOP Common Data Model 5.4 that are read, and what kind of cells each column has.

Nothing else of a data model is read: no names, addresses, notes or death causes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from features.protocol.problems import CohortRefusedError, Problem

CellKind = Literal["id", "number", "text"]
ArrowTable: TypeAlias = Any
"""A table of Arrow, its columns named in small letters."""

CLINICAL: dict[str, tuple[str, ...]] = {
    "person": (
        "person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth", "birth_datetime",
        "care_site_id", "person_source_value", "gender_source_value",
    ),
    "measurement": (
        "measurement_id", "person_id", "measurement_concept_id", "measurement_date", "measurement_datetime",
        "value_as_number", "value_as_concept_id", "unit_concept_id",
        "measurement_source_value", "measurement_event_id", "meas_event_field_concept_id",
    ),
    "observation": (
        "observation_id", "person_id", "observation_concept_id", "observation_date", "observation_datetime",
        "value_as_number", "value_as_string", "value_as_concept_id",
        "observation_source_value", "observation_event_id", "obs_event_field_concept_id",
    ),
    "drug_exposure": (
        "drug_exposure_id", "person_id", "drug_concept_id", "drug_exposure_start_date", "drug_exposure_end_date",
        "drug_exposure_start_datetime", "quantity", "days_supply", "stop_reason", "route_concept_id",
        "drug_source_value", "route_source_value", "dose_unit_source_value",
    ),
    "condition_occurrence": (
        "condition_occurrence_id", "person_id", "condition_concept_id", "condition_start_date", "condition_end_date",
        "condition_status_concept_id", "condition_source_value",
    ),
    "procedure_occurrence": (
        "procedure_occurrence_id", "person_id", "procedure_concept_id", "procedure_date", "procedure_datetime",
        "procedure_end_date", "quantity", "procedure_source_value",
    ),
    "observation_period": (
        "observation_period_id", "person_id", "observation_period_start_date", "observation_period_end_date",
    ),
    "death": ("person_id", "death_date"),
    "visit_occurrence": (
        "visit_occurrence_id", "person_id", "visit_concept_id", "visit_start_date", "visit_end_date",
    ),
    "care_site": ("care_site_id", "care_site_name", "care_site_source_value"),
}  # fmt: skip
"""Read whole; every one but ``person`` may be absent."""
VOCABULARY: dict[str, tuple[str, ...]] = {
    "concept": ("concept_id", "concept_name", "vocabulary_id", "concept_code"),
    "concept_ancestor": ("ancestor_concept_id", "descendant_concept_id"),
}
"""Only the rows about concepts that the clinical tables use are read."""
REQUIRED: dict[str, tuple[str, ...]] = {
    "person": ("person_id",),
    "measurement": ("person_id", "measurement_concept_id", "measurement_date"),
    "observation": ("person_id", "observation_concept_id", "observation_date"),
    "drug_exposure": ("person_id", "drug_concept_id", "drug_exposure_start_date"),
    "condition_occurrence": ("person_id", "condition_concept_id"),
    "procedure_occurrence": ("person_id", "procedure_concept_id", "procedure_date"),
    "observation_period": ("person_id", "observation_period_end_date"),
    "death": ("person_id", "death_date"),
    "visit_occurrence": ("person_id", "visit_concept_id", "visit_start_date"),
    "care_site": ("care_site_id",),
    "concept": ("concept_id", "concept_name"),
    "concept_ancestor": VOCABULARY["concept_ancestor"],
}
_MIDNIGHT = r"[ T]00:00:00(\.0+)?$"
"""What software adds to a date that it holds as a date and time."""
_NUMBERS = ("value_as_number", "quantity", "days_supply")


def kind_of_column(name: str) -> CellKind:
    """What kind of cells a column of the data model has."""
    if name.endswith("_id") or name in ("year_of_birth", "month_of_birth", "day_of_birth"):
        return "text" if name == "vocabulary_id" else "id"
    return "number" if name in _NUMBERS else "text"


def check_columns(place: str, table: str, names: Sequence[str]) -> None:
    """Refuse a table without the columns that the data model requires and the import needs."""
    missing = [name for name in REQUIRED[table] if name not in names]
    if missing:
        required = "this column of the OMOP Common Data Model"
        raise CohortRefusedError([Problem(place, None, name, required, "no such column") for name in missing])


def typed(place: str, content: ArrowTable) -> ArrowTable:
    """The table with whole numbers as ids and empty texts as null; raises ``CohortRefusedError`` by row and column."""
    columns = {}
    for name in content.column_names:
        kind, column = kind_of_column(name), content.column(name)
        columns[name] = _whole_numbers(place, name, column) if kind == "id" else _plain(column)
        if kind == "number":
            columns[name] = _numbers(columns[name])
        elif name.endswith("_date") and pa.types.is_string(columns[name].type):
            columns[name] = pc.replace_substring_regex(columns[name], _MIDNIGHT, "")
    return pa.table(columns)


def _numbers(column: Any) -> Any:
    """A column of numbers; as it is where a cell is none, so that its conversion names the row."""
    try:
        return column.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return column


def _plain(column: Any) -> Any:
    """A column without empty texts."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed)


def _whole_numbers(place: str, name: str, column: Any) -> Any:
    """A column of ids as 64-bit whole numbers; 8507.0, as data frames write it, is 8507."""
    plain = _plain(column)
    try:
        return plain.cast(pa.int64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    try:
        numbers = plain.cast(pa.float64())
        return numbers.cast(pa.int64(), safe=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        row = next((row for row, cell in enumerate(plain.to_pylist()) if not _is_whole(cell)), None)
        raise CohortRefusedError([Problem(place, row, name, "a whole number", "another value")]) from None


def _is_whole(cell: object) -> bool:
    try:
        return cell is None or float(str(cell)).is_integer()
    except ValueError:
        return False


def names_in_any_case(names: Sequence[str], wanted: Sequence[str]) -> Mapping[str, str]:
    """The wanted names that are there, each with its spelling."""
    spelt = {name.casefold(): name for name in names}
    return {name: spelt[name] for name in wanted if name in spelt}
