"""What a mapping says: which rows of a source give the rows of each table of a cohort, and which columns which values.

`mapping_reading` reads it from TOML. The values here are complete: no question is open, and every name is checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from features.protocol.document import Protocol

Scalar: TypeAlias = str | int | float | bool
SeveralRatings = Literal["refuse", "first", "last"]
CONVERSIONS: Mapping[str, str] = MappingProxyType(
    {
        "days": "a number of days, counted from where the source counts",
        "days_from_day_0": "a number of days that counts from day 0",
        "age_at_day_0": "completed years from a date of birth to day 0",
        "years_until_day_0": "years from a year or date to day 0",
        "body_mass_index": "kg and height_cm or height_m to kg/m2",
        "diazepam_equivalent": "mg of a benzodiazepine to mg of diazepam",
        "per_kg": "mg and weight_kg to mg/kg",
        "by_date": "sessions of a patient and kind, counted in order of time",
        "asked": "whether a checkbox was asked: where [checkboxes] says not_recorded, only if something is ticked",
        "pseudonym": "a keyed hash, as of the patients' ids",
    }
)
"""What ``convert`` may say, with what it makes."""


@dataclass(frozen=True)
class Operand:
    """A further column of a conversion; ``of_patient`` takes it from the patient's row in the patients' table."""

    column: str
    of_patient: bool = False
    factor: float = 1.0


@dataclass(frozen=True)
class ValueRule:
    """How the cells of one column of a cohort are made: from a column of the source, or a constant.

    ``values`` gives what each code means. ``missing`` adds codes for a missing value. ``date_format`` reads text
    dates of this column; ``time`` names the column with the time of day. ``factor`` multiplies a number.
    """

    path: str
    column: str | None = None
    of_patient: bool = False
    constant: Scalar | None = None
    values: Mapping[str, Scalar] | None = None
    convert: str | None = None
    operands: Mapping[str, Operand] = field(default_factory=dict)
    drug: str | None = None
    factor: float = 1.0
    missing: frozenset[str] = frozenset()
    date_format: str | None = None
    time: str | None = None


@dataclass(frozen=True)
class RowRule:
    """One row of a cohort's table per source row for which ``when`` holds; ``values`` by the table's column.

    ``items`` are the source's columns with the items of a scale, in the scale's order; ``total`` the column with
    their total, which must agree.
    """

    path: str
    values: Mapping[str, ValueRule]
    when: ValueRule | None = None
    items: tuple[str, ...] = ()
    item_key: str | None = None
    total: str | None = None


@dataclass(frozen=True)
class Block:
    """The rows of one source table that give rows of ``table``. ``source`` is the table's name or a pattern of it."""

    table: str
    path: str
    source: str
    identifier: str
    where: Mapping[str, tuple[str, ...]]
    rows: tuple[RowRule, ...]
    several_on_one_day: SeveralRatings = "refuse"


@dataclass(frozen=True)
class CohortMapping:
    """A whole mapping. ``digest`` is the SHA-256 of its text; ``name`` is its file's, for problems.

    ``not_read`` are the rows that a person has looked at and does not want. ``checkboxes`` says what it means that no
    choice of a field is ticked: ``no`` to each, or ``not_recorded``.
    """

    name: str
    digest: str
    source: str
    identifier: str
    blocks: tuple[Block, ...]
    protocol: Protocol
    not_read: tuple[Block, ...] = ()
    protocol_text: str | None = None
    time_zone: str | None = None
    pseudonyms: bool = True
    unlisted: Literal["refuse", "leave_out"] = "refuse"
    day_0: Literal["first_dosing_session", "index"] = "first_dosing_session"
    index: ValueRule | None = None
    date_format: str | None = None
    missing: frozenset[str] = frozenset()
    checkboxes: Mapping[str, str] = field(default_factory=dict)

    def of(self, table: str) -> tuple[Block, ...]:
        """The blocks of one table, in the mapping's order."""
        return tuple(block for block in self.blocks if block.table == table)
