"""The share of fresh patients whose true probability lies in the 90% interval, and how wide the interval is.

An answer that is the same for everybody has no interval of its own: such patients are counted as not shown.
"""

from collections.abc import Iterator

import numpy as np

from tests.mechanisms.true_risks import Floats
from tests.studies.answers import FreshAnswers
from tests.studies.settings import Row


def covered(limits: Floats | None, truth: Floats) -> Row:
    """Coverage and median width among those with an interval, and the share shown; ``limits`` (patients, 2)."""
    shown = np.zeros(len(truth), dtype=np.bool_) if limits is None else ~np.isnan(limits).any(axis=1)
    if limits is None or not shown.any():
        return {"covered": None, "width": None, "interval_shown": 0.0}
    low, high, true = limits[shown, 0], limits[shown, 1], truth[shown]
    return {
        "covered": float(((low <= true) & (true <= high)).mean()),
        "width": float(np.median(high - low)),
        "interval_shown": float(shown.mean()),
    }


def coverage_rows(answered: FreshAnswers) -> Iterator[Row]:
    """One row per answer of the landmark."""
    found, truth = answered.predictions.interval, answered.truth
    yield _row("remission", None if found is None else found.remission, truth.remission)
    for position, days in enumerate(answered.model.horizons_days):
        for name, limits, true in (
            ("relapse by", None if found is None else found.relapse, truth.relapse),
            ("sustained to", None if found is None else found.sustained, truth.sustained),
        ):
            at_horizon = None if limits is None else limits[:, position]
            yield _row(f"{name} day {days}", at_horizon, true[:, position])


def _row(answer: str, limits: Floats | None, truth: Floats) -> Row:
    row: Row = {"answer": answer}
    return row | covered(limits, truth)
