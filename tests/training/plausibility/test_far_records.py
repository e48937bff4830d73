"""Records years away from day 0 are warned of: a year that was mistyped moves all days of a patient."""

import pytest

from tests.cohorts import courses
from training.plausibility.findings import findings


def warned(table: str) -> dict[str, int]:
    records, _ = courses("patient | doses | gad7\n" + table)
    far = [one for one in findings(records.cohort()) if one.code in ("day_0_far", "records_far")]
    return {one.code: dict(one.counts)["patients"] for one in far}


@pytest.mark.parametrize(("day", "expected"), [(364, {}), (365, {}), (366, {"day_0_far": 1})])
def test_a_first_dose_far_from_all_other_records_is_warned_of(day: int, expected: dict[str, int]) -> None:
    assert warned(f"a | 0 {day} | {day + 7}:9\nb | 0 7 | 0:15 21:9") == expected


@pytest.mark.parametrize(("day", "expected"), [(1825, {}), (1826, {}), (1827, {"records_far": 1})])
def test_a_record_more_than_five_years_away_is_warned_of(day: int, expected: dict[str, int]) -> None:
    assert warned(f"a | 0 7 | 0:15 {day}:9\nb | 0 7 | 0:15 21:9") == expected


def test_a_patient_with_nothing_but_the_first_dose_is_no_finding() -> None:
    assert warned("a | 0 | \nb | 0 7 | 0:15 21:9") == {}
