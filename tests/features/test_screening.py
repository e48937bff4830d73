"""Screening facts are for the clinician: no feature reads them, and a cohort that lacks them stays what it was."""

from dataclasses import replace

import numpy as np
import pytest

from features.build import build_features
from features.catalogue import catalogue
from features.protocol.columns import (
    LATER_COLUMNS,
    SCREENING_COLUMNS,
    SCREENING_ITEMS,
    STUDY_COLUMNS,
    TABLES,
    Column,
)
from features.protocol.document import Covariate, Landmark
from features.protocol.problems import ProtocolRefusedError
from features.protocol_reading import parse_protocol
from features.records.assemble import assemble_cohort
from features.records.cohort import Cohort, RawCohort, RawTable
from features.records.landmark import known_at
from tests.cohorts import DEFAULT, CohortRecords, Record, cohort_of, random_protocol, random_records
from tests.screening import screened_anew

LANDMARKS = (*DEFAULT.landmarks, Landmark("day 20", day=20))
TABLE = """
    patient_id  site_id  age_years  sex
    a           c1       40         female
    b           c2       -          male
"""
CHILDREN = {
    "sessions": """
        patient_id  session_number  day  kind
        a           1               0    dosing
    """,
    "assessments": """
        patient_id  day  instrument  score
        a           -3   gad7        16
        b           14   gad7        9
    """,
}
DIGEST_WITHOUT_SCREENING_COLUMNS = "6a668494bc12e2aab1d2c9267eb4c773f51b65733be3e6f0243f2cc626e6440a"


@pytest.mark.parametrize("seed", range(8))
def test_no_feature_row_changes_with_a_screening_fact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    protocol = random_protocol(rng)
    records = random_records(rng, 25, protocol)
    others = CohortRecords([screened_anew(patient, rng) for patient in records.patients], records.tables)
    one, other = records.cohort(protocol), others.cohort(protocol)
    assert one.digest != other.digest
    for landmark in protocol.landmarks:
        rows, same = build_features(one, landmark), build_features(other, landmark)
        assert rows.values.tobytes() == same.values.tobytes()
        assert rows.ineligible.tolist() == same.ineligible.tolist()


def test_an_ordinary_column_does_change_rows() -> None:
    """The comparison above can fail."""
    records = random_records(np.random.default_rng(0), 25)
    others = CohortRecords([patient | {"age_years": 33.3} for patient in records.patients], records.tables)
    rows, changed = (build_features(drawn.cohort(), LANDMARKS[-1]).values for drawn in (records, others))
    assert rows.tobytes() != changed.tobytes()


@pytest.mark.parametrize("landmark", LANDMARKS, ids=lambda landmark: landmark.name)
def test_what_is_known_at_a_landmark_holds_no_screening_fact(landmark: Landmark) -> None:
    cohort = random_records(np.random.default_rng(0), 5).cohort()
    assert cohort.patients.keys() >= SCREENING_COLUMNS
    known = known_at(cohort, landmark).patients
    assert known.keys() == cohort.patients.keys() - SCREENING_COLUMNS


def test_no_feature_has_the_name_of_a_screening_fact() -> None:
    covariate = Covariate("expectancy", "number", "expectation of benefit", 0, 10)
    names = {feature.name for feature in catalogue(replace(DEFAULT, covariates=(covariate,)))}
    assert not names & SCREENING_COLUMNS
    assert "expectancy" in names


@pytest.mark.parametrize("name", sorted(SCREENING_COLUMNS))
def test_a_study_can_not_make_a_covariate_of_a_screening_fact(name: str) -> None:
    declared = f'[[covariates]]\nname = "{name}"\nkind = "binary"\nmeaning = "as screened"\n'
    assert parse_protocol(declared.replace(name, "of_its_own")).covariates
    with pytest.raises(ProtocolRefusedError) as refused:
        parse_protocol(declared)
    (problem,) = refused.value.problems
    assert "a name of its own" in problem.required


@pytest.mark.parametrize("column", [c for c in TABLES["patients"] if c.screening], ids=lambda column: column.name)
def test_a_screening_fact_may_be_left_out_and_then_is_not_recorded(column: Column) -> None:
    assert not column.required
    assert column.kind == "flag" or (column.minimum is not None and column.maximum is not None and column.unit)
    assert np.isnan(cohort_of(patients=TABLE, **CHILDREN).number(column.name)).all()


def test_every_screening_fact_is_left_out_at_the_landmark() -> None:
    """The cut at the landmark leaves out columns of ``patients`` and of ``assessments``."""
    screening = {table: {column.name for column in columns if column.screening} for table, columns in TABLES.items()}
    assert {table: names for table, names in screening.items() if names} == {
        "patients": SCREENING_COLUMNS,
        "assessments": SCREENING_ITEMS,
    }
    known = known_at(random_records(np.random.default_rng(0), 5).cohort(), LANDMARKS[0])
    assert not known.assessments.columns.keys() & SCREENING_ITEMS


