"""A researcher reads a cohort in Python, from files or from DataFrames, and is told what is wrong with it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.protocol.problems import CohortRefusedError, InputRefusedError, ProtocolRefusedError
from features.protocol_reading import parse_protocol
from tests.training.cohort_folder import MARKER, Folder
from training import read_cohort
from training.api.cohorts import LoadedCohort
from training.cohort.frames import read_frames
from training.simulation.cohort import SyntheticCohort

PATIENTS = pd.DataFrame({"patient_id": ["A", "B"], "site_id": ["c1", "c2"], "age_years": [41, 38]})
RATINGS = pd.DataFrame({"patient_id": ["A", "A", "B"], "day": [0, 7, 0], "instrument": "gad7", "score": [16, 9, 12]})


def refusal(**tables: object) -> str:
    """What the refusal of two plain patients says, with these tables in place of theirs."""
    with pytest.raises(InputRefusedError) as refused:
        read_cohort({"patients": PATIENTS, "assessments": RATINGS} | tables)  # type: ignore[arg-type]
    return str(refused.value)


def test_frames_are_the_same_cohort_as_their_files(
    cohort: LoadedCohort, drawn: SyntheticCohort, frames: dict[str, pd.DataFrame]
) -> None:
    from_frames = read_cohort(frames, parse_protocol(drawn.protocol_toml))
    assert from_frames.digest == cohort.digest
    assert (cohort.source, from_frames.source) == ("small", "frames")
    assert from_frames.notes == []
    assert cohort.notes == ["not read: README.md, truth.parquet"]


def test_a_folder_may_be_given_as_text_and_a_cohort_may_be_named(small: Path) -> None:
    assert read_cohort(str(small), source="our clinic").source == "our clinic"


def test_the_order_of_rows_and_columns_and_the_index_of_a_frame_do_not_count(frames: dict[str, pd.DataFrame]) -> None:
    turned = {
        name: frame[frame.columns[::-1]].iloc[::-1].set_index(np.arange(len(frame))) for name, frame in frames.items()
    }
    assert read_cohort(turned).digest == read_cohort(frames).digest


def test_frames_as_pandas_reads_csv_files_are_the_same_cohort(small: Path, cohort: LoadedCohort) -> None:
    """Whole numbers with gaps become floats, flags with gaps become objects."""
    read = {path.stem: pd.read_csv(path) for path in small.glob("*.csv")}
    assert read_cohort(read, small / "protocol.toml").digest == cohort.digest


def test_missing_values_of_pandas_are_not_recorded() -> None:
    gaps = PATIENTS.assign(age_years=[41, None], sex=["female", pd.NA], comorbid_ptsd=[True, None])
    read = read_cohort({"patients": gaps, "assessments": RATINGS})
    np.testing.assert_array_equal(read.number("age_years"), [41, np.nan])
    np.testing.assert_array_equal(read.number("comorbid_ptsd"), [1, np.nan])


def test_what_has_one_meaning_is_repaired_and_noted_unless_strict() -> None:
    written = {
        "patients": PATIENTS.assign(comorbid_ptsd=["TRUE", "no"]),
        "assessments": RATINGS.assign(score=["16", "9", "12"]),
    }
    read = read_cohort(written)
    np.testing.assert_array_equal(read.number("comorbid_ptsd"), [1, 0])
    assert any("read 'TRUE' as true" in note for note in read.notes)
    assert (
        read.digest
        == read_cohort({"patients": PATIENTS.assign(comorbid_ptsd=[True, False]), "assessments": RATINGS}).digest
    )
    with pytest.raises(CohortRefusedError):
        read_cohort(written, strict=True)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"assessments": RATINGS.assign(score=[16, 9, 99])}, "assessments, row 2 (counted from 0), column score: "),
        ({"patients": PATIENTS.assign(age_years=[41, MARKER])}, "patients, row 1 (counted from 0), column age_years:"),
        ({"patients": PATIENTS.assign(age_years=[41, [MARKER]])}, "patients, column age_years: required numbers, text"),
        ({"patients": PATIENTS.drop(columns="patient_id")}, "patients, column patient_id: required this column"),
        ({"patients": MARKER}, "patients: required a pandas DataFrame; found another object"),
        ({"Ratings": RATINGS}, "frames: required tables named patients, prior_treatments,"),
        ({"assesments": RATINGS}, "(did you mean assessments?)"),
        ({"patients": PATIENTS.rename(columns={"age_years": "age_year"})}, "(did you mean age_years?)"),
        ({"patients": pd.concat([PATIENTS, PATIENTS], axis=1)}, "patients: required one text per column as its name"),
        ({"assessments": RATINGS.assign(patient_id=["A", "A", MARKER])}, "assessments, row 2 (counted from 0), column"),
        ({"assessments": RATINGS.assign(day=pd.Timestamp("2020-01-01"))}, "assessments, column day:"),
        ({"assessments": None}, "assessments: required a pandas DataFrame"),
    ],
)  # fmt: skip
def test_a_problem_names_table_row_and_column_and_never_the_value(tables: dict[str, object], said: str) -> None:
    words = refusal(**tables)
    assert said in words
    assert MARKER not in words


def test_a_frame_is_refused_as_the_parquet_file_with_its_content_is(tmp_path: Path) -> None:
    """But for the place: `patients`, counted from 0, in place of `patients.parquet`, counted from 1."""
    folder = Folder(tmp_path)
    wrong = PATIENTS.assign(age_years=[410, 38])
    wrong.to_parquet(tmp_path / "patients.parquet")
    RATINGS.to_parquet(tmp_path / "assessments.parquet")
    assert [line.replace(".parquet, data row 1", ", row 0 (counted from 0)") for line in folder.refusal()] == [
        refusal(patients=wrong)
    ]


def test_without_ratings_and_events_the_table_is_named_as_a_frame_is() -> None:
    with pytest.raises(CohortRefusedError) as refused:
        read_frames({"patients": PATIENTS})
    assert all(".csv" not in problem.place for problem in refused.value.problems)


def test_a_protocol_may_be_a_file(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text('name = "ours"\n')
    assert read_cohort({"patients": PATIENTS, "assessments": RATINGS}, str(study)).protocol.name == "ours"
    study.write_text("nmae = 1\n")
    with pytest.raises(ProtocolRefusedError, match="nmae"):
        read_cohort({"patients": PATIENTS, "assessments": RATINGS}, study)


@pytest.mark.parametrize("wrong", [3, None, [PATIENTS]])
def test_what_is_neither_a_folder_nor_frames_is_refused(wrong: object) -> None:
    with pytest.raises(InputRefusedError, match="required a folder, or a mapping of table names to DataFrames"):
        read_cohort(wrong)  # type: ignore[arg-type]


def test_no_representation_shows_a_patient(cohort: LoadedCohort) -> None:
    shown = [
        repr(cohort),
        repr(cohort.take(np.arange(3))),
        *(repr(cohort.table(name)) for name in ("sessions", "events")),
    ]
    assert "150 patients of 2 sites" in shown[0]
    assert "3 patients of 2 sites" in shown[1]
    assert not [text for text in shown if "SYN-" in text or "array" in text]
