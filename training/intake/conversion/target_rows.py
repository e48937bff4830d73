"""Rows of a cohort's table in the making; each knows the row of the source that it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.records.timeline import Floats, Indices, Mask
from training.intake.conversion.evaluation import SelectedRows
from training.intake.mapping import RowRule
from training.intake.source import SourceTable

Column = np.ndarray
"""Floats, NaN where not recorded, or texts, None where not recorded; shape (rows,)."""


@dataclass(frozen=True, eq=False)
class RowOrigin:
    """Where rows come from: the source's table and the rule that made them."""

    table: SourceTable
    rule: RowRule

    def source_column(self, name: str) -> str | None:
        """The source's column behind a column of the cohort, if one."""
        if name == "score" and self.rule.items:
            return f"{self.rule.items[0]} to {self.rule.items[-1]}"
        value = self.rule.values.get(name)
        return None if value is None else value.column


@dataclass(frozen=True, eq=False)
class TargetRows:
    """Rows of one table: the patient, the position of its origin in ``origins`` and the origin's row, per row.

    ``second`` is the second of the day at which a session or rating was, NaN where no time is known.
    """

    columns: Mapping[str, Column]
    patient: Indices
    origins: tuple[RowOrigin, ...]
    origin: Indices
    position: Indices
    second: Floats

    def __len__(self) -> int:
        return len(self.patient)

    def where(self, kept: Mask | Indices) -> "TargetRows":
        """Those of the rows that a mask or positions keep."""
        return replace(
            self,
            columns={name: values[kept] for name, values in self.columns.items()},
            patient=self.patient[kept],
            origin=self.origin[kept],
            position=self.position[kept],
            second=self.second[kept],
        )

    def with_columns(self, **columns: Column) -> "TargetRows":
        """The same rows with columns added or replaced."""
        return replace(self, columns={**self.columns, **columns})


def rows_of(
    rule: RowRule, rows: SelectedRows, columns: Mapping[str, Column], second: Floats | None = None
) -> TargetRows:
    """The rows that one rule makes of rows of one source table."""
    return TargetRows(
        columns=columns,
        patient=rows.patient,
        origins=(RowOrigin(rows.table, rule),),
        origin=np.zeros(len(rows), dtype=np.intp),
        position=rows.positions,
        second=np.full(len(rows), np.nan) if second is None else second,
    )


def joined_rows(parts: Sequence[TargetRows]) -> TargetRows:
    """The rows of several rules one after another; a column that a part lacks is not recorded there."""
    names = list(dict.fromkeys(name for part in parts for name in part.columns))
    starts = np.cumsum([0, *(len(part.origins) for part in parts)])
    return TargetRows(
        columns={name: _joined_column(name, parts) for name in names},
        patient=_concatenated([part.patient for part in parts], np.intp),
        origins=tuple(origin for part in parts for origin in part.origins),
        origin=_concatenated([part.origin + start for part, start in zip(parts, starts, strict=False)], np.intp),
        position=_concatenated([part.position for part in parts], np.intp),
        second=_concatenated([part.second for part in parts], np.float64),
    )


def _joined_column(name: str, parts: Sequence[TargetRows]) -> Column:
    given = [part.columns[name] for part in parts if name in part.columns]
    kind = object if any(values.dtype == object for values in given) else np.float64
    empty = None if kind is object else np.nan
    return _concatenated(
        [
            part.columns[name].astype(kind) if name in part.columns else np.full(len(part), empty, dtype=kind)
            for part in parts
        ],
        kind,
    )


def _concatenated(parts: Sequence[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype=kind), *parts]).astype(kind)