@pytest.mark.parametrize("seed", range(4))
def test_no_feature_row_changes_with_item_9(seed: int) -> None:
    rng = np.random.default_rng(seed)
    records = random_records(rng, 25)
    items: Record = {"day": -40, "instrument": "bdi2", "score": 20.0, "suicidal_thoughts_item": 0}
    records.tables["assessments"] += [{"patient_id": person["patient_id"]} | items for person in records.patients]
    rated = [row for row in records.tables["assessments"] if row["instrument"] in ("phq9", "bdi2")]
    before = records.cohort()
    for row in rated:
        row["suicidal_thoughts_item"] = 3 - float(row.get("suicidal_thoughts_item", 0))
    after = records.cohort()
    assert before.digest != after.digest
    for landmark in LANDMARKS:
        rows, same = build_features(before, landmark), build_features(after, landmark)
        assert rows.values.tobytes() == same.values.tobytes()
        assert rows.ineligible.tolist() == same.ineligible.tolist()


def test_a_cohort_without_screening_facts_has_the_digest_of_a_cohort_without_their_columns() -> None:
    assert cohort_of(patients=TABLE, **CHILDREN).digest == DIGEST_WITHOUT_SCREENING_COLUMNS


@pytest.mark.parametrize("name", sorted(SCREENING_COLUMNS | STUDY_COLUMNS))
def test_the_digest_changes_once_somebody_has_a_column_recorded_by_which_the_format_grew(name: str) -> None:
    def digest(first: str, second: str) -> str:
        lines = [line for line in TABLE.splitlines() if line.strip()]
        text = "\n".join(f"{line:<50}{cell}" for line, cell in zip(lines, (name, first, second), strict=True))
        return cohort_of(patients=text, **CHILDREN).digest

    assert digest("-", "-") == DIGEST_WITHOUT_SCREENING_COLUMNS
    number = "1" if name not in {"resting_systolic_mmhg", "resting_diastolic_mmhg"} else "100"
    recorded = {digest(number, "-"), digest("-", number), digest(number, number)}
    assert len(recorded | {DIGEST_WITHOUT_SCREENING_COLUMNS}) == 4


@pytest.mark.parametrize(("cell", "same"), [("-", True), ("0", False), ("40", False)])
def test_the_digest_changes_once_a_session_has_distress_recorded(cell: str, same: bool) -> None:
    sessions = f"patient_id  session_number  day  kind    peak_distress\na  1  0  dosing  {cell}"
    digest = cohort_of(patients=TABLE, **CHILDREN | {"sessions": sessions}).digest
    assert (digest == cohort_of(patients=TABLE, **CHILDREN).digest) == same


@pytest.mark.parametrize("column", ["after_dose", "suicidal_thoughts_item"])
@pytest.mark.parametrize(("cell", "same"), [("-", True), ("0", False), ("1", False)])
def test_the_digest_changes_once_a_rating_has_a_later_column_recorded(column: str, cell: str, same: bool) -> None:
    grown = {"peak_distress", "after_dose", "suicidal_thoughts_item"}
    assert grown == LATER_COLUMNS - SCREENING_COLUMNS - STUDY_COLUMNS
    before = "patient_id  day  instrument  score\na  3  phq9  9"
    after = f"patient_id  day  instrument  score  {column}\na  3  phq9  9  {cell}"
    digest = cohort_of(patients=TABLE, **CHILDREN | {"assessments": after}).digest
    assert (digest == cohort_of(patients=TABLE, **CHILDREN | {"assessments": before}).digest) == same


def test_the_digest_does_not_depend_on_how_the_cohort_came_to_lack_a_screening_fact() -> None:
    """Column absent, column empty, or its only holder left out."""
    rows: list[Record] = [{"patient_id": "a", "age_years": 40.0}, {"patient_id": "b", "opioid_use": 1.0}]
    alone = CohortRecords(rows[:1], {"assessments": []}).cohort()
    both = CohortRecords(rows, {"assessments": []}).cohort()
    assert both.take(np.array([0])).digest == alone.digest
    assert _assembled(alone, {"opioid_use": np.array([np.nan])}).digest == alone.digest
    assert _assembled(alone, {"opioid_use": np.array([0.0])}).digest != alone.digest


def _assembled(cohort: Cohort, columns: dict[str, np.ndarray]) -> Cohort:
    ages = {"age_years": cohort.number("age_years")}
    nothing = RawTable(np.empty(0, dtype=np.intp), {})
    raw = RawCohort(cohort.patient_ids, [None] * len(cohort), ages | columns, {"assessments": nothing})
    again, problems = assemble_cohort(raw, DEFAULT)
    assert not problems
    return again
