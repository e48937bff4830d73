"""What is recorded of each patient before the deciding window, and nothing of the window itself or of what follows."""

from dataclasses import replace

import numpy as np
import pytest

from features.protocol.document import Protocol
from features.records.cohort import Cohort
from features.records.timeline import Rows
from tests.cohorts import courses, random_cohort
from training.outcomes.course_record import course_record
from training.outcomes.labels import anchor_days, derive_outcomes

# The window opens on day 21, seven days after the last dosing session; GAD-7: remission at most 4, and six points below
# the baseline; a reliable change is 6.
COURSES = """
patient | doses  | gad7                  | last_rating | last_change | change_since_baseline | ratings | days_since
rated   | 0 7 14 | 0:16 10:10 20:7       | 0.5         | -0.5        | 1.5                   | 3       | 1
on it   | 0 7 14 | 0:16 10:10 21:7       | 1           | -1          | 1                     | 2       | 11
inside  | 0 7 14 | 0:16 10:10 25:2 60:16 | 1           | -1          | 1                     | 2       | 11
well    | 0 7 14 | 0:16 10:4             | 0           | -2          | 2                     | 2       | 11
lower   | 0 7 14 | 0:8 10:4              | 0.333       | -0.667      | 0.667                 | 2       | 11
once    | 0 7 14 | 0:16                  | 2           | -           | 0                     | 1       | 21
twice   | 0 7 14 | -3:10 0:16            | 2           | 1           | 0                     | 2       | 21
"""


def test_severity_is_that_of_the_last_rating_before_the_window_opens() -> None:
    records, rows = courses(COURSES)
    cohort = records.cohort()
    record = course_record(cohort, derive_outcomes(cohort, cohort.protocol.landmarks[0]))
    index = {patient_id: position for position, patient_id in enumerate(cohort.patient_ids.tolist())}
    for row in rows:
        found = dict(zip(record.names, record.values[index[row.patient_id]].tolist(), strict=True))
        found["days_since"] = found["days_since_last_rating"]
        for name, text in row.expected.items():
            expected = float("nan") if text == "-" else float(text)
            assert found[name] == pytest.approx(expected, abs=0.001, nan_ok=True), f"{row.patient_id}: {name}"
        assert found["last_rating_in_remission"] == (row.patient_id == "well"), row.patient_id
        assert found["last_rating_squared"] == pytest.approx(found["last_rating"] ** 2)


def test_sessions_are_counted_by_kind_and_adverse_events_with_them() -> None:
    records, _ = courses("patient | doses  | gad7\np | 0 7 14 | 0:16\n")
    records.tables["sessions"][1]["adverse_event"] = "true"
    talk = {"patient_id": "p", "session_number": 1, "day": 16, "kind": "psychotherapy"}
    records.tables["sessions"].append(talk)
    cohort = records.cohort()
    record = course_record(cohort, derive_outcomes(cohort, cohort.protocol.landmarks[0]))
    found = dict(zip(record.names, record.values[0].tolist(), strict=True))
    assert (found["dosing_sessions"], found["other_sessions"], found["adverse_events"]) == (3, 1, 1)
    assert (found["days_since_last_session"], found["length_of_course"]) == (21 - 16, 14)


def rewritten_from(cohort: Cohort, opens: np.ndarray) -> Cohort:
    """The cohort with other scores from each patient's day on, and without sessions and events after it."""

    def before(rows: Rows) -> Rows:
        return rows.where(~(rows.numbers("day") > rows.spread(opens)))

    ratings = cohort.assessments
    later = ratings.numbers("day") >= ratings.spread(opens)
    score = np.where(later, ratings.numbers("score") + 1, ratings.numbers("score"))
    return replace(
        cohort,
        assessments=Rows(ratings.patients, ratings.patient, dict(ratings.columns) | {"score": score}),
        sessions=before(cohort.sessions),
        events=before(cohort.events),
    )


def at_landmark(landmark: int) -> Protocol:
    """Everyone is taken to be in remission at one of the default landmarks."""
    default = Protocol()
    remission = replace(default.remission, at_landmark=True)
    return replace(default, remission=remission, landmarks=(default.landmarks[landmark],))


@pytest.mark.parametrize("seed", range(3))
def test_nothing_from_the_day_on_which_the_window_opens_enters(seed: int) -> None:
    """Whatever becomes of everybody from that day on, the record is the same to the last bit."""
    cohort = random_cohort(np.random.default_rng(seed), 200)
    opens = anchor_days(cohort) + 7
    other = rewritten_from(cohort, opens)
    seen, again = (course_record(each, derive_outcomes(each, each.protocol.landmarks[0])) for each in (cohort, other))
    assert np.isfinite(seen.values).mean() > 0.5
    np.testing.assert_array_equal(seen.values, again.values)


@pytest.mark.parametrize("landmark", [0, 1, 2])
def test_where_everyone_is_in_remission_at_the_landmark_nothing_from_that_day_on_enters(landmark: int) -> None:
    """The time at risk begins there: what comes later is no reason why somebody was lost before."""
    cohort = random_cohort(np.random.default_rng(5), 200, at_landmark(landmark))
    outcomes = derive_outcomes(cohort, cohort.protocol.landmarks[0])
    other = rewritten_from(cohort, np.where(np.isnan(outcomes.landmark_day), np.inf, outcomes.landmark_day))
    again = course_record(other, replace(derive_outcomes(other, other.protocol.landmarks[0]), primary=outcomes.primary))
    seen = course_record(cohort, outcomes)
    reached = ~np.isnan(outcomes.risk_start_day)
    assert reached.sum() > 20
    np.testing.assert_array_equal(seen.values[reached], again.values[reached])


def test_a_cohort_without_a_rating_or_a_session_has_a_record_of_nothing() -> None:
    cohort = random_cohort(np.random.default_rng(1), 5)
    empty = replace(
        cohort,
        assessments=cohort.assessments.at(np.empty(0, np.intp)),
        sessions=cohort.sessions.at(np.empty(0, np.intp)),
    )
    record = course_record(empty, derive_outcomes(empty, empty.protocol.landmarks[0]))
    assert record.values.shape == (5, len(record.names))
    assert np.isnan(record.values[:, record.names.index("last_rating")]).all()
