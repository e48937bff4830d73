"""On a synthetic cohort, where the true probabilities are known: how many patients' lie within their 90% intervals.

Promised: 85-95% of patients, for a cohort of 2,500, each answer taken over all landmarks. Two constants of the method,
the weaker penalty of the refits and the allowance for misfit, were chosen by looking at the synthetic cohorts of seeds
7, 11 and 23; they were not chosen by seed 901, the one tried here. The patients of a cohort share what it taught, so
that the share moves by some points from cohort to cohort: of seed 7, measured once, 0.888 for remission, 0.866 to
0.947 for three others, and 0.9502 for relapse by day 182, which is beyond the promise.

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
from models.outcomes import DAYS_PER_WEEK, Floats
from tests.training.trainings import QUICK
from training.provenance import collect_provenance
from training.read_cohort import read_cohort
from training.run import Training, quietly, train
from training.synthetic_cohort import simulate_cohort, write_cohort

pytestmark = pytest.mark.slow

CONFIG = replace(QUICK, candidates=("no_model", "logistic"), folds=2)
SEED = 901


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """By answer: the share of patients whose true probability lies within the interval.

    Over the last landmark, or with ``make coverage`` over all of them.
    """
    folder: Path = tmp_path_factory.mktemp("cohorts") / "synthetic"
    write_cohort(simulate_cohort(2500, 8, SEED), folder, "parquet")
    cohort = read_cohort(folder)
    if "KAP_ALL_LANDMARKS" not in os.environ:
        cohort = replace(cohort, protocol=replace(cohort.protocol, landmarks=cohort.protocol.landmarks[-1:]))
    trained = train(cohort, CONFIG, collect_provenance(), quietly, workers=2)
    truth = pd.read_parquet(folder / "truth.parquet").set_index(["landmark", "patient_id"])
    inside = pd.concat([inside_at(trained, landmark, truth) for landmark in range(len(trained.landmarks))])
    assert len(inside) > 1500
    return {str(name): float(share) for name, share in inside.mean().items()}


def inside_at(trained: Training, landmark: int, truth: pd.DataFrame) -> pd.DataFrame:
    """Per patient who is answered and answer: whether the interval contains the truth."""
    model = trained.bundle.models[landmark]
    features = build_features(trained.cohort, model.landmark)
    answered = np.array([reason is None for reason in features.ineligible])
    true = truth.loc[model.landmark.name].reindex(trained.cohort.patient_ids[answered])
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


def contains(limits: Floats, truth: Floats) -> np.ndarray:
    return (limits[:, 0] <= truth) & (truth <= limits[:, 1])


def test_90_percent_intervals_contain_the_truth_of_85_to_95_percent_of_patients(covered: dict[str, float]) -> None:
    outside = {name: share for name, share in covered.items() if not 0.85 <= share <= 0.95}
    shares = ", ".join(f"{name} {share:.3f}" for name, share in covered.items())
    assert not outside, f"0.85 to 0.95 of patients were promised, and there are: {shares}"
