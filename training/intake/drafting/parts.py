"""The parts of a source that hold one kind of rows: a file, a sheet, or one form of a REDCap export."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.records.timeline import Indices
from training.intake.conversion.cell_values import NOT_RECORDED
from training.intake.source import Cell, Source, SourceColumn, SourceTable, text_of
from training.intake.sources.redcap import EVENT, INSTANCE, INSTRUMENT
from training.intake.vocabulary.column_names import IDENTIFIER, fits
from training.intake.vocabulary.names import PlainName, plain, plain_name

_ADDED = frozenset({EVENT, INSTRUMENT, INSTANCE})
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ].*)?|\d{1,2}([./-])\d{1,2}\2\d{2,4}( \d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?)?"
)
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class PartColumn:
    """A column of a part: the codes of the part's rows, and the cells that occur in it.

    ``alias`` is the name without the group's, such as ``route`` of ``dose2_route``.
    """

    column: SourceColumn
    codes: Indices
    alias: str = ""

    @property
    def name(self) -> str:
        """The column's name in the source."""
        return self.column.name

    @cached_property
    def plain(self) -> PlainName:
        """The column's name in plain words, and the unit that the name or the label ends with."""
        own = plain_name(self.alias or self.name)
        return own if own.unit else PlainName(own.words, plain_name(self.column.label).unit)

    @cached_property
    def names(self) -> tuple[str, str, str]:
        """The plain words of the name, of the label, and of the label behind a colon."""
        tail = self.column.label.rpartition(":")[2]
        return self.plain.words, plain_name(self.column.label).words, plain_name(tail).words

    @cached_property
    def values(self) -> tuple[Cell, ...]:
        """The distinct cells that are not declared as missing."""
        found = np.unique(self.codes[self.codes >= 0]).tolist()
        cells = (self.column.values[code] for code in found)
        return tuple(cell for cell in cells if not self._is_missing(cell))

    def _is_missing(self, cell: Cell) -> bool:
        text = text_of(cell)
        return text in self.column.missing_codes or text.casefold() in NOT_RECORDED

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The distinct cells as texts, in order: numbers by size."""
        texts = {text_of(value) for value in self.values}
        return tuple(sorted(texts, key=lambda text: (not _NUMBER.fullmatch(text), len(text), text)))

    @cached_property
    def is_date(self) -> bool:
        """Whether every cell is a date."""
        return bool(self.values) and all(
            isinstance(value, dt.date) or (isinstance(value, str) and bool(_DATE.fullmatch(value.strip())))
            for value in self.values
        )

    @cached_property
    def is_number(self) -> bool:
        """Whether every cell is a number."""
        return bool(self.values) and all(
            isinstance(value, int | float) or (isinstance(value, str) and bool(_NUMBER.fullmatch(value.strip())))
            for value in self.values
        )

    @property
    def may_be_number(self) -> bool:
        """Whether no cell is anything but a number; an empty column may hold numbers later."""
        return self.is_number or not self.values

    @property
    def is_labelled(self) -> bool:
        """Whether the source has labels of the codes."""
        return bool(self.column.labels) and self.column.field_type != "checkbox"

    @property
    def is_checkbox(self) -> bool:
        """Whether this is one choice of a checkbox."""
        return self.column.field_type == "checkbox"


@dataclass(frozen=True, eq=False)
class SourcePart:
    """Rows of one table of a source, those ``where`` selects. ``columns`` are those that they fill.

    ``empty`` are columns of the same rows that nobody filled yet; they may be filled next month.
    """

    table: SourceTable
    where: Mapping[str, tuple[str, ...]]
    title: str
    rows: Indices
    identifier: str
    columns: Mapping[str, PartColumn]
    empty: Mapping[str, PartColumn]

    @cached_property
    def is_one_row_per_patient(self) -> bool:
        """Whether no patient has two rows."""
        codes = self.table.columns[self.identifier].codes[self.rows]
        return len(np.unique(codes)) == len(codes)

    @property
    def all_columns(self) -> list[PartColumn]:
        """The columns that are filled, then those that are not."""
        return [*self.columns.values(), *self.empty.values()]

    @property
    def words(self) -> str:
        """The part's title in plain words."""
        return plain(re.sub(r"\.\w{2,8}$", "", self.title))


def parts_of(source: Source) -> tuple[SourcePart, ...]:
    """The parts of a source that have an id of patients."""
    parts: list[SourcePart] = []
    for table in source.tables.values():
        identifier = identifier_of(table)
        if identifier is not None and len(table):
            parts += (
                _of_forms(table, identifier)
                if INSTRUMENT in table.columns or EVENT in table.columns
                else [_part(table, {}, table.name, np.arange(len(table)), identifier)]
            )
    return tuple(parts)


def identifier_of(table: SourceTable) -> str | None:
    """The column with the patients' ids, by its name."""
    for pattern in IDENTIFIER:
        for name in table.columns:
            if fits(pattern, plain(name)):
                return name
    return None


def _of_forms(table: SourceTable, identifier: str) -> list[SourcePart]:
    """A part per repeating form, and one per event for the rows of no repeating form."""
    events, forms = _texts(table, EVENT), _texts(table, INSTRUMENT)
    parts = []
    for event in dict.fromkeys(events[forms == ""].tolist()):
        where = {EVENT: (event,)} if EVENT in table.columns else {}
        where |= {INSTRUMENT: ("",)} if INSTRUMENT in table.columns else {}
        rows = np.flatnonzero((forms == "") & (events == event))
        parts.append(_part(table, where, event or table.name, rows, identifier))
    repeating = dict.fromkeys(forms[forms != ""].tolist())
    return [
        *parts,
        *(_part(table, {INSTRUMENT: (form,)}, form, np.flatnonzero(forms == form), identifier) for form in repeating),
    ]


def _texts(table: SourceTable, name: str) -> np.ndarray:
    if name not in table.columns:
        return np.full(len(table), "", dtype=object)
    column = table.columns[name]
    return np.array([*(text_of(value) for value in column.values), ""], dtype=object)[column.codes]


def _part(
    table: SourceTable, where: Mapping[str, tuple[str, ...]], title: str, rows: Indices, identifier: str
) -> SourcePart:
    columns: dict[str, PartColumn] = {}
    empty: dict[str, PartColumn] = {}
    for name, column in table.columns.items():
        codes = column.codes[rows]
        if name != identifier and name not in _ADDED:
            (columns if (codes >= 0).any() else empty)[name] = PartColumn(column, codes)
    form = where.get(INSTRUMENT, ("",))[0]
    own = {name: one for name, one in empty.items() if not where or (form and one.column.form == form)}
    return SourcePart(table, where, title, rows, identifier, columns, own)


def matching(columns: Sequence[PartColumn], pattern: str) -> list[PartColumn]:
    """The columns whose name is of a pattern; else those whose label is."""
    by_name = [one for one in columns if fits(pattern, one.names[0])]
    return by_name or [one for one in columns if fits(pattern, *one.names[1:])]
