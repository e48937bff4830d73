"""A date after the day of the import is a mistake: it is refused by row, and never shown."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from tests.training.intake.small_clinic import MAPPING, SESSIONS, SmallClinic
from training.intake.conversion.moments import today

HISTORY = '[[prior_treatments]]\nfrom = "history.csv"\ntreatment = "treatment"\nend_day = "until"\n'
ZONE = MAPPING.replace("[patients_are]", 'time_zone = "Europe/Berlin"\n[patients_are]')


@pytest.mark.parametrize(("later", "refused"), [(-1, False), (0, False), (1, True)])
def test_a_session_may_be_today_and_not_tomorrow(clinic: SmallClinic, later: int, refused: bool) -> None:
    day = today(ZoneInfo("Europe/Berlin")) + dt.timedelta(days=later)
    clinic.write(sessions=SESSIONS + f"A,{day.isoformat()},60\n")
    if refused:
        (line,) = clinic.refusal(ZONE)
        assert line.startswith("sessions.csv, row 5, column date: required a date not after today")
        assert line.endswith("found a date in the future")
        assert str(day.year) not in line
    else:
        clinic.import_it(ZONE)


def test_a_rating_of_another_century_is_refused(clinic: SmallClinic) -> None:
    (line,) = clinic.write(ratings="id,date,scale,score\nA,2062-01-05,GAD-7,16\n").refusal()
    assert line.startswith("ratings.csv, row 2, column date: required a date not after today")


def test_a_treatment_may_be_planned_to_run_on(clinic: SmallClinic) -> None:
    clinic.write(history="id,treatment,until\nA,ssri,9999-12-31\n").import_it(MAPPING + HISTORY)
    assert clinic.table("prior_treatments") == ["A ssri"]
