"""A cohort as it should be yields no warning, and the published cohorts none that is not true of them."""

import time

import numpy as np
import pytest

from features.records.cohort import Cohort
from tests.places import COHORTS
from tests.training.plausibility.rated_cohorts import INDEX, found, rated_courses
from training.cohort.reader import read_cohort
from training.plausibility.findings import findings
from training.plausibility.score_table import score_table
from training.simulation.cohort import simulate_cohort, write_cohort

TRUE_OF_THE_SYNTHETIC_COHORT = {"after_withdrawal"}
"""Its last calls may come after a withdrawal; they are counted and date no outcome."""

TRUE_OF_PUBLISHED_COHORTS = {name: {"history_without_outcome"} for name in ("beat_the_blues", "uis")}
"""They have earlier treatments, and nothing of what these achieved."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("large")
    write_cohort(simulate_cohort(6000, 8, 11), folder, "parquet")
    return read_cohort(folder)


@pytest.mark.parametrize("patients", [15, 60, 250, 1000, 6000])
def test_a_synthetic_cohort_of_any_size_yields_no_false_alarm(large: Cohort, patients: int) -> None:
    some = large.take(np.arange(len(large))[:: len(large) // patients])
    assert found(some).keys() <= TRUE_OF_THE_SYNTHETIC_COHORT


@pytest.mark.parametrize("name", ["beat_the_blues", "antidepressant_trial", "uis", "rotterdam", "gbsg"])
def test_a_published_cohort_yields_no_warning_that_is_not_true_of_it(name: str) -> None:
    if not COHORTS.is_dir():
        pytest.skip(f"the published cohorts are not at {COHORTS}")
    assert found(read_cohort(COHORTS / name)).keys() == TRUE_OF_PUBLISHED_COHORTS.get(name, set())


@pytest.mark.parametrize(("mean", "deviation"), [(4, 3), (8, 3), (11, 4), (14, 2), (18, 3)])
@pytest.mark.parametrize("patients", [30, 300, 3000])
def test_normal_scores_of_any_level_have_no_edge_and_no_gap(mean: float, deviation: float, patients: int) -> None:
    """A course of treatment from 4 points above the mean to the mean, on the GAD-7."""
    rng = np.random.default_rng(5)
    for _ in range(3):
        ends = np.clip(np.rint(rng.normal(mean, deviation, patients)), 0, 21).tolist()
        assert not found(rated_courses([{0: min(end + 4, 21), 30: end} for end in ends], protocol=INDEX))


def test_findings_and_table_of_a_large_cohort_take_little_time(large: Cohort) -> None:
    """About 0.8 s for 100,000 patients with 1.2 million ratings; here for 6,000 with 115,000, with room to spare."""
    started = time.perf_counter()
    findings(large)
    score_table(large)
    assert time.perf_counter() - started < 2.0
