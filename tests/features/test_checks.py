"""A record that ends today holds nothing later, and every patient has a today of their own."""

import numpy as np
import pytest

from features.cohort import RawCohort, RawTable, assemble_cohort
from features.problems import Problem
from features.protocol import Protocol

TODAY = np.array([10.0, 20.0])


def events(patient: list[int], day: list[float], as_of_day: np.ndarray | None) -> list[Problem]:
    """The problems of two patients' events, -1 being nobody's."""
    table = RawTable(np.array(patient), {"day": np.array(day), "event": np.zeros(len(day), dtype=np.int16)})
    raw = RawCohort(np.array(["b", "a"]), [None, None], {}, {"events": table}, as_of_day)
    return assemble_cohort(raw, Protocol())[1]


@pytest.mark.parametrize(("patient", "day", "late"), [(0, 10, 0), (0, 11, 1), (1, 20, 0), (1, 21, 1), (1, 11, 0)])
def test_nothing_is_later_than_the_patients_own_today(patient: int, day: float, late: int) -> None:
    problem = Problem("events", 1, "day", "a day not after as_of_day", "a later day")
    assert events([0, patient], [9.0, day], TODAY) == [problem] * late
    assert events([0, patient], [9.0, day], None) == []


def test_a_row_of_nobody_has_no_today() -> None:
    (problem,) = events([-1], [30_000.0], TODAY)
    assert problem.found == "an id that is not there"
