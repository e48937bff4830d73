"""The codes of a MEDS dataset: one for every column of the tables, one for every category of a column.

They follow from the protocol alone, so that the same code means the same in every export of a study.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from features.protocol.columns import CHILD_TABLES, Column
from features.protocol.document import Protocol

DEATH = "MEDS_DEATH"
"""The code that the standard reserves for a death."""
_IN_TIME = {
    "assessments": {"day", "score", "after_dose"},
    "events": {"day"},
    "sessions": {"day"},
}
"""Columns that have no code of their own, because they give the time or the value of another one."""

SCHEMA = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        ("description", pa.string()),
        ("parent_codes", pa.list_(pa.string())),
        ("unit", pa.string()),
        ("table", pa.string()),
        ("column", pa.string()),
        ("category", pa.string()),
        ("screening", pa.bool_()),
    ]
)
"""Of ``metadata/codes.parquet``: the three columns of the standard, then where a code comes from."""


@dataclass(frozen=True)
class EventCode:
    """One code: the column that it stands for and, of a column of categories, the category.

    ``unit`` is the unit of ``numeric_value``, empty where a code has no value. ``screening`` marks a fact that no
    feature may read.
    """

    code: str
    table: str
    column: str
    category: str | None
    description: str
    unit: str
    screening: bool


@dataclass(frozen=True)
class CodeList:
    """All codes of a protocol, in the order of the tables; ``first`` gives a column's first position among them."""

    codes: tuple[EventCode, ...]
    first: dict[tuple[str, str], int]

    def table(self) -> pa.Table:
        """The content of ``metadata/codes.parquet``."""
        rows = [
            {name: getattr(one, name) for name in SCHEMA.names if name not in ("parent_codes", "unit")}
            | {"parent_codes": None, "unit": one.unit or None}
            for one in self.codes
        ]
        return pa.Table.from_pylist(rows, schema=SCHEMA)


def list_codes(protocol: Protocol) -> CodeList:
    """The codes of a protocol."""
    codes: list[EventCode] = []
    first = {}
    for table in ("patients", *CHILD_TABLES):
        for column in coded_columns(table, protocol):
            first[table, column.name] = len(codes)
            codes += _codes_of(table, column, protocol)
    return CodeList(tuple(codes), first)


def coded_columns(table: str, protocol: Protocol) -> Sequence[Column]:
    """The columns of a table that become events: all but identifiers and what gives the time or another's value."""
    left_out = _IN_TIME.get(table, set())
    return [c for c in protocol.tables[table] if c.kind != "identifier" and c.name not in left_out]


def _codes_of(table: str, column: Column, protocol: Protocol) -> list[EventCode]:
    if column.kind != "category":
        code = f"KAP//{table}//{column.name}"
        unit = "1 true, 0 false" if column.kind == "flag" else column.unit
        return [EventCode(code, table, column.name, None, column.meaning, unit, column.screening)]
    return [_category(table, column, category, protocol) for category in column.categories]


def _category(table: str, column: Column, category: str, protocol: Protocol) -> EventCode:
    code = f"KAP//{table}//{column.name}//{category}"
    meaning, unit = f"{column.meaning}: {category}", ""
    if table == "events":
        code = DEATH if category == "death" else f"KAP//{table}//{category}"
    if table == "assessments":
        scale = protocol.instruments[category]
        code, unit = f"KAP//{table}//{category}", "points"
        meaning = f"{scale.title}, total score from {scale.minimum:g} to {scale.maximum:g}, higher is {scale.higher_is}"
    return EventCode(code, table, column.name, category, meaning, unit, column.screening)
