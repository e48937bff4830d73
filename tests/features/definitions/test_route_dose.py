"""The dose of a session against its route: what is usual by it, what is too little, and what is beyond its limit."""

import numpy as np
import pytest

from features.build import build_features
from features.definitions.route_dose import ROUTE_DOSES
from features.protocol.columns import ROUTES
from features.protocol.document import Landmark
from features.records.cohort import Cohort
from tests.cohorts import DEFAULT, cohort_of, parse_table, random_cohort

DAY_14 = Landmark("day 14", day=14)


def test_every_route_has_a_usual_dose_below_its_limit() -> None:
    assert ROUTE_DOSES.keys() == set(ROUTES)
    for dose in ROUTE_DOSES.values():
        assert dose.usual is None or dose.usual < dose.limit


def sessions(text: str) -> str:
    """``route:dose`` of the dosing sessions, a week apart, as a table; ``-`` is not recorded."""
    lines = [
        f"a  {7 * (number - 1)}  dosing  {number}  {entry.replace(':', '  ')}"
        for number, entry in enumerate(text.split(), start=1)
    ]
    return "\n".join(["patient_id  day  kind  session_number  route  dose_mg_per_kg", *lines])


def row(text: str) -> dict[str, float]:
    rows = build_features(cohort_of(sessions=sessions(text)), DAY_14)
    return dict(zip(rows.names, rows.values[0].tolist(), strict=True))


USUAL = """
    doses                               relative      shortfall  parenteral  intranasal
    sublingual:5                        1             0          0           0
    intramuscular:0.9                   1             0          1           0
    subcutaneous:1                      1             0          1           0
    intravenous:0.6                     1             0          1           0
    intranasal:1                        1             0          0           1
    oral:2                              -             0          0           0
    intravenous:0.5                     0.8333333333  0.1        1           0
    intravenous:0.5 intravenous:0.7     1             0          1           0
    sublingual:2.5 intramuscular:0.3    0.4166666667  0.3        1           0
    intramuscular:0.3 sublingual:2.5    0.4166666667  0.3        0           0
    intramuscular:0.9 oral:2            1             0          0           0
    intramuscular:- intravenous:-       -             -          1           0
    -:0.5                               -             -          -           -
    -:0.5 intranasal:2                  2             0          0           1
    intramuscular:0.3 -:0.9             0.3333333333  0.3        1           0
"""


@pytest.mark.parametrize("line", USUAL.strip().splitlines()[1:], ids=str.strip)
def test_a_dose_counts_against_what_is_usual_by_its_route(line: str) -> None:
    *doses, relative, shortfall, parenteral, intranasal = line.split()
    values = row(" ".join(doses))
    expected = [float("nan") if cell == "-" else float(cell) for cell in (relative, shortfall, parenteral, intranasal)]
    names = ("dose_relative_to_usual", "parenteral_dose_shortfall", "route_parenteral", "route_intranasal")
    np.testing.assert_allclose([values[name] for name in names], expected, rtol=1e-9, atol=1e-12)


LIMITS = """
    route          at_most
    intravenous    1.5
    intramuscular  2
    subcutaneous   2
    intranasal     3
    sublingual     10
    oral           10
"""


def beyond_route_limit(cohort: Cohort, landmark: Landmark) -> np.ndarray:
    rows = build_features(cohort, landmark)
    return rows.values[:, rows.names.index("dose_of_route_limit")] > 1


@pytest.mark.parametrize("limit", parse_table(LIMITS), ids=lambda limit: str(limit["route"]))
def test_a_dose_above_the_limit_of_its_route_is_beyond_it(limit: dict[str, str]) -> None:
    at_most = float(limit["at_most"])
    for dose, beyond in ((at_most - 0.1, False), (at_most, False), (at_most + 0.1, True)):
        if dose <= 10:  # the most that a table may hold
            cohort = cohort_of(sessions=sessions(f"-:9 {limit['route']}:{dose}"))
            assert beyond_route_limit(cohort, DAY_14).tolist() == [beyond]


def test_a_dose_counts_from_the_landmark_on_at_which_it_is_known() -> None:
    cohort = cohort_of(sessions=sessions("intravenous:0.5 intravenous:5 intravenous:0.5"))
    found = {landmark.name: beyond_route_limit(cohort, landmark).tolist() for landmark in DEFAULT.landmarks}
    assert found == {"before session 1": [False], "before session 2": [False], "before session 3": [True]}


def test_who_is_beyond_a_limit_does_not_depend_on_the_other_patients() -> None:
    cohort = random_cohort(np.random.default_rng(3), 60)
    together = beyond_route_limit(cohort, DAY_14)
    alone = [beyond_route_limit(cohort.take(np.array([patient])), DAY_14)[0] for patient in range(len(cohort))]
    assert together.tolist() == alone
    assert 5 < together.sum() < 55
