"""Table 1 as tables for the page: by outcome with standardised differences, and by site."""

from collections.abc import Sequence
from itertools import chain

from training.evidence.descriptions import BaselineCell, BaselineRow, BaselineTable
from training.evidence.document import Evidence, Number
from training.report.templating import Table
from training.report.wording import percent

SUPPRESSED = "few"
MOST_COLUMNS = 7
"""Most columns of groups in one table, so that it fits the width of a page."""
WHAT = {"yes/no": "n (%)", "mean": "mean (SD)", "median": "median (quartiles)"}


def baseline_views(evidence: Evidence) -> list[Table]:
    """A table by outcome and one by site, or a single one where all columns fit a page; empty if there are none."""
    groupings = evidence.baseline
    fit = sum(len(found.columns) for found in groupings) <= MOST_COLUMNS
    if fit and len(groupings) == 2:
        return [_view(groupings, "")]
    return [
        _view([found], letter if len(groupings) > 1 else "") for found, letter in zip(groupings, "ab", strict=False)
    ]


def _view(groupings: Sequence[BaselineTable], letter: str) -> Table:
    """The columns of all groupings side by side, after those of all patients."""
    first = groupings[0]
    compared = first.by == "outcome" and len(first.columns) > 1
    difference = ["std. difference"] if compared else []
    columns = [[f"{column.name} ({column.n:,})" for column in found.columns] for found in groupings]
    header = ["characteristic", f"all ({first.n:,})", *columns[0], *difference, *chain.from_iterable(columns[1:])]
    rows = []
    for same in zip(*(found.rows for found in groupings), strict=True):
        row = same[0]
        cells = [[_cell(row, cell) for cell in one.cells[1:]] for one in same]
        between = [_difference(row.difference)] if compared else []
        name = f"{row.label}, {_unit(row)}{WHAT[row.kind]}"
        rows.append([name, _cell(row, row.cells[0]), *cells[0], *between, *chain.from_iterable(cells[1:])])
    by = " and ".join(found.by for found in groupings)
    return Table(f"Table 1{letter}: patients analysed {first.landmark}, by {by}", header, rows)


def _unit(row: BaselineRow) -> str:
    return "" if row.kind == "yes/no" else f"{row.unit}, "


def _cell(row: BaselineRow, cell: BaselineCell) -> str:
    """The figures, and in brackets how many have no value."""
    missing = f" [{'<10' if cell.missing is None else f'{cell.missing:,}'}]" if cell.missing != 0 else ""
    return f"{_figures(row, cell.figures)}{missing}"


def _figures(row: BaselineRow, figures: list[Number]) -> str:
    if not figures:
        return SUPPRESSED
    first = figures[0] or 0.0
    if row.kind == "yes/no":
        return f"{int(first):,} ({percent(figures[1])})"
    if row.kind == "mean":
        return f"{_plain(first)} ({_plain(figures[1])})"
    return f"{_plain(first)} ({_plain(figures[1])} to {_plain(figures[2])})"


def _plain(value: Number) -> str:
    """A number that is rounded already, without trailing zeros."""
    return "-" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def _difference(value: Number) -> str:
    return "-" if value is None else f"{value:+.2f}"
