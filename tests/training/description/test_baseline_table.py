"""Table 1: the right figure of each kind of characteristic, by outcome and by site, and no small count."""

from dataclasses import replace

import numpy as np
import pytest

from training.description.baseline_table import MOST_SITES, baseline_tables, standardised_difference
from training.evidence.descriptions import BaselineRow, BaselineTable
from training.experiment.train import Training


@pytest.fixture(scope="module")
def tables(trained: Training) -> list[BaselineTable]:
    first = trained.landmarks[0]
    return baseline_tables(trained.cohort, first.features, first.outcomes)


def row_of(table: BaselineTable, feature: str) -> BaselineRow:
    return next(row for row in table.rows if row.feature == feature)


def test_each_patient_is_in_one_column_and_no_column_has_fewer_than_ten(tables: list[BaselineTable]) -> None:
    assert [table.by for table in tables] == ["outcome", "site"]
    for table in tables:
        assert sum(column.n for column in table.columns) == table.n
        assert min(column.n for column in table.columns) >= 10
        assert len(table.columns) <= MOST_SITES
        assert all(len(row.cells) == 1 + len(table.columns) for row in table.rows)


def test_the_figures_are_those_of_the_patients_of_the_column(trained: Training, tables: list[BaselineTable]) -> None:
    first, table = trained.landmarks[0], tables[0]
    age = first.features.values[:, first.features.names.index("age_years")]
    eligible, remission = first.outcomes.eligible, first.outcomes.remission
    row = row_of(table, "age_years")
    assert (row.kind, [column.name for column in table.columns][:2]) == ("mean", ["remission", "no remission"])
    columns = (eligible, eligible & (remission == 1), eligible & (remission == 0))
    for cell, members in zip(row.cells, columns, strict=False):
        among = age[members & ~np.isnan(age)]
        assert cell.figures == pytest.approx([among.mean(), among.std()], abs=0.051)
    sex = first.features.values[eligible, first.features.names.index("sex_female")]
    count, share = row_of(table, "sex_female").cells[0].figures
    assert count == pytest.approx(np.nansum(sex), abs=2.5)
    assert share == pytest.approx(np.nanmean(sex), abs=0.02)


def test_so_many_missing_values_that_few_patients_are_left_are_not_counted(trained: Training) -> None:
    first, values = trained.landmarks[0], trained.landmarks[0].features.values.copy()
    column = first.features.names.index("age_years")
    values[np.flatnonzero(first.outcomes.eligible)[4:], column] = np.nan
    table = baseline_tables(trained.cohort, replace(first.features, values=values), first.outcomes)[0]
    assert {(cell.missing, len(cell.figures)) for cell in row_of(table, "age_years").cells} <= {(None, 0)}


def test_the_early_course_is_no_baseline_and_what_is_the_same_in_all_has_no_row(tables: list[BaselineTable]) -> None:
    features = [row.feature for row in tables[0].rows]
    assert "distance_to_remission" not in features
    assert "diagnosis_substance_use" not in features
    assert "The same in all patients: " in tables[0].note


def test_counts_are_multiples_of_five_and_no_suppressed_cell_follows_from_the_others(
    trained: Training, tables: list[BaselineTable]
) -> None:
    values, names = trained.landmarks[0].features.values, trained.landmarks[0].features.names
    eligible = trained.landmarks[0].outcomes.eligible
    suppressed = 0
    for table in tables:
        for row in (row for row in table.rows if row.kind == "yes/no"):
            yes = np.nansum(values[eligible, names.index(row.feature)])
            counts = [cell.figures[0] if cell.figures else None for cell in row.cells[1:]]
            shown = [count for count in counts if count is not None]
            assert all(count % 5 == 0 for count in shown)
            assert not [count for count in shown if 0 < count < 10]
            hidden = counts.count(None)
            suppressed += hidden
            if hidden and shown:
                assert hidden > 1
                assert yes - sum(shown) >= 10 - 2.5 * len(shown)
    assert suppressed, "the cohort has rare diagnoses"


def test_a_mean_that_would_show_how_few_have_a_rare_treatment_is_suppressed(tables: list[BaselineTable]) -> None:
    row = row_of(tables[0], "prior_stimulations_not_failed")
    assert (row.kind, row.cells[1].figures) == ("mean", [])


def test_of_nine_patients_there_is_no_table(trained: Training) -> None:
    first = trained.landmarks[0]
    few = np.where(np.arange(len(trained.cohort)) < 9, None, "left out").astype(object)
    assert baseline_tables(trained.cohort, first.features, replace(first.outcomes, ineligible=few)) == []


def test_a_standardised_difference_is_in_pooled_standard_deviations() -> None:
    first, second = np.array([1.0, 3.0]), np.array([2.0, 2.0, np.nan])
    assert standardised_difference(first, second) == pytest.approx(0.0)
    assert standardised_difference(first + 1, second) == pytest.approx(round(1 / np.sqrt((1 + 0) / 2), 2))
    assert standardised_difference(second, second) is None
