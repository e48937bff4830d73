"""Table 1 as tables for the page: by outcome with standardised differences, and by site."""

from training.evidence.descriptions import BaselineCell, BaselineRow, BaselineTable
from training.evidence.document import Evidence, Number
from training.report.templating import Table
from training.report.wording import percent

SUPPRESSED = "few"
WHAT = {"yes/no": "n (%)", "mean": "mean (SD)", "median": "median (quartiles)"}


def baseline_views(evidence: Evidence) -> list[Table]:
    """A table per grouping; empty if the evidence has none."""
    return [_view(found) for found in evidence.baseline]


def _view(found: BaselineTable) -> Table:
    by_outcome = found.by == "outcome"
    compared = by_outcome and len(found.columns) > 1
    columns = [f"{column.name} ({column.n:,})" for column in found.columns]
    header = ["characteristic", f"all ({found.n:,})", *columns, *(["std. difference"] if compared else [])]
    rows = [
        [
            f"{row.label}, {_unit(row)}{WHAT[row.kind]}",
            *(_cell(row, cell) for cell in row.cells),
            *([_difference(row.difference)] if compared else []),
        ]
        for row in found.rows
    ]
    number = "1a" if by_outcome else "1b"
    return Table(f"Table {number}: patients at {found.landmark}, by {found.by}", header, rows, "dense")


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
