"""What MLflow's pages show: headline figures, plain names, links, durations, a card; and metrics of probabilities."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from tests.training.evidences import good_evidence, with_measure
from tests.training.registries import Registry
from training.evidence.document import Estimate
from training.experiment.train import quietly
from training.tracking.links import LOCAL, run_link
from training.tracking.metrics import headline, setting_parameters, slugs_of
from training.tracking.probability_metrics import probability_metrics
from training.tracking.resources import ResourceMeter, log_resources

FROM_VARIABLE = '(after: mlflow ui --backend-store-uri "$MLFLOW_TRACKING_URI")'


def test_the_headline_figures_are_about_a_dozen_and_the_overall_one_is_of_the_last_landmark() -> None:
    evidence = good_evidence()
    found = headline(evidence)
    assert len(found) <= 13
    assert next(iter(found)) == "remission_auc"
    assert found["remission_auc"] == found["remission_auc.before_session_3"]
    assert {f"remission_auc.before_session_{number}" for number in (1, 2, 3)} <= found.keys()


def test_a_headline_figure_that_is_not_defined_is_left_out_and_the_landmark_before_counts() -> None:
    undefined = with_measure(good_evidence(), "auc", Estimate(estimate=None))
    assert not [name for name in headline(undefined) if name.startswith("remission_auc")]


def test_names_of_landmarks_become_different_parts_of_names() -> None:
    assert slugs_of(["before session 3", "Before-session 3", "痛み", "!"]) == [
        *("before_session_3", "before_session_3_2", "痛み", "landmark_4")
    ]


def test_settings_in_sections_are_parameters_with_the_section_in_their_name() -> None:
    settings = {"folds": 5, "tuning": {"search": "grid", "depths": [2, 3]}}
    assert setting_parameters(settings) == {
        "setting.folds": 5,
        "setting.tuning.search": "grid",
        "setting.tuning.depths": [2, 3],
    }


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    registry = Registry(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.address)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(registry.address)
    try:
        yield str(registry.client.create_run("0").info.run_id)
    finally:
        mlflow.set_tracking_uri(before)


def test_the_link_of_a_run_in_a_local_store_says_how_to_open_it(run: str) -> None:
    link = run_link(run)
    assert link.startswith(f"http://127.0.0.1:5000/#/experiments/0/runs/{run} ")
    assert f"mlflow ui --backend-store-uri {mlflow.get_tracking_uri()}" in link


@pytest.mark.parametrize(
    ("store", "link"),
    [
        ("https://mlflow.example/research/", "https://mlflow.example/research/#/experiments/0/runs/{run}"),
        ("https://ada:secret@mlflow.example", "https://mlflow.example/#/experiments/0/runs/{run}"),
        ("postgresql://ada:secret@db.example/mlflow", f"{LOCAL}/#/experiments/0/runs/{{run}} {FROM_VARIABLE}"),
    ],
)
def test_the_link_of_a_run_on_a_server_is_its_page_and_shows_no_password(
    run: str, store: str, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.tracking.links.run_page", lambda run_id: f"#/experiments/0/runs/{run_id}")
    monkeypatch.setattr("training.tracking.links.mlflow.get_tracking_uri", lambda: store)
    assert run_link(run) == link.format(run=run)


def test_stages_and_the_load_of_the_machine_are_recorded_and_no_thread_is_left(run: str) -> None:
    before = set(threading.enumerate())
    with ResourceMeter(every_seconds=0.02) as meter:
        announce = meter.timing(quietly)
        announce("leakage checks", 1)()
        deadline = time.monotonic() + 20
        while len(meter._samples) < 2 and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        announce("measuring", 3)
    assert set(threading.enumerate()) == before
    log_resources(run, meter.use("2 processes of this machine"))
    assert mlflow.get_run(run).data.tags["ran_on"] == "2 processes of this machine"
    metrics = mlflow.get_run(run).data.metrics
    assert metrics["seconds/leakage_checks"] > 0
    assert {"seconds/measuring", "system/cpu_utilization_percentage"} <= metrics.keys()
    assert 0 < metrics["system/system_memory_usage_percentage"] <= 100


def test_metrics_of_probabilities_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    probability = rng.random(200).round(2)
    observed = (rng.random(200) < probability).astype(float)
    found = {
        metric.name: metric.eval_fn(pd.Series(probability), pd.Series(observed)) for metric in probability_metrics()
    }
    expected = {"roc_auc": roc_auc_score, "log_loss": log_loss, "brier": brier_score_loss}
    assert found == pytest.approx({name: score(observed, probability) for name, score in expected.items()}, abs=1e-12)


def test_a_metric_of_probabilities_refuses_rows_without_an_outcome_or_an_answer() -> None:
    for predictions, targets in (([0.5, np.nan], [1.0, 0.0]), ([0.5, 0.5], [1.0, np.nan])):
        with pytest.raises(ValueError, match="1 of 2 rows have no outcome or no probability"):
            probability_metrics()[0].eval_fn(pd.Series(predictions), pd.Series(targets))
