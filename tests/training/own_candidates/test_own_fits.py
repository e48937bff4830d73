"""Estimators of other packages are fitted, held out and compared as the built-in candidates are."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from features.catalogue import catalogue
from features.protocol.document import Protocol
from features.protocol.problems import InputRefusedError
from features.records.timeline import Floats
from models.onnx_score import OnnxScore
from models.outcomes import expit
from tests.places import ROOT
from tests.training.trainings import QUICK, drawn_relapses, remission_with
from training.config import TrainingConfig
from training.description.importance import importances
from training.learning.answered_rows import with_answers_only
from training.learning.candidates import learner_for
from training.learning.fit import HeadFit, fit_heads
from training.learning.own_candidates.classifier import EstimatorScore, classifier_learner
from training.learning.own_candidates.survival import CurveScore, OwnRelapseHead, SurvivalLearner
from training.learning.refit_check import check_refit
from training.learning.relapse_task import RelapseTask
from training.learning.splits import Folds, draw_folds
from training.learning.tasks import RemissionTask

NAME = "growing_forests"


def configured(*names: str) -> TrainingConfig:
    return replace(QUICK, candidates=("no_model", *(f"{NAME}:{name}" for name in names)))


def folds_of(task: RemissionTask | RelapseTask, config: TrainingConfig) -> Folds:
    number = len(task.fitted_on)
    happened = task.remission if isinstance(task, RemissionTask) else task.relapsed
    return draw_folds(np.asarray(happened, dtype=np.intp), np.zeros(number, dtype=np.intp), ("a",), config)


def fitted_heads(task: RemissionTask | RelapseTask, config: TrainingConfig) -> HeadFit:
    (fit,) = fit_heads([task], folds_of(task, config), config, lambda: None, workers=1)
    return fit


def test_a_forest_is_held_out_like_any_candidate_and_is_research_only(module: Path) -> None:
    task = remission_with(120, 300, effect=3.0)
    task.training_data.rows[::7, 1] = np.nan
    fit = fitted_heads(task, configured("Forest"))
    forest = fit.candidates[f"{NAME}:Forest"]
    assert fit.winner == f"{NAME}:Forest"
    assert forest.measures["auc"] > 0.8
    assert sum(len(out.patient) for out in forest.held_out[0]) == 300
    assert "differ" in fit.research_only
    assert f"research only: {fit.research_only}" in fit.note
    again = check_refit([fit], folds_of(task, configured("Forest")), configured("Forest"), workers=1)
    assert again.identical


def test_a_classifiers_probability_is_its_own(module: Path) -> None:
    """A baseline refitted to the patients it was fitted on would be wrong for anyone else."""
    task = remission_with(120, 300, effect=3.0)
    config = configured("Forest")
    head, _ = task.fit(learner_for(f"{NAME}:Forest", task, config), np.ones(300, dtype=np.bool_))
    assert isinstance(head.score, EstimatorScore)
    assert head.baseline == 0.0
    rows = task.training_data.rows
    assert expit(head.score.predict(rows)) == pytest.approx(head.score.estimator.predict_proba(rows)[:, 1])


class Certain:
    """Says 0 or 1, and remembers what it was given."""

    classes_ = np.array([0, 1])

    def fit(self, rows: Floats, outcome: Any, sample_weight: Any = None) -> "Certain":
        self.rows, self.weight = rows, sample_weight
        return self

    def predict_proba(self, rows: Floats) -> Floats:
        return np.column_stack([rows[:, 0] <= 0, rows[:, 0] > 0]).astype(np.float64)


def test_certainty_is_held_to_half_an_event_among_the_training_patients() -> None:
    task = remission_with(60, 100)
    head, _ = task.fit(classifier_learner("certain", Certain), np.ones(100, dtype=np.bool_))
    probability = expit(head.score.predict(task.training_data.rows))
    assert sorted(set(np.round(probability, 12))) == pytest.approx([0.5 / 101, 1 - 0.5 / 101], rel=0.01)


def test_missing_values_become_medians_and_indicators_where_an_estimator_takes_none() -> None:
    task = remission_with(60, 100)
    task.training_data.rows[:10, 1] = np.nan
    median = np.median(task.training_data.rows[10:, 1].astype(np.float32).astype(np.float64))
    head, _ = task.fit(classifier_learner("certain", Certain), np.ones(100, dtype=np.bool_))
    assert isinstance(head.score, EstimatorScore)
    given = head.score.estimator.rows
    assert given.shape == (100, 4)
    assert (given[:, 1] == median).sum() == 10 == given[:, 3].sum()
    assert (head.score.estimator.weight == 1).all()


def test_a_feature_left_out_changes_no_answer_of_naive_bayes() -> None:
    """A column of one value has almost no variance: naive Bayes would be certain of a patient with another one."""
    task = remission_with(60, 100)
    recorded = task.training_data.rows.copy()
    task.training_data.rows[:, 1] = np.nan
    head, _ = task.fit(classifier_learner("bayes", GaussianNB), np.ones(100, dtype=np.bool_))
    assert (head.score.predict(recorded) == head.score.predict(task.training_data.rows)).all()


def test_the_importance_of_features_of_a_converted_winner_is_described(module: Path) -> None:
    task = remission_with(120, 300, effect=3.0)
    fit = fitted_heads(task, configured("boosted"))
    assert fit.winner == f"{NAME}:boosted"
    assert fit.head is not None
    found = importances(fit.head.score, fit, catalogue(Protocol())[:2], seed=7)
    assert (found[0].loss_increase or 0.0) > 0.05


def test_the_rows_whose_answers_are_kept_are_not_shown_in_an_error() -> None:
    task = remission_with(60, 100)
    head, _ = task.fit(classifier_learner("bayes", GaussianNB), np.ones(100, dtype=np.bool_))
    kept = with_answers_only(head, task.training_data.rows[:10])
    with pytest.raises(LookupError) as refused:
        kept.score.predict(task.training_data.rows[10:12])
    assert str(refused.value) == "a row is not among those whose answers were kept"


def test_a_fit_that_fails_names_its_place_and_no_value(module: Path) -> None:
    task = remission_with(60, 100)
    with pytest.raises(InputRefusedError) as refused:
        task.fit(learner_for(f"{NAME}:Failing", task, configured("Failing")), np.ones(100, dtype=np.bool_))
    assert f"ValueError in {NAME}.py, line" in refused.value.problems[0].found


class BrokenClassifier(Certain):
    """Fails with a patient's value in the message when it is asked."""

    def predict_proba(self, rows: Floats) -> Floats:
        raise ValueError(f"what is {rows[0, 0]}?")


