"""The cells of a source's rows as the values that a mapping asks for: numbers, flags, texts, categories and moments.

Each distinct cell is read once. A cell that can't be read is a problem of its row; the value is then not recorded.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.protocol.columns import Column
from features.records.timeline import Floats, Indices
from training.intake.conversion.cell_values import (
    FLAGS,
    NOT_RECORDED,
    category_respelt,
    flag_respelt,
    is_something,
    mapped,
    number_respelt,
    plain_code,
    plain_name,
    read_category,
    read_flag,
    read_number,
    read_text,
    read_tick,
)
from training.intake.conversion.conversion_log import ConversionLog
from training.intake.conversion.moments import (
    COUNTED,
    DATED,
    EXCEL,
    EXCEL_1904,
    FROM_DAY_0,
    CellRefusedError,
    Moment,
    Moments,
    read_moment,
    read_time,
    second_of,
    today,
)
from training.intake.mapping import CohortMapping, Scalar, ValueRule
from training.intake.mapping_keys import did_you_mean
from training.intake.source import Cell, SourceColumn, SourceTable, text_of

Read = TypeVar("Read")
Texts = np.ndarray
"""Texts of shape (rows,), None where not recorded."""


@dataclass(frozen=True, eq=False)
class SelectedRows:
    """Rows of a source table, by their positions in it, with the patient of each, -1 for none."""

    table: SourceTable
    positions: Indices
    patient: Indices

    def __len__(self) -> int:
        return len(self.positions)

    def where(self, kept: Any) -> "SelectedRows":
        """Those of the rows that a mask keeps."""
        return SelectedRows(self.table, self.positions[kept], self.patient[kept])


class CellEvaluation:
    """Reads cells by the rules of one mapping, and logs what was converted and what can't be read."""

    def __init__(self, mapping: CohortMapping, log: ConversionLog) -> None:
        self.mapping, self.log = mapping, log
        self.zone = None if mapping.time_zone is None else ZoneInfo(mapping.time_zone)

    def column(self, table: SourceTable, name: str, path: str) -> SourceColumn:
        """A column of a table; one that is not there is a problem, and an empty one stands for it."""
        if name in table.columns:
            return table.columns[name]
        found = f"a name that is no column of {table.place or table.name}{did_you_mean(name, table.columns)}"
        self._refuse_key(path, "a column of the source", found)
        return SourceColumn(name, np.full(len(table), -1, dtype=np.intp), ())

    def numbers(self, rows: SelectedRows, rule: ValueRule) -> Floats:
        """Numbers, NaN where not recorded; shape (rows,)."""
        comma = rows.table.decimal_comma

        def read(cell: Cell | Scalar) -> float:
            return read_number(cell, decimal_comma=comma) * rule.factor

        values = self._values(rows, rule, read, np.nan, number_respelt)
        return np.asarray(values, dtype=np.float64)

    def flags(self, rows: SelectedRows, rule: ValueRule) -> Floats:
        """1.0 for true, 0.0 for false, NaN where not recorded; shape (rows,)."""
        flags = np.asarray(self._values(rows, rule, read_flag, np.nan, flag_respelt), dtype=np.float64)
        unasked = ~self.asked(rows, rule)
        self.log.count_cells(
            "left a checkbox as not recorded, because nothing is ticked",
            rows.table,
            rows.positions[unasked],
            str(rule.column),
        )
        return np.where(unasked, np.nan, flags)

    def asked(self, rows: SelectedRows, rule: ValueRule) -> NDArray[np.bool_]:
        """Which rows were asked the checkbox of a column: all, or those with a tick where the mapping says so."""
        field, mark, _ = str(rule.column).partition("___")
        if not mark or self.mapping.checkboxes.get(field) != "not_recorded":
            return np.ones(len(rows), dtype=np.bool_)
        boxes = [name for name in rows.table.columns if name.startswith(f"{field}___")]
        ticked = [self.filled(rows, ValueRule(rule.path, column=name)) for name in boxes]
        return np.asarray(np.logical_or.reduce(ticked), dtype=np.bool_)

    def texts(self, rows: SelectedRows, rule: ValueRule) -> Texts:
        """Texts as they stand, None where not recorded; shape (rows,)."""
        return self._values(rows, rule, read_text, None)

    def categories(self, rows: SelectedRows, rule: ValueRule, column: Column) -> Texts:
        """Categories of a declared column, None where not recorded; shape (rows,)."""
        known = {plain_name(category): category for category in column.categories}
        return self._values(rows, rule, lambda cell: read_category(cell, known), None, category_respelt)

    def of_kind(self, rows: SelectedRows, rule: ValueRule, column: Column) -> np.ndarray:
        """The values of a declared column that holds no day; shape (rows,)."""
        if column.kind == "flag":
            return self.flags(rows, rule)
        if column.kind == "category":
            return self.categories(rows, rule, column)
        return self.texts(rows, rule) if column.kind == "identifier" else self.numbers(rows, rule)

    def read(self, rows: SelectedRows, rule: ValueRule, read: Callable[[Any], float]) -> Floats:
        """Numbers that a function reads from each cell, NaN where not recorded; shape (rows,)."""
        return np.asarray(self._values(rows, rule, read, np.nan), dtype=np.float64)

    def moments(self, rows: SelectedRows, rule: ValueRule) -> Moments:
        """Days, as dates or counted; shape (rows,)."""
        if rule.constant is not None or rule.values is not None or rule.convert in ("days", "days_from_day_0"):
            day = self.numbers(rows, rule)
            clock = COUNTED if rule.convert == "days" else FROM_DAY_0
            return Moments(day, np.full(len(day), np.nan), np.full(len(day), clock, dtype=np.int8))
        date_format = self.date_format(rows.table, rule)
        last, may_not_be_later = today(self.zone), rule.convert is None and not rule.path.endswith(".end_day")

        def read(cell: Cell | Scalar) -> tuple[float, float]:
            moment: Moment = read_moment(cell, date_format, self.zone)
            if may_not_be_later and moment.date > last:
                raise CellRefusedError(
                    "a date not after today, or the row left out of the export", "a date in the future"
                )
            return float(moment.date.toordinal()), second_of(moment.time)

        pairs = self._values(rows, rule, read, (np.nan, np.nan))
        both = np.array([*pairs, (np.nan, np.nan)], dtype=np.float64)[:-1]
        if rule.convert is None:
            dated = rows.positions[~np.isnan(both[:, 0])]
            self.log.count_cells("turned dates into days", rows.table, dated, str(rule.column))
        second = both[:, 1] if rule.time is None else self._times(rows, rule)
        return Moments(both[:, 0], second, np.full(len(both), DATED, dtype=np.int8))

    def date_format(self, table: SourceTable, rule: ValueRule) -> str | None:
        """How a column writes dates, as the mapping says; Excel's numbers as the workbook counts them."""
        declared = rule.date_format or self.mapping.date_format
        return EXCEL_1904 if declared == EXCEL and table.days_from_1904 else declared

    def _times(self, rows: SelectedRows, rule: ValueRule) -> Floats:
        own = ValueRule(f"{rule.path}.time", column=rule.time)
        return np.asarray(self._values(rows, own, lambda cell: second_of(read_time(cell)), np.nan), dtype=np.float64)

    def filled(self, rows: SelectedRows, rule: ValueRule) -> Any:
        """Which rows have something in a column: true, a date or, where no cell is a flag, a text; shape (rows,)."""
        values = rows.table.columns[str(rule.column)].values if rule.column in rows.table.columns else ()
        is_flag = rule.values is not None or any(text_of(value).casefold() in FLAGS for value in values)
        read = read_tick if is_flag else is_something
        return np.asarray(self._values(rows, rule, read, False), dtype=np.bool_)

    def any_filled(self, rows: SelectedRows, rules: Iterable[ValueRule]) -> Any:
        """Which rows have a cell in a column of one of the rules; a mask of shape (rows,)."""
        found = np.zeros(len(rows), dtype=np.bool_)
        for rule in rules:
            if rule.column in rows.table.columns and not rule.of_patient:
                found |= rows.table.columns[str(rule.column)].codes[rows.positions] >= 0
        return found

    def _values(
        self,
        rows: SelectedRows,
        rule: ValueRule,
        read: Callable[[Any], Any],
        empty: Any,
        respelt: Callable[[Cell, Any], str] = lambda _, __: "",
    ) -> np.ndarray:
        """The value of each row as objects; problems are logged for the rows whose cell can't be read."""
        if rule.constant is not None:
            return self._constant(rows, rule, read, empty)
        column = self.column(rows.table, str(rule.column), rule.path)
        codes = column.codes[rows.positions]
        read_cells = _filled_with(empty, len(column.values) + 1)
        words: dict[str, list[int]] = defaultdict(list)
        for code in np.unique(codes[codes >= 0]).tolist():
            cell = column.values[code]
            if self._is_missing(rule, column, cell):
                words[_missing_words(cell)].append(code)
                continue
            try:
                meaning = cell if rule.values is None else mapped(cell, rule.values)
                read_cells[code] = empty if meaning == "" else read(meaning)
            except CellRefusedError as error:
                wrong = rows.positions[codes == code]
                meant = f", or this one with its meaning in {rule.path}.values" if error.may_mean else ""
                self.log.refuse(rows.table, wrong, column.name, error.required + meant, error.found)
                continue
            said = "read codes by the mapping" if rule.values is not None else respelt(cell, read_cells[code])
            words[said].append(code)
        for what in filter(None, words):
            self.log.count_cells(what, rows.table, rows.positions[np.isin(codes, words[what])], column.name)
        return read_cells[codes]

    def _constant(self, rows: SelectedRows, rule: ValueRule, read: Callable[[Any], Any], empty: Any) -> np.ndarray:
        try:
            value = read(rule.constant)
        except CellRefusedError as error:
            self._refuse_key(f"{rule.path}.value", error.required, error.found)
            value = empty
        return _filled_with(value, len(rows))

    def _is_missing(self, rule: ValueRule, column: SourceColumn, cell: Cell) -> bool:
        text = text_of(cell)
        if rule.values is not None and text.casefold() in rule.values:
            return False
        declared = {plain_code(code) for code in rule.missing | self.mapping.missing | column.missing_codes}
        return plain_code(text) in declared or text.casefold() in NOT_RECORDED

    def _refuse_key(self, path: str, required: str, found: str) -> None:
        from features.protocol.problems import Problem

        self.log.problems.append(Problem(self.mapping.name, None, path, required, found))


def _filled_with(value: Any, number: int) -> np.ndarray:
    """An array of objects, all the same; shape (number,)."""
    values = np.empty(number, dtype=object)
    values[:] = [value] * number
    return values


def _missing_words(cell: Cell) -> str:
    text = text_of(cell)
    shown = f"'{text}'" if text.casefold() in NOT_RECORDED else "codes for a missing value"
    return f"read {shown} as not recorded"
