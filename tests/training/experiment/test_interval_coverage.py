"""On a synthetic cohort, where the true probabilities are known: how many patients' lie within their 90% intervals.

Promised: at least 85% of the patients whose answer has an interval, over cohorts of 2,500 together. Meant: at most 95%;
limits of relapse hold more under this mechanism. The patients of one
cohort share its models, so that the share of a single cohort moves by up to ten points. A head that gives everybody
the average has no interval, and its patients are not counted. No constant of the method was chosen by the cohorts tried
here; their figures were looked at when this test was written.

The truth is the onset of relapse as if nothing competed, and the model answers when relapse is noticed, beside
competing events: what lies between the two counts against the intervals.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.build import build_features
from features.records.cohort import Cohort
from models.outcome_model import OutcomeModel
from models.outcomes import DAYS_PER_WEEK, Floats
from tests.training.trainings import QUICK
from training.cohort.reader import read_cohort
from training.experiment.train import quietly, train
from training.provenance import collect_provenance
from training.simulation.cohort import simulate_cohort, write_cohort

pytestmark = pytest.mark.long

CONFIG = replace(QUICK, candidates=("no_model", "logistic"), folds=2)
SEEDS = range(901, 907)


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """By answer: the share of patients whose true probability lies within the interval, of those who have one.

    Over the last landmark, or with ``make coverage`` over all of them.
    """
    inside = pd.concat([inside_of(seed, tmp_path_factory.mktemp("cohorts") / "synthetic") for seed in SEEDS])
    assert (inside.notna().sum() > 3000).all()
    return {str(name): float(share) for name, share in inside.mean().items()}


def inside_of(seed: int, folder: Path) -> pd.DataFrame:
    """Per patient of a cohort, landmark and answer: see ``inside_at``."""
    write_cohort(simulate_cohort(2500, 8, seed), folder, "parquet")
    cohort = read_cohort(folder)
    if "KAP_ALL_LANDMARKS" not in os.environ:
        cohort = replace(cohort, protocol=replace(cohort.protocol, landmarks=cohort.protocol.landmarks[-1:]))
    trained = train(cohort, CONFIG, collect_provenance(), quietly, workers=2)
    truth = pd.read_parquet(folder / "truth.parquet").set_index(["landmark", "patient_id"])
    return pd.concat([inside_at(cohort, model, truth.loc[model.landmark.name]) for model in trained.bundle.models])


def inside_at(cohort: Cohort, model: OutcomeModel, truth: pd.DataFrame) -> pd.DataFrame:
    """Per patient who is answered and answer: whether the interval contains the truth; NaN without an interval."""
    features = build_features(cohort, model.landmark)
    answered = np.array([reason is None for reason in features.ineligible])
    true = truth.reindex(cohort.patient_ids[answered])
    found = model.predict(features.values[answered], with_curve=False).interval
    assert found is not None
    remission = true["true_remission"].to_numpy()
    inside = {"remission": contains(found.remission, remission)}
    for position, days in enumerate(model.horizons_days):
        relapse = true[f"true_relapse_week_{days // DAYS_PER_WEEK}"].to_numpy()
        inside[f"relapse by day {days}"] = contains(found.relapse[:, position], relapse)
        sustained = remission * (1 - relapse)
        inside[f"sustained to day {days}"] = contains(found.sustained[:, position], sustained)
    return pd.DataFrame(inside)[true["true_remission"].notna().to_numpy()]


def contains(limits: Floats, truth: Floats) -> Floats:
    inside = (limits[:, 0] <= truth) & (truth <= limits[:, 1])
    return np.where(np.isnan(limits[:, 0]), np.nan, inside)


def shown(covered: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.3f}" for name, share in covered.items())


def test_90_percent_intervals_contain_the_truth_of_at_least_85_percent_of_patients(covered: dict[str, float]) -> None:
    assert min(covered.values()) >= 0.85, f"0.85 of patients were promised, and there are: {shown(covered)}"


@pytest.mark.xfail(strict=True, reason="limits of relapse are too wide under this mechanism: see models/README.md")
def test_90_percent_intervals_contain_the_truth_of_at_most_95_percent_of_patients(covered: dict[str, float]) -> None:
    assert max(covered.values()) <= 0.95, f"at most 0.95 of patients are meant, and there are: {shown(covered)}"
