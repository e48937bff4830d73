"""The truth of what is asked under the product's own mechanism agrees with what the outcome rules find."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.records.cohort import Cohort
from tests.mechanisms.own import draw_own, true_probabilities, write_own
from tests.mechanisms.test_second import agrees
from tests.mechanisms.true_risks import HORIZONS_DAYS, TrueRisks
from training.cohort.reader import read_cohort
from training.outcomes.labels import EndedBy, derive_outcomes
from training.simulation.cohort import TABLES, simulate_cohort, write_cohort


def test_without_another_seed_the_cohort_is_the_one_that_the_product_simulates(tmp_path: Path) -> None:
    write_cohort(simulate_cohort(200, 8, seed=3), tmp_path / "product", "parquet")
    write_own(draw_own(200, sites_seed=3), tmp_path / "own")
    for name in TABLES:
        one, other = (pd.read_parquet(tmp_path / each / f"{name}.parquet") for each in ("product", "own"))
        pd.testing.assert_frame_equal(one, other)


def test_fresh_patients_come_from_the_sites_of_development() -> None:
    fitted_on, fresh = draw_own(50, sites_seed=4), draw_own(50, sites_seed=4, seed=9)
    assert np.array_equal(fitted_on.sites.amplitude, fresh.sites.amplitude)
    assert not np.array_equal(fitted_on.patients.latent.severity, fresh.patients.latent.severity)


@pytest.mark.parametrize("missing", [0.0, 0.36])
def test_as_many_are_missing_as_asked_for(missing: float) -> None:
    drawn = draw_own(4000, sites_seed=5, missing=missing)
    assert 1 - drawn.follow_up.deciding_observed.mean() == pytest.approx(missing, abs=0.02)


Complete = tuple[Cohort, tuple[TrueRisks, ...], tuple[TrueRisks, ...]]


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Complete:
    """A cohort with nobody lost, its truth, and the truth estimated once more."""
    drawn = draw_own(4000, sites_seed=6, seed=7, missing=0.0)
    folder = tmp_path_factory.mktemp("own")
    write_own(drawn, folder)
    return read_cohort(folder), true_probabilities(drawn, draws=100), true_probabilities(drawn, draws=100, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("landmark", range(3))
def test_of_patients_with_a_true_probability_so_many_have_the_noticed_outcome(
    landmark: int, complete: Complete
) -> None:
    cohort, truth, another = complete[0], complete[1][landmark], complete[2][landmark]
    outcomes = derive_outcomes(cohort, cohort.protocol.landmarks[landmark])
    counts = outcomes.eligible & truth.reached & ~np.isnan(outcomes.remission)
    agrees(truth.remission[counts], outcomes.remission[counts] == 1)
    for position, days in enumerate(HORIZONS_DAYS):
        known = counts & ~np.isnan(outcomes.sustained[:, position])
        agrees(
            truth.sustained[known, position],
            outcomes.sustained[known, position] == 1,
            another.sustained[known, position],
        )
        remitted = known & (outcomes.remission == 1)
        relapsed = (outcomes.ended_by == EndedBy.RELAPSE) & (outcomes.followed_days <= days)
        agrees(truth.relapse[remitted, position], relapsed[remitted], another.relapse[remitted, position])
