"""Outcomes are joined to the predictions made before them, once they are settled; the others are counted by reason.

One dosing session on day 0 unless a table says otherwise: remission is decided between days 7 and 31, and settled on
day 42, when the acute course is over. All are asked about at the landmark before session 1, on day 0.
"""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from tests.cohorts import courses
from training.monitoring.statistics import joined
from training.monitoring.statistics.joined import JoinedPredictions, OutcomeCohort, join
from training.monitoring.statistics.logged import LandmarkPredictions, LoggedPrediction
from training.outcomes.labels import EndedBy

LANDMARK = "before session 1"
MADE_ON = date(2026, 3, 1)
TABLE = """
    patient        | doses | gad7                        | events
    remitted       | 0     | 0:16 19:3 100:2             |
    relapsed       | 0     | 0:16 19:3 60:15 80:15       |
    not remitted   | 0     | 0:16 19:12                  |
    never seen     | 0     | 0:16                        |
    mild           | 0     | 0:3 19:3                    |
    seen once      | 0     | 0:16 19:3                   |
"""


def log_of(*patients: str, day: int = 0) -> LandmarkPredictions:
    at = datetime(MADE_ON.year, MADE_ON.month, MADE_ON.day, 9, tzinfo=UTC)
    made = [
        LoggedPrediction(f"p{name}", at, "d", "1", "r", LANDMARK, day, f"hash {name}", {}, {"outcome": "predicted"})
        for name in patients
    ]
    return LandmarkPredictions(LANDMARK, made, made, made)


def joined_on(last: str, at: LandmarkPredictions) -> JoinedPredictions:
    cohort = courses(TABLE)[0].cohort()
    followed = OutcomeCohort.from_cohort(
        cohort, at.answered, lambda name: f"hash {name}", datetime(2030, 1, 1, tzinfo=UTC)
    )
    return join(at, followed, np.datetime64(last, "D"))


EVERYBODY = ("remitted", "relapsed", "not remitted", "never seen", "mild", "seen once", "stranger")


def test_every_prediction_is_joined_or_counted_by_the_reason_why_not() -> None:
    found = joined_on("2026-12-01", log_of(*EVERYBODY))
    assert found.reasons == {
        joined.WITH_OUTCOME: 4,
        joined.NOT_OBSERVED: 1,
        "the baseline is already in the remission band": 1,
        joined.NO_SUCH_PATIENT: 1,
    }
    assert found.relapse_reasons == {
        joined.WITH_OUTCOME: 2,
        joined.NOT_OBSERVED: 1,
        joined.NOT_IN_REMISSION: 1,
        joined.NOT_FOLLOWED: 1,
        "the baseline is already in the remission band": 1,
        joined.NO_SUCH_PATIENT: 1,
    }


def test_outcomes_stand_beside_their_predictions() -> None:
    found = joined_on("2026-12-01", log_of(*EVERYBODY))
    assert [one.prediction_id for one in found.predictions] == ["premitted", "prelapsed", "pnot remitted", "pseen once"]
    assert found.in_remission.tolist() == [1, 1, 0, 1]
    assert found.at_risk.tolist() == [True, True, False, False]
    assert found.followed_days[:2].tolist() == [100 - 19, 60 - 19]
    assert found.ended_by[:2].tolist() == [EndedBy.CENSORED, EndedBy.RELAPSE]
    assert found.began_on[0] == np.datetime64("2026-03-20")  # day 19


@pytest.mark.parametrize(("last", "settled"), [("2026-04-11", 0), ("2026-04-12", 1), ("2026-04-13", 1)])
def test_remission_is_settled_when_its_window_and_the_acute_course_are_over(last: str, settled: int) -> None:
    """Day 42 after the first of March is the twelfth of April."""
    found = joined_on(last, log_of("remitted"))
    assert found.reasons == {(joined.WITH_OUTCOME if settled else joined.NOT_SETTLED): 1}


def test_a_missing_reading_may_still_come_until_the_window_is_over() -> None:
    assert joined_on("2026-04-11", log_of("never seen")).reasons == {joined.NOT_SETTLED: 1}


@pytest.mark.parametrize(("day", "reason"), [(18, joined.WITH_OUTCOME), (19, joined.TOO_LATE), (20, joined.TOO_LATE)])
def test_a_prediction_made_when_the_answer_was_known_is_not_joined(day: int, reason: str) -> None:
    """The deciding reading is that of day 19."""
    assert joined_on("2026-12-01", log_of("remitted", day=day)).reasons == {reason: 1}


def test_the_last_day_known_is_that_of_the_last_record_but_never_later_than_now() -> None:
    cohort, at = courses(TABLE)[0].cohort(), log_of("relapsed", "mild")
    for now, last in (("2030-01-01", "2026-05-20"), ("2026-04-01", "2026-04-01")):  # day 80 after the first of March
        followed = OutcomeCohort.from_cohort(
            cohort, at.answered, lambda name: f"hash {name}", datetime.fromisoformat(f"{now}T00:00:00+00:00")
        )
        assert followed.last_day(at.answered) == np.datetime64(last)


def test_of_unknown_models_alone_nothing_is_known() -> None:
    found = joined_on("2026-12-01", log_of("stranger"))
    assert (len(found.predictions), found.reasons) == (0, {joined.NO_SUCH_PATIENT: 1})
