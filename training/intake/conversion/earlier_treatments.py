"""The treatments before day 0: which rows are treatments, each once, and whether they had ended by day 0."""

from collections.abc import Hashable

import numpy as np

from features.records.timeline import Indices, Mask
from training.intake.conversion.patient_rows import recorded
from training.intake.conversion.target_rows import TargetRows
from training.intake.conversion.value_conversion import ConversionContext
from training.intake.source import SourceTable


def earlier_treatments(rows: TargetRows, context: ConversionContext) -> TargetRows:
    """The treatments that began by day 0; one that ended later still runs on day 0."""
    there = recorded(rows.columns["treatment"]) if "treatment" in rows.columns else np.zeros(len(rows), dtype=np.bool_)
    rows = _without_repeats(rows.where(there & ~context.day_zero.left_out[rows.patient]), context)
    if "start_day" in rows.columns:
        late = np.asarray(rows.columns["start_day"] > 0)
        context.cells.log.count_rows("treatments that began after day 0: left out", int(late.sum()))
        rows = rows.where(~late)
    return _with_ends(rows, context)


def _without_repeats(rows: TargetRows, context: ConversionContext) -> TargetRows:
    """Each treatment once: a choice that is ticked again, or an equal row with the same days, is no second one.

    The same row of the source without days may be a second course, or a row that was copied: it is a problem.
    """
    first: dict[Hashable, int] = {}
    same: dict[str, Indices] = {}
    dated = _dated(rows)
    again: dict[str, Mask] = {what: np.zeros(len(rows), dtype=np.bool_) for what in (_DATED_AGAIN, _TICKED_AGAIN, "")}
    for row in range(len(rows)):
        origin, own = rows.origins[rows.origin[row]], [str(values[row]) for values in rows.columns.values()]
        if origin.table.name not in same:
            same[origin.table.name] = _same_rows(origin.table)
        whole = (origin.rule.path, same[origin.table.name][rows.position[row]])
        place = None if dated[row] else origin.rule.path if origin.rule.when else whole
        before = first.setdefault((place, rows.patient[row], *own), row)
        what = _DATED_AGAIN if dated[row] else _TICKED_AGAIN if origin.rule.when else ""
        again[what][row] = before != row
        if before != row and not what:
            _refuse_repeated(rows, row, before, context)
    for what in (_DATED_AGAIN, _TICKED_AGAIN):
        context.cells.log.count_rows(what, int(again[what].sum()))
    return rows.where(~np.logical_or.reduce(list(again.values())))


_DATED_AGAIN = "earlier treatments that repeat another one with the same days: left out"
_TICKED_AGAIN = "earlier treatments that are ticked in a second row of the patient: counted once"


def _dated(rows: TargetRows) -> Mask:
    """Which treatments have a first or a last day."""
    days = [recorded(rows.columns[name]) for name in ("start_day", "end_day") if name in rows.columns]
    return np.asarray(np.logical_or.reduce([np.zeros(len(rows), dtype=np.bool_), *days]))


def _refuse_repeated(rows: TargetRows, row: int, before: int, context: ConversionContext) -> None:
    table = rows.origins[rows.origin[row]].table
    required = "each earlier treatment once; where there were two, a column that tells them apart"
    found = f"the same as in row {table.rows[rows.position[before]]}"
    context.cells.log.refuse(table, [rows.position[row]], None, required, found)


def _same_rows(table: SourceTable) -> Indices:
    """A number per row of a source's table, the same for rows whose cells are all the same; shape (rows,)."""
    codes = np.column_stack([column.codes for column in table.columns.values()])
    return np.asarray(np.unique(codes, axis=0, return_inverse=True)[1], dtype=np.intp).reshape(-1)


def _with_ends(rows: TargetRows, context: ConversionContext) -> TargetRows:
    """The last day of each treatment, at most day 0; NaN for one that still runs.

    One that had ended by day 0, as the mapping says, ended on day 0 at the latest.
    """
    end = np.asarray(rows.columns.get("end_day", np.full(len(rows), np.nan)), dtype=np.float64)
    is_ended = np.array([rows.origins[origin].rule.ended == "yes" for origin in rows.origin], dtype=np.bool_)
    running, unknown = end > 0, np.isnan(end)
    for what, counted in (
        ("treatments that ended after day 0: still running on day 0", running),
        ("treatments that ended on an unknown day: taken as day 0, by ended in the mapping", unknown & is_ended),
        ("treatments without an end: taken as still running on day 0", unknown & ~is_ended),
    ):
        context.cells.log.count_rows(what, int(counted.sum()))
    return rows.with_columns(end_day=np.where(running, np.nan, np.where(unknown & is_ended, 0.0, end)))
