"""What the reader repaired, counted: the record of each repair and the sentences that tell of them.

A sentence may show a spelling of a flag, a category or a missing value. It never shows a number, an identifier, a day
or a free text of a patient.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Repair:
    """One kind of repair in one place: ``what`` was done, to how many ``cells`` or ``rows``.

    ``table`` is the name of the file. ``column`` is ``None`` for a repair of rows or of the whole file. Both counts are
    0 where a name or a file was repaired instead of cells.
    """

    table: str
    column: str | None
    what: str
    cells: int = 0
    rows: int = 0


def describe_repairs(repairs: Sequence[Repair]) -> list[str]:
    """One sentence for each kind of repair, over all files: ``read 'TRUE' as true in 3,260 cells of 4 columns``."""
    kinds: dict[str, list[Repair]] = defaultdict(list)
    for repair in repairs:
        kinds[repair.what].append(repair)
    return [_sentence(what, found) for what, found in kinds.items()]


def _sentence(what: str, repairs: Sequence[Repair]) -> str:
    cells, rows = sum(repair.cells for repair in repairs), sum(repair.rows for repair in repairs)
    files = list(dict.fromkeys(repair.table for repair in repairs))
    places = {(repair.table, repair.column) for repair in repairs if repair.column is not None}
    if cells:
        where = f"{len(places)} columns" if len(places) > 1 else f"column {repairs[0].column} in {files[0]}"
        return f"{what} in {cells:,} cell{'' if cells == 1 else 's'} of {where}"
    counted = f"{rows:,} row{'' if rows == 1 else 's'} of " if rows else ""
    if places:
        counted = f"{len(places)} of " if len(places) > 1 else f"{repairs[0].column} of "
    return f"{what}: {counted}{', '.join(files) if len(files) <= 2 else f'{len(files)} files'}"
