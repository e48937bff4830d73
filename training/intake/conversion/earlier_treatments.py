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
    """Each treatment once: a choice that is ticked again, or the same row with the same start, is no second one.

    The same row without a start may be a second course, or a row that was copied: it is a problem.
    """
    first: dict[Hashable, int] = {}
    same: dict[str, Indices] = {}
    repeated: Mask = np.zeros(len(rows), dtype=np.bool_)
    started = recorded(rows.columns["start_day"]) if "start_day" in rows.columns else repeated
    for row in range(len(rows)):
        origin = rows.origins[rows.origin[row]]
        if origin.table.name not in same:
            same[origin.table.name] = _same_rows(origin.table)
        whole = None if origin.rule.when else same[origin.table.name][rows.position[row]]
        own = [str(values[row]) for values in rows.columns.values()]
        key = (origin.rule.path, rows.patient[row], whole, *own)
        before = first.setdefault(key, row)
        repeated[row] = before != row
        if before != row and origin.rule.when is None and not started[row]:
            shown = origin.table.rows[rows.position[before]]
            required = "each earlier treatment once; where there were two, a column that tells them apart"
            found = f"the same as in row {shown}"
            context.cells.log.refuse(origin.table, [rows.position[row]], None, required, found)
    context.cells.log.count_rows("rows that repeat an earlier treatment: counted once", int(repeated.sum()))
    return rows.where(~repeated)


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
