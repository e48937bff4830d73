"""Every trial of a search is a run below its candidate's, with its parameters and its loss; the best one is fitted."""

from pathlib import Path

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from models.fitting.learners import fit_logistic
from models.settings.sections import TuningSettings
from tests.models.training_sets import drawn_training_data
from training.tracking.search import log_search

FEW = TuningSettings(search="optuna", trials=4)


@pytest.fixture
def client(tmp_path: Path) -> MlflowClient:
    """An empty store."""
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    return MlflowClient()


def test_every_trial_is_a_run_below_its_own_candidate_with_parameters_and_loss(client: MlflowClient) -> None:
    experiment = client.create_experiment("search")
    fitted = fit_logistic(FEW)(drawn_training_data(3, 160, (1.0, -0.5, 0.0), signs=(1, 0, 0)))
    tuned, other = (client.create_run(experiment, run_name=name) for name in ("logistic", "no_model"))
    log_search(tuned.info.run_id, fitted.trials)
    log_search(other.info.run_id, ())
    runs = client.search_runs([experiment], "tags.level = 'trial'")
    assert {run.data.tags["mlflow.parentRunId"] for run in runs} == {tuned.info.run_id}
    assert {run.info.status for run in runs} == {"FINISHED"}
    by_number = {int(run.data.tags["trial"]): run for run in runs}
    assert sorted(by_number) == [1, 2, 3, 4]
    for trial in fitted.trials:
        run = by_number[trial.number + 1]
        assert run.info.run_name == f"trial {trial.number + 1}: logistic"
        assert {name: float(value) for name, value in run.data.params.items()} == dict(trial.parameters)
        assert run.data.metrics == {"inner_loss": trial.loss}
    least = min(runs, key=lambda run: run.data.metrics["inner_loss"])
    assert [run.info.run_id for run in runs if run.data.tags["best"] == "true"] == [least.info.run_id]
    assert {name: str(fitted.parameters[name]) for name in least.data.params} == least.data.params
