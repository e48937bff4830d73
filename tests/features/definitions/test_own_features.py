"""The values of a study's own features: what is counted, from when, and that nothing after the landmark enters."""

from dataclasses import replace

import numpy as np
import pytest

from features.build import build_features
from features.catalogue import BUILT_IN, catalogue
from features.protocol.document import Landmark
from features.protocol.own_feature import OwnFeature
from features.records.timeline import Floats
from tests.cohorts import DEFAULT, cohort_of, courses, random_cohort
from tests.features.own_features import every_own_feature
from training.leakage.future_perturbation import future_check

DAY_20 = Landmark("day 20", day=20)


def values_of(courses_text: str, landmark: Landmark = DAY_20, /, **declared: object) -> list[float]:
    """The value of one declared feature for each patient of some courses."""
    feature = OwnFeature("own", meaning="own", **declared)  # type: ignore[arg-type]
    records, _ = courses(courses_text)
    cohort = records.cohort(replace(DEFAULT, landmarks=(landmark,), own_features=(feature,)))
    return [float(value) for value in build_features(cohort, landmark).values[:, -1]]


COURSES = """
    patient | doses  | gad7
    a       | 0 7 14 | -3:18 0:15 6:9 13:12 15:4
    b       | 0 7 14 | 0:11
    c       | 0 7 14 | 16:7
"""


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("first", [15, 11, np.nan]),
        ("last", [12, 11, np.nan]),
        ("minimum", [9, 11, np.nan]),
        ("maximum", [15, 11, np.nan]),
        ("mean", [(15 + 9 + 12) / 3, 11, np.nan]),
        ("change", [12 - 15, np.nan, np.nan]),
        ("count", [3, 1, 0]),
    ],
)
def test_each_measure_of_the_first_fortnight(measure: str, expected: list[float]) -> None:
    """From day 0 to day 14: neither the rating of day -3 nor that of day 15 counts."""
    np.testing.assert_allclose(values_of(COURSES, of="gad7", measure=measure, from_day=0, to_day=14), expected)


def test_a_slope_is_a_week_s_change() -> None:
    falling = "patient | doses | gad7\na | 0 | 0:20 7:18 14:16\nb | 0 | 0:20"
    np.testing.assert_allclose(values_of(falling, of="gad7", measure="slope"), [-2, np.nan])


@pytest.mark.parametrize(("first", "last", "expected"), [(None, 0, 18), (1, None, 9), (None, None, 18), (6, 6, 9)])
def test_a_bound_that_is_absent_is_open(first: int | None, last: int | None, expected: float) -> None:
    value, *_ = values_of(COURSES, of="gad7", measure="first", from_day=first, to_day=last)
    assert value == expected


def test_a_window_that_reaches_past_the_landmark_counts_what_is_known_by_then() -> None:
    """Before session 2 (day 7) the ratings of days 0 and 6 are known, before session 1 that of day 0."""
    second, first = (Landmark(f"before session {k}", before_session=k) for k in (2, 1))
    window = {"of": "gad7", "from_day": 0, "to_day": 14}
    assert values_of(COURSES, second, measure="minimum", **window)[0] == 9
    assert values_of(COURSES, second, measure="count", **window)[0] == 2
    assert values_of(COURSES, first, measure="minimum", **window)[0] == 15
    later = {"of": "gad7", "from_day": 8}
    assert np.isnan(values_of(COURSES, second, measure="minimum", **later)[0])
    assert np.isnan(values_of(COURSES, second, measure="count", **later)[0]), "the window has not begun"


def test_sessions_of_the_landmark_s_day_are_not_known_before_it() -> None:
    second = Landmark("before session 2", before_session=2)
    assert values_of(COURSES, second, of="dosing_session", measure="count")[0] == 1
    assert values_of(COURSES, second, of="dosing_session", measure="count", from_day=6)[0] == 0
    assert np.isnan(values_of(COURSES, second, of="dosing_session", measure="count", from_day=7)[0])
    assert values_of(COURSES, of="dosing_session", measure="count", from_day=7, to_day=14)[0] == 2


