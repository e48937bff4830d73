"""Nothing is predicted for a patient whose answer is already known, or who has died."""

import pytest

from features.build import build_features
from features.eligibility import Ineligible
from tests.cohorts import cohort_of

WINDOW = '[remission]\nanchor = "index"\nwindow_days = [7, 31]\n'


def reason(day: int, ratings: str, events: str = "patient_id day event", as_of_day: float | None = None) -> object:
    """Why nothing is predicted for patient A at a fixed day, or None; ratings are on the GAD-7."""
    rated = "\n".join(f"A {cell.split(':')[0]} gad7 {cell.split(':')[1]}" for cell in ratings.split())
    cohort = cohort_of(
        f'[[landmarks]]\nname = "fixed"\nday = {day}\n{WINDOW}',
        as_of_day=as_of_day,
        patients="patient_id\nA",
        assessments="patient_id day instrument score\n" + rated,
        events=events,
    )
    return build_features(cohort, cohort.protocol.landmarks[0]).unpredictable[0]


@pytest.mark.parametrize(
    ("day", "ratings", "decided"),
    [
        (18, "0:16 18:3", False),  # one day from the middle, day 19: the next day's reading would be nearer
        (19, "0:16 19:3", True),  # in the middle: nothing can be nearer
        (20, "0:16 18:3", True),  # day 20 would have been as near, and later; but it is over
        (29, "0:16 8:3", False),  # 11 days away; day 30 would be as near, and later
        (30, "0:16 8:3", True),  # day 31 would be 12 away
        (31, "0:16 8:3", True),  # the window has closed
        (31, "0:16 6:3", False),  # outside the window: not observed
    ],
)
def test_who_has_the_deciding_reading_is_not_predicted(day: int, ratings: str, decided: bool) -> None:
    assert reason(day, ratings) is (Ineligible.ALREADY_DECIDED if decided else None)


@pytest.mark.parametrize(("died", "known"), [(12, True), (25, True), (26, False)])
def test_a_recorded_death_is_known_whenever_it_came(died: int, known: bool) -> None:
    """In a record that ends on day 25; one of day 26 could not be in it, so another event stands in."""
    event = "death" if known else "withdrawal"
    events = f"patient_id day event\nA {min(died, 25)} {event}"
    assert reason(15, "0:16", events, as_of_day=25) is (Ineligible.DIED if known else None)
