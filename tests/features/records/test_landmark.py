"""The landmark day, and what is known at it: everything at L - 1, L and L + 1."""

import numpy as np
import pytest

from features.protocol.document import Landmark
from features.records.landmark import known_at, landmark_days
from tests.cohorts import AsOfDay, cohort_of, courses

BEFORE_1 = Landmark("before session 1", before_session=1)
BEFORE_2 = Landmark("before session 2", before_session=2)
BEFORE_3 = Landmark("before session 3", before_session=3, else_days=7)
DAY_20 = Landmark("day 20", day=20)

AROUND_DAY_20 = {
    "sessions": """
        patient_id  day  kind           session_number
        a           0    dosing         1
        a           19   psychotherapy  1
        a           20   dosing         2
        a           20   psychotherapy  2
        a           21   psychotherapy  3
    """,
    "assessments": """
        patient_id  day  instrument  score
        a           0    gad7        16
        a           19   gad7        9
        a           20   gad7        8
        a           21   gad7        7
    """,
    "events": """
        patient_id  day  event
        a           19   hospitalisation
        a           20   hospitalisation
        a           21   hospitalisation
    """,
    "prior_treatments": """
        patient_id  treatment  end_day
        a           ssri       -30
        a           cbt        0
    """,
}


@pytest.mark.parametrize(
    ("landmark", "ratings", "sessions", "events"),
    [
        (BEFORE_2, [0, 19, 20], [0, 19], [19]),
        (DAY_20, [0, 19, 20], [0, 19, 20, 20], [19, 20]),
    ],
)
def test_what_is_known_at_day_20(
    landmark: Landmark, ratings: list[int], sessions: list[int], events: list[int]
) -> None:
    """Before a session: that day's ratings, but sessions and events of earlier days; on a fixed day all of that day."""
    known = known_at(cohort_of(**AROUND_DAY_20), landmark)
    assert known.day == [20]
    assert known.assessments.numbers("day").tolist() == ratings
    assert known.sessions.numbers("day").tolist() == sessions
    assert known.events.numbers("day").tolist() == events
    assert len(known.prior_treatments) == 2


def test_nothing_in_time_is_known_where_the_landmark_is_not_reached() -> None:
    known = known_at(cohort_of(**AROUND_DAY_20), Landmark("before session 3", before_session=3))
    assert np.isnan(known.day).all()
    assert len(known.assessments) == len(known.sessions) == len(known.events) == 0


def days(text: str, landmark: Landmark, as_of_day: AsOfDay = None) -> list[str]:
    records, rows = courses(text)
    cohort = records.cohort(as_of_day=as_of_day)
    found = dict(zip(cohort.patient_ids.tolist(), landmark_days(cohort, landmark), strict=True))
    return [
        f"{row.patient_id}: {found[row.patient_id]:g}, not {row.expected['L']}"
        for row in rows
        if f"{found[row.patient_id]:g}" != row.expected["L"]
    ]


def test_days_of_a_complete_record() -> None:
    assert not days("patient | doses | L\n a | 0 | 0\n b |  | nan", BEFORE_1)
    assert not days("patient | doses | L\n a | 0 9 | 9\n b | 0 | nan", BEFORE_2)
    assert not days("patient | doses | L\n a | 0 9 12 | 12\n b | 0 9 | 16\n c | 0 9 60 | 16\n d | 0 | nan", BEFORE_3)
    assert not days("patient | doses | L\n a | 0 9 15 | 15\n b | 0 9 16 | 16\n c | 0 9 17 | 16", BEFORE_3)
    assert not days("patient | doses | L\n a | 0 | 20\n b |  | 20", DAY_20)


@pytest.mark.parametrize(
    ("numbers", "landmark", "day"),
    [
        ("1:0 2:9", BEFORE_2, 9),
        ("2:0", BEFORE_2, np.nan),  # session 1 is missing
        ("1:0 3:14", BEFORE_3, np.nan),  # session 2 is missing
        ("2:0 3:7", BEFORE_3, np.nan),
        ("1:0 2:0", BEFORE_2, np.nan),  # both on one day: nothing is known between them
        ("1:0 2:5 3:5", BEFORE_3, np.nan),
    ],
)
@pytest.mark.parametrize("as_of_day", [None, 14])
def test_the_sessions_before_a_landmark_are_all_recorded_and_before_it(
    numbers: str, landmark: Landmark, day: float, as_of_day: AsOfDay
) -> None:
    """In a complete record as in a clinic's: what one of them does not reach, the other does not reach either."""
    doses = [one.split(":") for one in numbers.split()]
    cohort = cohort_of(
        as_of_day=as_of_day,
        sessions="patient_id session_number day kind\n" + "\n".join(f"a {n} {d} dosing" for n, d in doses),
    )
    np.testing.assert_array_equal(landmark_days(cohort, landmark), [day])


