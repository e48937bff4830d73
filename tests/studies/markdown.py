"""Means over seeds, and tables in Markdown."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from tests.studies.settings import Row


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def mean_over(rows: Sequence[Row], by: Sequence[str], figures: Sequence[str]) -> list[Row]:
    """One row per value of ``by`` in the order met, with the mean and the standard error of every figure, and ``n``.

    A figure that is ``None`` in a row is left out of its mean; a group where all are has ``None``.
    """
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in by)].append(row)
    return [
        {name: members[0][name] for name in by}
        | {"n": len(members)}
        | {key: value for name in figures for key, value in _summary(name, members).items()}
        for members in groups.values()
    ]


def _summary(name: str, members: Sequence[Row]) -> Row:
    values = np.array([float(row[name]) for row in members if row.get(name) is not None])  # type: ignore[arg-type]
    if len(values) == 0:
        return {name: None, f"{name}_se": None}
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return {name: float(values.mean()), f"{name}_se": error}


def shown(row: Row, name: str, digits: int = 3) -> str:
    """A mean with its standard error; a dash where there is none."""
    value, error = row.get(name), row.get(f"{name}_se")
    if value is None:
        return "-"
    return f"{float(value):.{digits}f}" + (f" ({float(error):.{digits}f})" if error is not None else "")


def plain(value: object) -> str:
    """A cell as it stands; how much is missing in words."""
    return "as it comes" if value is None else str(value)


def refusals(rows: Sequence[Row]) -> str:
    """How many trainings were refused and why, a line per reason; empty where none was."""
    reasons = Counter(str(row["refused"]) for row in rows if "refused" in row)
    lines = [f"* {count} trainings are left out, because the product refuses: {why}" for why, count in reasons.items()]
    return "\n" + "\n".join(lines) + "\n" if lines else ""
