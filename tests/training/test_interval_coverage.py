"""On a synthetic cohort, where the true probabilities are known: how many patients' lie within their 90% intervals.

Promised: 85-95% of patients, for a cohort of 2,500, each answer taken over all landmarks. A head that gives everybody
the average has no interval; here the regression answers for it, as if it had won, so that every kind of answer is
tried. The truth is the onset of relapse as if nothing competed, and the model answers when relapse is noticed, beside
competing events: what lies between the two counts against the intervals.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.build import build_features
from features.cohort import Cohort
from models.outcome_model import OutcomeModel
from models.outcomes import DAYS_PER_WEEK, Floats
from tests.training.trainings import QUICK
from training.fit import HeadFit
from training.provenance import collect_provenance
from training.read_cohort import read_cohort
from training.refits import fit_refits
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
    models = answering_by_regression(trained)
    inside = pd.concat([inside_at(cohort, model, truth.loc[model.landmark.name]) for model in models])
    assert len(inside) > 1500
    return {str(name): float(share) for name, share in inside.mean().items()}


def answering_by_regression(trained: Training) -> list[OutcomeModel]:
    """The models of all landmarks with the regression in place of an average, and its refits."""
    heads = [{name: _by_regression(fit) for name, fit in found.heads.items()} for found in trained.landmarks]
    refits = fit_refits(heads, trained.cohort.site, trained.config, lambda: None, 2)
    return [
        replace(model, refits=found, **{name: fit.head for name, fit in own.items()})  # type: ignore[arg-type]
        for model, found, own in zip(trained.bundle.models, refits, heads, strict=True)
    ]


def _by_regression(fit: HeadFit) -> HeadFit:
    if fit.winner != "no_model":
        return fit
    assert fit.choice is not None
    return replace(fit, head=fit.candidates["logistic"].head, choice=replace(fit.choice, winner="logistic"))


def inside_at(cohort: Cohort, model: OutcomeModel, truth: pd.DataFrame) -> pd.DataFrame:
    """Per patient who is answered and answer: whether the interval contains the truth of the model's landmark."""
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


def contains(limits: Floats, truth: Floats) -> np.ndarray:
    return (limits[:, 0] <= truth) & (truth <= limits[:, 1])


def test_90_percent_intervals_contain_the_truth_of_85_to_95_percent_of_patients(covered: dict[str, float]) -> None:
    outside = {name: share for name, share in covered.items() if not 0.85 <= share <= 0.95}
    shares = ", ".join(f"{name} {share:.3f}" for name, share in covered.items())
    assert not outside, f"0.85 to 0.95 of patients were promised, and there are: {shares}"
