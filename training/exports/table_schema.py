"""A declared column as a field of Table Schema (datapackage.org, version 2), and a table as its schema.

A schema says less than the format: `data_package` lists what it can't say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from features.protocol.columns import Column
from features.protocol.document import Protocol
from features.protocol.instruments import Instrument
from training.cohort.cells import IDENTIFIER_LIMIT

Descriptor: TypeAlias = dict[str, object]
"""A part of the descriptor, as JSON."""

PRIMARY_KEYS = {
    "patients": ("patient_id",),
    "sessions": ("patient_id", "kind", "session_number"),
    "assessments": ("patient_id", "day", "instrument"),
}
"""What tells the rows of a table apart; two rows of the other tables may be equal. Of the ratings of a day one more may
be from after the dose, and an empty cell may not be part of a key: such a table of ratings has none."""
_IDENTIFIER = r"\S(.*\S)?"
_TYPES = {
    "identifier": "string",
    "category": "string",
    "number": "number",
    "whole": "integer",
    "day": "integer",
    "flag": "boolean",
}
_TRUE, _FALSE = ("true", "1", "1.0"), ("false", "0", "0.0")


@dataclass(frozen=True)
class StoredColumn:
    """How the file at hand holds a column, as far as Table Schema tells such columns apart.

    ``absent``: the file has no such column. ``decimals``: whole numbers are written with decimals, such as 12.0.
    ``decimal_comma``: a comma stands before decimals. ``is_number``: the column is one of numbers, so that 1 and 0
    stand for true and false.
    """

    absent: bool = False
    decimals: bool = False
    decimal_comma: bool = False
    is_number: bool = False


PLAIN = StoredColumn()


def table_schema(
    table: str,
    protocol: Protocol,
    stored: Mapping[str, StoredColumn],
    *,
    not_read: Sequence[str] = (),
    missing: Sequence[str] = ("",),
) -> Descriptor:
    """The schema of a table under a protocol; ``stored`` holds the columns that its file holds in another way.

    ``not_read`` are columns of the file that the format does not have. ``missing`` are the texts of an empty cell.
    """
    binary = {covariate.name for covariate in protocol.covariates if covariate.kind == "binary"}
    fields = [
        field(table, column, protocol, stored.get(column.name, PLAIN), binary=column.name in binary)
        for column in protocol.tables[table]
    ]
    extra: list[Descriptor] = [{"name": name, "type": "any", "description": "not read by kap"} for name in not_read]
    schema: Descriptor = {"fields": [*fields, *extra], "fieldsMatch": "superset", "missingValues": list(missing)}
    if table in PRIMARY_KEYS and not _may_be_after_dose(table, protocol, stored):
        schema["primaryKey"] = list(PRIMARY_KEYS[table])
    if table != "patients":
        reference = {"resource": "patients", "fields": ["patient_id"]}
        schema["foreignKeys"] = [{"fields": ["patient_id"], "reference": reference}]
    return schema


def _may_be_after_dose(table: str, protocol: Protocol, stored: Mapping[str, StoredColumn]) -> bool:
    declared = any(column.name == "after_dose" for column in protocol.tables[table])
    return declared and not stored.get("after_dose", PLAIN).absent


def field(table: str, column: Column, protocol: Protocol, stored: StoredColumn, *, binary: bool) -> Descriptor:
    """A column as a field: type, constraints, unit and meaning; ``binary`` ones may be written as 1 and 0 too."""
    scales = tuple(protocol.instruments.values())
    is_score = (table, column.name) == ("assessments", "score")
    described: Descriptor = {"name": column.name, "type": _type_of(column, stored)}
    described["description"] = _meaning(column) + (f": {_ranges(scales)}" if is_score else "")
    if column.unit:
        described["unit"] = column.unit
    if described["type"] == "boolean":
        described |= {"trueValues": _TRUE[: 3 if binary else 1], "falseValues": _FALSE[: 3 if binary else 1]}
    if stored.decimal_comma:
        described["decimalChar"] = ","
    if (table, column.name) == ("assessments", "instrument"):
        described["categories"] = [{"value": scale.name, "label": scale.title} for scale in scales]
    limits = _widest(scales) if is_score else (column.minimum, column.maximum)
    constraints = _constraints(column, stored, limits)
    if (table, column.name) == ("patients", "patient_id"):
        constraints["unique"] = True
    return described | ({"constraints": constraints} if constraints else {})


def _type_of(column: Column, stored: StoredColumn) -> str:
    if column.kind == "flag" and stored.is_number:
        return "integer"
    if column.kind in ("whole", "day") and stored.decimals:
        return "number"
    return _TYPES[column.kind]


def _meaning(column: Column) -> str:
    return f"{column.meaning}, in {column.unit}" if column.unit else column.meaning


def _widest(scales: Sequence[Instrument]) -> tuple[float, float]:
    """The range that holds every instrument's: Table Schema knows no range per instrument."""
    return min(scale.minimum for scale in scales), max(scale.maximum for scale in scales)


def _ranges(scales: Sequence[Instrument]) -> str:
    return "; ".join(f"{scale.name} {scale.minimum:g} to {scale.maximum:g}" for scale in scales)


def _constraints(column: Column, stored: StoredColumn, limits: tuple[float | None, float | None]) -> Descriptor:
    constraints: Descriptor = {"required": True} if column.required else {}
    if column.kind == "identifier":
        return constraints | {"pattern": _IDENTIFIER, "maxLength": IDENTIFIER_LIMIT}
    if column.kind == "category":
        return constraints | {"enum": list(column.categories)}
    if column.kind == "flag":
        return constraints | ({"enum": [0, 1]} if stored.is_number else {})
    named = zip(("minimum", "maximum"), limits, strict=True)
    return constraints | {name: _plain(limit) for name, limit in named if limit is not None}


def _plain(number: float) -> float | int:
    return int(number) if float(number).is_integer() else number