def test_events_are_counted() -> None:
    text = (
        "patient | doses | gad7 | events\na | 0 | 0:20 | 3:hospitalisation 9:hospitalisation 5:relapse\nb | 0 | 0:9 |"
    )
    assert values_of(text, of="hospitalisation", measure="count") == [2, 0]
    assert values_of(text, of="hospitalisation", measure="count", to_day=7) == [1, 0]


SESSIONS = """
    patient_id  session_number  day  kind           route        dose_mg_per_kg  peak_distress  adverse_event
    a           1               0    dosing         intravenous  0.6             30             true
    a           2               7    dosing         intravenous  1.2             60             false
    a           1               3    psychotherapy  -            -               -              true
    b           1               0    dosing         oral         1.0             -              -
"""


@pytest.mark.parametrize(
    ("of", "measure", "expected"),
    [
        ("peak_distress", "maximum", [60, np.nan]),
        ("peak_distress", "change", [30, np.nan]),
        ("peak_distress", "count", [2, 0]),
        ("dose_relative_to_usual", "last", [1.2 / 0.6, np.nan]),
        ("adverse_event", "count", [2, np.nan]),
        ("psychotherapy_session", "count", [1, 0]),
    ],
)
def test_quantities_of_sessions(of: str, measure: str, expected: list[float]) -> None:
    protocol = replace(DEFAULT, own_features=(OwnFeature("own", of, measure, "own"),))
    cohort = cohort_of(protocol, patients="patient_id\na\nb", sessions=SESSIONS)
    np.testing.assert_allclose(build_features(cohort, DAY_20).values[:, -1], expected)


def test_a_rating_after_the_dose_counts_on_the_day_from_which_it_is_known() -> None:
    ratings = """
        patient_id  day  instrument  score  after_dose
        a           0    gad7        16     false
        a           0    gad7        8      true
    """
    declared = (OwnFeature("until", "gad7", "last", "m", to_day=0), OwnFeature("since", "gad7", "last", "m", 1))
    cohort = cohort_of(replace(DEFAULT, own_features=declared), patients="patient_id\na", assessments=ratings)
    np.testing.assert_array_equal(build_features(cohort, DAY_20).values[:, -2:], [[16, 8]])


def test_points_are_those_that_were_recorded_also_where_higher_is_better() -> None:
    ratings = "patient_id  day  instrument  score\na  0  who5  20\na  9  who5  64"
    declared = (OwnFeature("best", "who5", "maximum", "m"), OwnFeature("change", "who5", "change", "m"))
    cohort = cohort_of(replace(DEFAULT, own_features=declared), patients="patient_id\na", assessments=ratings)
    np.testing.assert_array_equal(build_features(cohort, DAY_20).values[:, -2:], [[64, 44]])


@pytest.mark.parametrize("seed", range(4))
def test_no_measure_of_any_quantity_sees_what_comes_after_the_landmark(seed: int) -> None:
    rng = np.random.default_rng(seed)
    landmarks = (*DEFAULT.landmarks, Landmark("day 50", day=50))
    cohort = random_cohort(rng, 80, replace(DEFAULT, landmarks=landmarks, own_features=every_own_feature("gad7")))
    built = [build_features(cohort, landmark) for landmark in landmarks]
    check = future_check(cohort, built, seed=seed)
    assert check.passed, check.named
    seen = np.vstack([rows.values for rows in built])[:, len(BUILT_IN) :]
    assert (~np.isnan(seen)).any(axis=0).mean() > 0.9, "a feature without a value would hide a leak"


def outside(values: Floats, features: tuple[OwnFeature, ...]) -> set[str]:
    declared = catalogue(replace(DEFAULT, own_features=features))[len(BUILT_IN) :]
    return {
        one.name
        for one, column in zip(declared, values.T, strict=True)
        if (column < one.minimum).any() or (column > one.maximum).any()
    }


@pytest.mark.parametrize("seed", range(3))
def test_values_keep_to_the_range_that_follows_from_the_quantity(seed: int) -> None:
    features = every_own_feature("gad7", "who5", "cgi_s")
    cohort = random_cohort(np.random.default_rng(seed), 80, replace(DEFAULT, own_features=features))
    assert not outside(build_features(cohort, Landmark("day 50", day=50)).values[:, len(BUILT_IN) :], features)
