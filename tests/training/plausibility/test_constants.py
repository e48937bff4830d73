"""A column with one value in every cell is named once there are enough cells."""

import pytest

from features.records.cohort import Cohort
from tests.cohorts import cohort_of
from tests.training.plausibility.rated_cohorts import found
from training.plausibility.constants import FEWEST_CELLS


def people(count: int, *, flag: str = "false", other: str = "false") -> Cohort:
    """Patients with one value in ``comorbid_ptsd`` but for the last of them, and one of everything else."""
    rows = [f"p{n} {n + 20} {other if n == count - 1 else flag} ptsd" for n in range(count)]
    header = "patient_id age_years comorbid_ptsd diagnosis"
    return cohort_of(patients="\n".join([header, *rows]), assessments="patient_id day instrument score")


@pytest.mark.parametrize(
    ("cells", "warned"), [(FEWEST_CELLS - 1, False), (FEWEST_CELLS, True), (FEWEST_CELLS + 1, True)]
)
def test_a_flag_that_is_false_for_everyone_is_named_from_thirty_patients_on(cells: int, warned: bool) -> None:
    by_code = found(people(cells))
    assert ("constant_columns" in by_code) == warned
    if warned:
        assert by_code["constant_columns"].place == "patients, column comorbid_ptsd"


def test_one_other_value_is_enough_and_an_empty_cell_is_none() -> None:
    assert not found(people(FEWEST_CELLS, other="true"))
    assert not found(people(FEWEST_CELLS, other="-"))
    assert found(people(FEWEST_CELLS + 1, other="-"))


def test_a_measurement_of_sessions_that_never_varies_is_named_and_a_fixed_dose_is_not() -> None:
    rows = [f"p{n} 1 0 dosing intravenous 0.5 40" for n in range(FEWEST_CELLS)]
    header = "patient_id session_number day kind route dose_mg_per_kg peak_dissociation"
    by_code = found(cohort_of(sessions="\n".join([header, *rows])))
    assert by_code.keys() == {"constant_columns"}
    assert "peak_dissociation has one value" in by_code["constant_columns"].text