@pytest.mark.parametrize(
    ("events", "ratings", "day"),
    [
        ("19:death", "0", np.nan),
        ("20:death", "0", 20),
        ("19:withdrawal", "0 30", np.nan),
        ("20:withdrawal", "0", 20),
        ("19:end_of_follow_up", "0", np.nan),
        ("20:end_of_follow_up", "0", 20),
        ("15:end_of_follow_up", "0 15", np.nan),
        ("15:end_of_follow_up", "0 16", 20),  # seen again after it
        ("15:end_of_follow_up", "0 20", 20),
        ("15:end_of_follow_up", "0 21", np.nan),  # seen again, but on day 20 nobody knew that
        ("15:end_of_follow_up 18:end_of_follow_up", "0 16", np.nan),
        ("19:relapse", "0", 20),
    ],
)
def test_a_fixed_day_is_reached_by_who_is_still_followed_then(events: str, ratings: str, day: float) -> None:
    rated = "\n".join(f"a {rating} gad7 16" for rating in ratings.split())
    happened = "\n".join(f"a {one.replace(':', ' ')}" for one in events.split())
    tables = {
        "assessments": f"patient_id day instrument score\n{rated}",
        "events": f"patient_id day event\n{happened}",
    }
    np.testing.assert_array_equal(landmark_days(cohort_of(**tables), DAY_20), [day])
    np.testing.assert_array_equal(landmark_days(cohort_of(as_of_day=40, **tables), DAY_20), [day])


@pytest.mark.parametrize(
    ("as_of_day", "course", "expected"),
    [
        (-1, "", "nan"),  # day 0, the day of session 1, is still to come
        (0, "", "0"),
        (42, "", "42"),
        (43, "", "nan"),  # the acute course is over and session 1 did not come
        (5, "", "5"),
        (5, "0", "0"),
    ],
)
def test_before_session_1_today(as_of_day: int, course: str, expected: str) -> None:
    assert not days(f"patient | doses | L\n a | {course} | {expected}", BEFORE_1, as_of_day)


@pytest.mark.parametrize(
    ("as_of_day", "course", "expected"),
    [
        (8, "", "nan"),  # sessions 1 and 2 are not recorded
        (8, "0", "nan"),  # session 2 is not recorded
        (9, "0 9", "nan"),  # today is the day of session 2, not after it
        (10, "0 9", "10"),  # session 3 may come today
        (15, "0 9", "15"),
        (16, "0 9", "16"),  # 7 days after session 2
        (17, "0 9", "16"),  # they have passed
        (17, "0 9 12", "12"),
        (40, "0 9 30", "16"),
        (400, "0 9", "16"),
        (42, "0 36", "42"),
        (43, "0 37", "nan"),  # the acute course is over, and neither session 3 nor the 7 days have come
        (44, "0 37", "44"),  # now they have
        (12, "0 9 12", "12"),
    ],
)
def test_before_session_3_today(as_of_day: int, course: str, expected: str) -> None:
    assert not days(f"patient | doses | L\n a | {course} | {expected}", BEFORE_3, as_of_day)


def test_every_patient_has_a_today_of_their_own() -> None:
    table = """patient | doses   | L
                a      |         | nan
                b      | 0 9     | nan
                c      | 0 9     | 10
                d      | 0 9     | 16
                e      | 0 9 12  | 12
    """
    assert not days(table, BEFORE_3, as_of_day=np.array([8.0, 9, 10, 17, 17]))
    assert not days("patient | doses | L\n a | 0 | nan\n b | 0 | 20", DAY_20, as_of_day=np.array([19.0, 20]))


@pytest.mark.parametrize(("as_of_day", "expected"), [(19, "nan"), (20, "20"), (21, "20")])
def test_a_fixed_day_today(as_of_day: int, expected: str) -> None:
    assert not days(f"patient | doses | L\n a | 0 | {expected}", DAY_20, as_of_day)
