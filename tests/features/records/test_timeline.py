"""Every per-patient column operation against a plain pandas groupby on random rows."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.records.timeline import Rows

PATIENTS = 40


def random_rows(seed: int) -> tuple[Rows, pd.DataFrame]:
    """Sorted rows of some of the patients, with gaps in ``score`` and several rows a day."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 300)) if seed else 0
    patient = np.sort(rng.choice(np.arange(0, PATIENTS, 2), size=count)).astype(np.intp)
    day = rng.integers(-20, 60, size=count).astype(np.float64)
    day = day[np.lexsort((day, patient))]
    score = np.where(rng.random(count) < 0.3, np.nan, rng.normal(10, 5, size=count).round(1))
    frame = pd.DataFrame({"patient": patient, "day": day, "score": score})
    return Rows(PATIENTS, patient, {"day": day, "score": score}), frame


def per_patient(frame: pd.DataFrame, summary: Callable[[pd.DataFrame], float]) -> np.ndarray:
    values = {patient: summary(rows) for patient, rows in frame.groupby("patient")}
    return np.array([values.get(patient, np.nan) for patient in range(PATIENTS)])


def slope(rows: pd.DataFrame) -> float:
    rows = rows.dropna()
    return float(np.polyfit(rows["day"], rows["score"], 1)[0]) if rows["day"].nunique() > 1 else np.nan


OPERATIONS: dict[str, tuple[Callable[[Rows], np.ndarray], Callable[[pd.DataFrame], float]]] = {
    "last": (lambda rows: rows.last_for_patient("score"), lambda frame: frame["score"].iloc[-1]),
    "first": (lambda rows: rows.first_for_patient("score"), lambda frame: frame["score"].iloc[0]),
    "maximum": (lambda rows: rows.maximum_for_patient("score"), lambda frame: frame["score"].max()),
    "minimum": (lambda rows: rows.minimum_for_patient("score"), lambda frame: frame["score"].min()),
    "mean": (lambda rows: rows.mean_for_patient("score"), lambda frame: frame["score"].mean()),
    "slope": (lambda rows: rows.slope_for_patient("score"), slope),
}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_equal_a_groupby(operation: str, seed: int) -> None:
    rows, frame = random_rows(seed)
    ours, pandas = OPERATIONS[operation]
    np.testing.assert_allclose(ours(rows), per_patient(frame, pandas), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_counts_and_sums_are_zero_where_there_is_nothing(seed: int) -> None:
    rows, frame = random_rows(seed)
    count, total = per_patient(frame, len), per_patient(frame, lambda rows: rows["score"].sum())
    np.testing.assert_array_equal(rows.count_for_patient(), np.nan_to_num(count))
    np.testing.assert_allclose(rows.sum_for_patient("score"), np.nan_to_num(total), atol=1e-9)
    np.testing.assert_array_equal(rows.exists_for_patient(), ~np.isnan(count))


@pytest.mark.parametrize("seed", range(1, 5))
def test_where_recorded_and_spread_keep_rows_with_their_patients(seed: int) -> None:
    rows, frame = random_rows(seed)
    late = rows.where(rows.numbers("day") > 10)
    np.testing.assert_array_equal(late.patient, frame.loc[frame["day"] > 10, "patient"])
    np.testing.assert_array_equal(late["score"], frame.loc[frame["day"] > 10, "score"])
    assert len(rows.recorded("score")) == frame["score"].notna().sum()
    np.testing.assert_array_equal(rows.spread(np.arange(PATIENTS) * 2.0), frame["patient"] * 2.0)


def test_last_and_first_are_rows_and_not_recorded_values() -> None:
    rows = Rows(2, np.array([0, 0, 1]), {"score": np.array([np.nan, 4.0, np.nan])})
    np.testing.assert_array_equal(rows.first_for_patient("score"), [np.nan, np.nan])
    np.testing.assert_array_equal(rows.last_for_patient("score"), [4.0, np.nan])


def test_a_slope_needs_two_values() -> None:
    rows = Rows(2, np.array([0, 1, 1]), {"day": np.array([0.0, 0.0, 7.0]), "score": np.array([3.0, 3.0, 10.0])})
    np.testing.assert_array_equal(rows.slope_for_patient("score"), [np.nan, (10 - 3) / (7 - 0)])


def test_the_slope_of_one_day_is_missing() -> None:
    rows = Rows(1, np.array([0, 0]), {"day": np.array([5.0, 5.0]), "score": np.array([3.0, 9.0])})
    assert np.isnan(rows.slope_for_patient("score")[0])