def test_a_prediction_that_fails_names_its_place_and_no_value() -> None:
    task = remission_with(60, 100)
    head, _ = task.fit(classifier_learner("broken", BrokenClassifier), np.ones(100, dtype=np.bool_))
    with pytest.raises(InputRefusedError) as refused:
        head.score.predict(task.training_data.rows)
    assert "ValueError in test_own_fits.py, line" in refused.value.problems[0].found


def test_a_boosted_classifier_is_converted_and_answers_as_the_original(module: Path) -> None:
    task = remission_with(120, 300, effect=3.0)
    task.training_data.rows[::5, 0] = np.nan
    config = configured("boosted", "gradient")
    fit = fitted_heads(task, config)
    for name in (f"{NAME}:boosted", f"{NAME}:gradient"):
        head = fit.candidates[name].head
        original, _ = task.fit(learner_for(name, task, config), np.ones(300, dtype=np.bool_))
        assert isinstance(head.score, OnnxScore)
        assert not fit.candidates[name].research_only
        rows = task.training_data.rows
        assert expit(head.score.predict(rows)) == pytest.approx(expit(original.score.predict(rows)), abs=1e-6)


def test_a_cox_model_has_the_curves_of_scikit_survival_at_the_ends_of_its_bands(module: Path) -> None:
    task = drawn_relapses(300, effect=1.5)
    learner = SurvivalLearner("cox", lambda: CoxPHSurvivalAnalysis(alpha=0.1))
    head, _ = task.fit(learner, np.ones(300, dtype=np.bool_))
    rows = task.training_data.rows
    event, time = task.relapsed[task.at_risk], task.followed[task.at_risk]
    plain = CoxPHSurvivalAnalysis(alpha=0.1).fit(rows, Surv.from_arrays(event, time))
    days = head.edges[1:] * 7
    expected = np.array([curve(np.minimum(days, curve.x[-1])) for curve in plain.predict_survival_function(rows)])
    assert isinstance(head, OwnRelapseHead)
    assert head.curve(rows, days).event_free == pytest.approx(expected, abs=0.01)


