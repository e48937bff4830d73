"""The tables of the study of rules: one row per pool, head and size, one column per rule; means over the landmarks."""

from collections.abc import Sequence

import numpy as np

from tests.studies.markdown import mean_over, plain, table
from tests.studies.rules import IN_USE, RULES
from tests.studies.settings import Row

BY = ("mechanism", "head", "patients")
FIGURES = ("share", "gain", "kept")
CLEAR = 2.0
"""Standard errors from which a difference between two rules on the same runs is marked."""
NOTE = f"""
s.e.: standard error of the rule in use over the runs. *: differs from that rule by more than {CLEAR:g} standard errors
of the difference, runs paired.
"""


def choice_table(rows: Sequence[Row]) -> str:
    """Shares where there is a signal; where there is none, or no truth, gains; how often the average is kept."""
    known = [row for row in rows if row["share"] is not None]
    others = [row for row in rows if row["share"] is None]
    titled = (
        ("Share of the attainable information", known, "share"),
        ("Gain over the average, in thousandths of a nat per patient", others, "gain"),
        ("How often the average is kept", list(rows), "kept"),
    )
    tables = [f"{title}:\n\n{_by_rule(some, figure)}\n" for title, some, figure in titled if some]
    return "\n".join(tables) + NOTE


def _by_rule(rows: Sequence[Row], figure: str) -> str:
    runs = mean_over(rows, (*BY, "seed", "rule"), FIGURES)
    groups: dict[tuple[str, ...], dict[str, list[float]]] = {}
    for run in runs:
        group = groups.setdefault(tuple(plain(run[name]) for name in BY), {rule: [] for rule in RULES})
        group[str(run["rule"])].append(float(str(run[figure])))
    lines = [
        [*about, *_cells({rule: np.array(values) for rule, values in found.items()})] for about, found in groups.items()
    ]
    return table([*BY, "runs", *RULES, "s.e."], lines)


def _cells(found: dict[str, np.ndarray]) -> list[str]:
    """The number of runs, each rule's mean, and the standard error of the rule in use, from figures by run."""
    used = found[IN_USE]
    marks = {rule: "*" if clear(values - used) else "" for rule, values in found.items()}
    # One zero: a mean that rounds to it is shown without a sign.
    means = [f"{round(values.mean(), 2) + 0.0:.2f}{marks[rule]}" for rule, values in found.items()]
    return [str(len(used)), *means, f"{_standard_error(used):.2f}" if len(used) > 1 else "-"]


def clear(differences: np.ndarray) -> bool:
    """Whether the mean of some differences, shape (runs,), is further from 0 than chance explains."""
    if len(differences) < 2:
        return False
    return bool(abs(differences.mean()) > CLEAR * _standard_error(differences))


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))
