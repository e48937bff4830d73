"""The tables of the study of rules: one row per pool, head and size, one column per rule; means over the landmarks.

Over the sizes, what each rule gains over the rule in use: in nats, which mean the same at every size.
"""

from collections.abc import Sequence

import numpy as np

from tests.studies.markdown import mean_over, plain, shown, table
from tests.studies.rules import IN_USE, RULES
from tests.studies.settings import Row

BY = ("mechanism", "head", "patients")
FIGURES = ("share", "gain", "kept")
CLEAR = 2.0
"""Standard errors from which a difference between two rules on the same runs is marked."""
FEWEST_RUNS = 5
"""Runs below which a standard error is not known well enough for a mark."""
NOTE = f"""
s.e.: standard error of the rule in use over the runs. *: differs from that rule by more than {CLEAR:g} standard errors
of the difference, runs paired; from {FEWEST_RUNS} runs on.
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
    title = "Gain over the rule in use, over all sizes, in thousandths of a nat per patient (s.e.), runs paired"
    return "\n".join([*tables, f"{title}:\n\n{_over_sizes(rows)}\n"]) + NOTE


def _over_sizes(rows: Sequence[Row]) -> str:
    by = ("mechanism", "head")
    runs = mean_over(rows, (*BY, "seed", "rule"), FIGURES)
    used = {_run(row): float(str(row["gain"])) for row in runs if row["rule"] == IN_USE}
    against: list[Row] = [row | {"gain": float(str(row["gain"])) - used[_run(row)]} for row in runs]
    cells: dict[tuple[str, ...], dict[str, Row]] = {}
    for mean in mean_over(against, (*by, "rule"), ("gain",)):
        cells.setdefault(tuple(plain(mean[name]) for name in by), {})[str(mean["rule"])] = mean
    others = [rule for rule in RULES if rule != IN_USE]
    lines = [
        [*about, plain(found[IN_USE]["n"]), *(shown(found[rule], "gain", 1) for rule in others)]
        for about, found in cells.items()
    ]
    return table([*by, "runs", *others], lines)


def _run(row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in (*BY, "seed"))


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
    if len(differences) < FEWEST_RUNS:
        return False
    return bool(abs(differences.mean()) > CLEAR * _standard_error(differences))


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))