def test_a_cox_model_wins_where_it_is_right_and_is_research_only(module: Path) -> None:
    task = drawn_relapses(400, effect=1.5)
    fit = fitted_heads(task, replace(configured("cox"), candidates=("no_model", "one_variable", f"{NAME}:cox")))
    cox, built_in = fit.candidates[f"{NAME}:cox"], fit.candidates["one_variable"]
    assert cox.loss == pytest.approx(built_in.loss, abs=0.08)
    assert cox.measures["c_index"] == pytest.approx(built_in.measures["c_index"], abs=0.02)
    assert "survival estimator" in cox.research_only
    assert isinstance(cox.head.score, CurveScore)


class IncidenceEstimator:
    """A known cumulative incidence of relapse and of competing events, the same for all."""

    def fit(self, rows: Floats, outcome: Any) -> "IncidenceEstimator":
        assert set(outcome.columns) == {"event", "duration"}
        return self

    def predict_cumulative_incidence(self, rows: Floats, times: Floats) -> Floats:
        relapse, competing = 0.4 * (1 - 0.99**times), 0.2 * (1 - 0.99**times)
        return np.tile(np.stack([1 - relapse - competing, relapse, competing]), (len(rows), 1, 1))


def test_cumulative_incidence_of_both_kinds_of_event_is_kept() -> None:
    task = drawn_relapses(300)
    head, _ = task.fit(SurvivalLearner("incidence", IncidenceEstimator), np.ones(300, dtype=np.bool_))
    days = head.edges[1:] * 7
    curve = head.curve(task.training_data.rows[:3], days)
    assert curve.relapse == pytest.approx(np.tile(0.4 * (1 - 0.99**days), (3, 1)))
    assert curve.event_free == pytest.approx(np.tile(1 - 0.6 * (1 - 0.99**days), (3, 1)))


def test_recalibration_stretches_a_patients_mean_hazard_and_keeps_the_shape() -> None:
    task = drawn_relapses(300, effect=1.5)
    learner = SurvivalLearner("cox", lambda: CoxPHSurvivalAnalysis(alpha=0.1))
    head, _ = task.fit(learner, np.ones(300, dtype=np.bool_))
    rows = task.training_data.rows[:5]
    before = head.baselines(rows) + head.linear_predictor(rows)[:, None]
    after = replace(head, slope=2.0, baseline=head.baseline + 0.1)
    stretched = after.baselines(rows) + after.linear_predictor(rows)[:, None]
    assert stretched - before == pytest.approx(np.tile(head.score.predict(rows)[:, None] + 0.1, before.shape[1]))


SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from tests.training.own_candidates.test_own_fits import configured, folds_of
from tests.training.trainings import remission_with
from training.learning.fit import fit_heads
if __name__ == "__main__":
    task, config = remission_with(60, 120, effect=3.0), configured("Forest")
    (fit,) = fit_heads([task], folds_of(task, config), config, lambda: None, workers=2)
    print(fit.candidates["growing_forests:Forest"].measures["auc"])
"""


@pytest.mark.long
def test_worker_processes_find_a_module_of_the_current_folder(module: Path) -> None:
    (module / "script.py").write_text(SCRIPT.format(root=str(ROOT)))
    done = subprocess.run([sys.executable, "script.py"], cwd=module, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0.8
