"""The outcomes as a table: its columns, its words, and what stays empty."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from tests.cohorts import courses, random_cohort
from training.exports.patient_tables import write_outcomes
from training.outcomes.labels import derive_outcomes
from training.outcomes.table import outcomes_frame

COURSES = """
    patient | doses | gad7                     | events
    a       | 0 7   | 0:16.5 26:4 60:11 70:11  |
    b       | 0     | 0:3 26:3                 |
    c       |       | 0:16                     |
    d       | 0     | 1:16                     |
    e       | 0     | 0:16                     | 30:end_of_follow_up
    f       | 0     | 0:16 19:9                |
    g       | 0     | 0:16 19:4                | 120:end_of_follow_up
    h       | 0     | 0:16 19:4                | 20:death
"""
COLUMNS = (
    "patient_id,landmark,landmark_day,eligible,reason,instrument,baseline,remission,remission_day,risk_start_day,"
    "followed_days,ended_by,sustained_84,sustained_182"
)
EXPECTED = f"""\
{COLUMNS}
a,before session 1,0,true,,gad7,16.5,yes,26,26,34,relapse,no,no
a,before session 2,7,true,,gad7,16.5,yes,26,26,34,relapse,no,no
b,before session 1,0,false,the baseline is already in the remission band,gad7,3,,,,,,,
b,before session 2,,false,the landmark was not reached,gad7,3,,,,,,,
c,before session 1,,false,the landmark was not reached,gad7,16,,,,,,,
c,before session 2,,false,the landmark was not reached,gad7,16,,,,,,,
d,before session 1,0,false,no primary instrument was rated at baseline,,,,,,,,,
d,before session 2,,false,the landmark was not reached,,,,,,,,,
e,before session 1,0,true,,gad7,16,not_observed,,,,,not_observed,not_observed
e,before session 2,,false,the landmark was not reached,gad7,16,,,,,,,
f,before session 1,0,true,,gad7,16,no,19,,,,no,no
f,before session 2,,false,the landmark was not reached,gad7,16,,,,,,,
g,before session 1,0,true,,gad7,16,yes,19,19,101,censored,yes,not_observed
g,before session 2,,false,the landmark was not reached,gad7,16,,,,,,,
h,before session 1,0,true,,gad7,16,yes,19,19,1,competing,no,no
h,before session 2,,false,the landmark was not reached,gad7,16,,,,,,,
"""
TWO_LANDMARKS = "".join(
    f'[[landmarks]]\nname = "before session {session}"\nbefore_session = {session}\n' for session in (1, 2)
)


def test_the_file_is_written_as_documented(tmp_path: Path) -> None:
    records, _ = courses(COURSES)
    write_outcomes(records.cohort(TWO_LANDMARKS), tmp_path / "outcomes.csv")
    assert (tmp_path / "outcomes.csv").read_text() == EXPECTED


def test_parquet_holds_the_same(tmp_path: Path) -> None:
    records, _ = courses(COURSES)
    cohort = records.cohort(TWO_LANDMARKS)
    write_outcomes(cohort, tmp_path / "outcomes.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "outcomes.parquet"), outcomes_frame(cohort))


def test_one_row_per_patient_and_landmark_of_random_cohorts(tmp_path: Path) -> None:
    cohort = random_cohort(np.random.default_rng(5), 60)
    frame = outcomes_frame(cohort)
    landmarks = [landmark.name for landmark in cohort.protocol.landmarks]
    pairs = [(patient_id, name) for patient_id in cohort.patient_ids.tolist() for name in landmarks]
    assert list(zip(frame["patient_id"], frame["landmark"], strict=True)) == pairs
    outcome_columns = frame.columns[7:]
    assert frame.loc[~frame["eligible"], outcome_columns].isna().all(axis=None)
    assert (frame["reason"].isna() == frame["eligible"]).all()
    for name, landmark in zip(landmarks, cohort.protocol.landmarks, strict=True):
        outcomes, rows = derive_outcomes(cohort, landmark), frame[frame["landmark"] == name]
        yes = outcomes.eligible & (outcomes.sustained[:, 0] == 1)
        assert (rows["sustained_84"].eq("yes").fillna(value=False).to_numpy() == yes).all()
    write_outcomes(cohort, tmp_path / "o.csv")
    with (tmp_path / "o.csv").open() as file:
        written = list(csv.DictReader(file))
    assert not [cell for row in written for cell in row.values() if cell.endswith(".0") or cell == "nan"]


def test_a_cohort_without_patients_has_the_columns_alone(tmp_path: Path) -> None:
    records, _ = courses("patient | doses | gad7")
    write_outcomes(records.cohort(), tmp_path / "o.csv")
    assert (tmp_path / "o.csv").read_text() == COLUMNS + "\n"
