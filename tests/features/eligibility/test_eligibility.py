"""Who is neither fitted on nor answered: whose answer is known or can't come, and whom the study leaves out.

A complete record is evaluated as of its landmark day, a clinic's as of today; each case names the reason expected.
"""

import pytest

from features.build import build_features
from features.eligibility.eligibility import Ineligible
from features.protocol_reading import parse_protocol
from tests.cohorts import cohort_of

INDEX = '[remission]\nanchor = "index"\nwindow_days = [7, 31]\n'
AT_LANDMARK = '[remission]\nstate = "at_landmark"\n'
DECIDED, OVER = Ineligible.ALREADY_DECIDED, Ineligible.WINDOW_OVER


def fixed_day(day: int, rest: str = INDEX) -> str:
    return f'[[landmarks]]\nname = "fixed"\nday = {day}\n{rest}'


def reason(
    protocol: str,
    ratings: str = "0:16",
    doses: str = "0",
    *,
    events: str = "",
    today: float | None = None,
    landmark: int = 0,
    age: str = "-",
) -> object:
    """Why patient A is not eligible at a landmark, or None; ratings are on the GAD-7, ``doses`` are days."""
    rated = "\n".join(f"A {cell.split(':')[0]} gad7 {cell.split(':')[1]}" for cell in ratings.split())
    given = "\n".join(f"A {number} {day} dosing" for number, day in enumerate(doses.split(), start=1))
    happened = "\n".join(f"A {cell.split(':')[0]} {cell.split(':')[1]}" for cell in events.split())
    cohort = cohort_of(
        protocol,
        as_of_day=today,
        patients=f"patient_id age_years\nA {age}",
        sessions=f"patient_id session_number day kind\n{given}",
        assessments=f"patient_id day instrument score\n{rated}",
        events=f"patient_id day event\n{happened}",
    )
    return build_features(cohort, cohort.protocol.landmarks[landmark]).ineligible[0]


@pytest.mark.parametrize(
    ("day", "ratings", "expected"),
    [
        (18, "0:16 18:3", None),  # one day from the middle, day 19: the next day's reading would be nearer
        (19, "0:16 19:3", DECIDED),  # in the middle: nothing can be nearer
        (20, "0:16 18:3", DECIDED),  # day 20 would have been as near, and later; but it is over
        (29, "0:16 8:3", None),  # 11 days away; day 30 would be as near, and later
        (30, "0:16 8:3", DECIDED),  # day 31 would be 12 away
        (31, "0:16 8:3", DECIDED),  # the window has closed
        (30, "0:16 6:3", None),  # outside the window: a reading of day 31 would decide
        (31, "0:16 6:3", OVER),
        (31, "0:16 31:3", DECIDED),
    ],
)
def test_who_has_the_deciding_reading_or_can_get_none_is_left_out(day: int, ratings: str, expected: object) -> None:
    assert reason(fixed_day(day), ratings) is expected
    assert reason(fixed_day(day), ratings, today=day) is expected


@pytest.mark.parametrize(
    ("today", "ratings", "expected"),
    [
        (41, "0:16 19:3", None),  # a session of day 42 would move the window
        (42, "0:16 19:3", None),  # one of today would too
        (43, "0:16 19:3", DECIDED),  # the acute course is over: its last session was on day 0
        (42, "0:16", None),
        (43, "0:16", OVER),
    ],
)
def test_the_last_acute_session_is_known_once_the_acute_course_is_over(
    today: int, ratings: str, expected: object
) -> None:
    default = fixed_day(today, "")
    assert reason(default, ratings, "0") is expected
    assert reason(default, ratings, "0", today=today) is expected
    assert reason("", ratings, "0", today=today) is expected, (
        "at a landmark long past, evaluated by what is known today"
    )


@pytest.mark.parametrize("today", [None, 100])
@pytest.mark.parametrize(("ratings", "expected"), [("0:16 20:2", DECIDED), ("0:16", OVER)])
def test_a_session_long_after_the_acute_course_asks_about_the_past(
    ratings: str, expected: object, today: float | None
) -> None:
    assert reason("", ratings, "0 100", today=today, landmark=1) is expected


@pytest.mark.parametrize(("event", "expected"), [("death", Ineligible.DIED), ("withdrawal", Ineligible.WITHDREW)])
@pytest.mark.parametrize("day", [12, 15, 16])
def test_who_has_left_is_left_out_from_the_day_on(event: str, expected: object, day: int) -> None:
    """Landmark 3 is on day 21, 14 days after session 2; a record is evaluated in full."""
    events, third = f"{day}:{event}", {"doses": "0 7", "landmark": 2}
    assert reason("", events=events, **third) is expected  # type: ignore[arg-type]
    if day >= 15:  # a dead patient has no session
        assert reason("", events=events, doses="0 15", landmark=1) is (expected if day == 15 else None)
        assert reason("", events=events, doses="0 15", landmark=1, today=25) is expected


@pytest.mark.parametrize(
    ("age", "outside"),
    [("17.9", True), ("18", False), ("110", False), ("-", False), ("17.99999999999", False), ("10", True)],
)
@pytest.mark.parametrize("protocol", ["", AT_LANDMARK])
def test_the_age_is_within_the_protocols_limits_or_not_recorded(age: str, outside: bool, protocol: str) -> None:
    expected = Ineligible.AGE_OUTSIDE if outside else None
    assert reason(protocol, age=age) is expected
    assert reason(protocol, age=age, today=0) is expected


@pytest.mark.parametrize(("age", "outside"), [("64", True), ("65", False), ("80", False), ("80.5", True)])
def test_a_study_sets_its_own_ages(age: str, outside: bool) -> None:
    limits = "[eligibility]\nminimum_age = 65\nmaximum_age = 80\n"
    assert (reason(limits, age=age) is Ineligible.AGE_OUTSIDE) == outside
    assert parse_protocol(limits).digest != parse_protocol("").digest


@pytest.mark.parametrize(
    ("score", "expected"),
    [("4", Ineligible.BASELINE_IN_REMISSION), ("4.0000000001", Ineligible.BASELINE_IN_REMISSION), ("4.1", None)],
)
def test_a_baseline_at_the_cut_off_is_in_remission_whatever_the_rounding(score: str, expected: object) -> None:
    assert reason("", f"0:{score}") is expected


def test_without_any_dosing_session_there_is_nothing_to_count_from() -> None:
    assert reason(fixed_day(5, ""), doses="") is Ineligible.NO_DOSING_SESSION
    assert reason(fixed_day(5, ""), doses="", today=5) is Ineligible.NO_DOSING_SESSION
    assert reason(fixed_day(5), doses="") is None
    assert reason("", doses="", today=0) is None, "session 1 may come today"


@pytest.mark.parametrize("event", ["relapse", "death", "new_treatment", "withdrawal", "end_of_follow_up"])
def test_in_remission_at_the_landmark_nobody_is_asked_about_whose_course_has_ended(event: str) -> None:
    at_10 = fixed_day(10, AT_LANDMARK)
    assert reason(at_10, events=f"10:{event}") is Ineligible.ENDED_BEFORE
    assert reason(at_10, events=f"11:{event}") is None
    assert reason(at_10, events=f"11:{event}", today=11) is Ineligible.ENDED_BEFORE
