"""A candidate of another package by the real commands: trained, shown, promoted or refused, served and audited."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from features.build import build_features
from features.protocol.problems import InputRefusedError
from models.bundle import Bundle, load_bundle
from models.onnx_score import OnnxScore
from models.outcomes import expit
from tests.serving.requests import request_of
from tests.serving.servers import environment_in, running
from tests.training.cli.test_evidence_commands import made_up
from tests.training.commands import SameProcess, refused
from tests.training.own_candidates.packages import MODULE, write_distribution
from training.api.models import predict
from training.cohort.reader import read_cohort
from training.config import load_config
from training.learning.candidates import learner_for
from training.learning.cohort_tasks import tasks_of
from training.outcomes.labels import derive_outcomes

pytestmark = [pytest.mark.slow, pytest.mark.long]

SETTINGS = """
[training]
candidates = ["no_model", {}]
folds = 3
fewest_repeats = 1
most_repeats = 1
draws = 20
"""
WINNER, FOREST = "boosted", f"{MODULE}:Forest"
VERSIONS = {WINNER: "1", FOREST: "2"}


@dataclass(frozen=True)
class OwnTrainings:
    """Two trainings on one cohort: version 1 won by a boosted classifier, version 2 by a forest."""

    place: SameProcess
    cohort: Path
    printed: dict[str, str]
    run_ids: dict[str, str]

    def bundle(self, version: str) -> Bundle:
        return load_bundle(self.bundle_folder(version))

    def bundle_folder(self, version: str) -> Path:
        (folder,) = [
            path
            for path in self.place.folder.glob("mlruns/**/artifacts/bundle")
            if digest_of_bundle(path) == self.tags(version)["bundle_digest"]
        ]
        return folder

    def tags(self, version: str) -> dict[str, str]:
        return dict(MlflowClient(self.place.store).get_model_version("kap-outcomes", version).tags)


def digest_of_bundle(folder: Path) -> str:
    return (folder / "bundle.sha256").read_text().strip()


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnTrainings]:
    """The module is installed beside the project, of which no file is touched."""
    place = SameProcess(tmp_path_factory.mktemp("own"))
    write_distribution(place.folder)
    cohort = made_up(place.folder / "cohort", 400, 3, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(place.folder)
        printed, run_ids = {}, {}
        for name, others in ((WINNER, '"boosted"'), (FOREST, f'"{FOREST}", "{MODULE}:cox"')):
            (place.folder / "own.toml").write_text(SETTINGS.format(others))
            done = place.kap("train", cohort, "--config", "own.toml", "--workers", "1", "--quick")
            assert done.returncode == 0, done.stderr
            printed[name] = done.stdout
            found = MlflowClient(place.store).get_model_version("kap-outcomes", VERSIONS[name])
            run_ids[name] = str(found.run_id)
        yield OwnTrainings(place, cohort, printed, run_ids)
        sys.modules.pop(MODULE, None)


def test_a_training_says_what_is_research_only(trainings: OwnTrainings) -> None:
    assert "research only" not in trainings.printed[WINNER]
    assert "research only: its answers through ONNX differ by up to" in trainings.printed[FOREST]
    tags = trainings.tags("2")
    assert tags["research_only"].startswith(f"before session 3, remission: {FOREST}: its answers through ONNX differ")


def test_origin_and_parameters_are_recorded(trainings: OwnTrainings) -> None:
    client = MlflowClient(trainings.place.store)
    assert client.get_run(trainings.run_ids[WINNER]).data.tags["candidate.boosted"] == "growing-forests 1.2"
    tags = client.get_run(trainings.run_ids[FOREST]).data.tags
    assert tags[f"candidate.{MODULE}.cox"] == "growing-forests 1.2"
    runs = client.search_runs(
        [client.get_run(trainings.run_ids[FOREST]).info.experiment_id], f"tags.candidate = '{FOREST}'"
    )
    assert runs[0].data.params["min_samples_leaf"] == "10"
    assert "auc" in runs[0].data.metrics


def test_the_report_shows_them_beside_the_others(trainings: OwnTrainings) -> None:
    mlflow.set_tracking_uri(trainings.place.store)
    report = mlflow.artifacts.load_text(f"runs:/{trainings.run_ids[FOREST]}/report.html")
    assert FOREST in report
    assert "research only" in report


def test_a_report_written_again_names_the_same_origins_and_what_is_research_only(trainings: OwnTrainings) -> None:
    mlflow.set_tracking_uri(trainings.place.store)
    recorded = mlflow.artifacts.load_text(f"runs:/{trainings.run_ids[FOREST]}/report.html")
    written = trainings.place.folder / "again.html"
    done = trainings.place.kap("report", "2", "--out", written)
    assert done.returncode == 0, done.stderr
    tags = MlflowClient(trainings.place.store).get_run(trainings.run_ids[FOREST]).data.tags
    origins = {name: origin for name, origin in tags.items() if name.startswith("candidate.")}
    assert origins.keys() == {f"candidate.{FOREST.replace(':', '.')}", f"candidate.{MODULE}.cox"}
    for report in (one.replace("<wbr>", "") for one in (recorded, written.read_text(encoding="utf-8"))):
        for name, origin in origins.items():
            assert re.search(rf">{re.escape(name)}</th>\s*<td[^>]*>{re.escape(origin)}<", report)
        assert f"Research only: {FOREST}, for remission before session 3" in report
        assert f"Not fitted: {MODULE}:cox, for remission before session 3: it does not predict remission." in report
        assert "Not fitted: gradient-boosted trees (XGBoost), for every head: " in report


def test_a_research_only_version_is_never_promoted(trainings: OwnTrainings) -> None:
    words = ("promote", "2", "--reason", "try the forest")
    for more in ((), ("--override", "--by", "A. Tester")):
        done = trainings.place.kap(*words, *more)
        assert done.returncode != 0
        said = done.stdout + done.stderr
        assert "there is nothing to serve" in said
        assert "candidates that can be exported" in said
    assert trainings.bundle("2").models[0].remission is None, "no other candidate answers in its place"


def test_a_research_only_version_answers_nobody(trainings: OwnTrainings, tmp_path: Path) -> None:
    (tmp_path / "patient.json").write_text("{}")
    for words in (
        ("predict", tmp_path / "patient.json", "--model", "2"),
        ("score", trainings.cohort, "--out", tmp_path / "scores.csv", "--model", "2"),
        ("evaluate", "2", trainings.cohort),
        ("recalibrate", "2", trainings.cohort, "--reason", "another site"),
    ):
        assert "research only" in refused(trainings.place.kap(*words), 2)


def test_mlflow_and_python_get_no_answer_of_a_research_only_version_either(trainings: OwnTrainings) -> None:
    mlflow.set_tracking_uri(trainings.place.store)
    served = mlflow.pyfunc.load_model("models:/kap-outcomes/2")
    example = served.input_example
    with pytest.raises(ValueError, match="research only"):
        served.predict(example)
    bundle = trainings.bundle("2")
    with pytest.raises(InputRefusedError) as refusal:
        predict(bundle, read_cohort(trainings.cohort, bundle.protocol))
    assert "research only" in refusal.value.problems[0].found
    card = MlflowClient(trainings.place.store).get_model_version("kap-outcomes", "2").description
    assert "research only" in str(card).lower()


def test_the_bundle_holds_an_onnx_file_and_no_code(trainings: OwnTrainings) -> None:
    folder = trainings.bundle_folder("1")
    assert (folder / "landmark_1_remission.onnx").is_file()
    assert {path.suffix for path in folder.iterdir()} == {".json", ".npz", ".onnx", ".sha256"}


def original(trainings: OwnTrainings) -> tuple[np.ndarray, np.ndarray]:
    """Days of the landmark, and P(remission) of the estimator that was converted, for every patient."""
    cohort = read_cohort(trainings.cohort)
    config = load_config(trainings.place.folder / "first.toml")
    (landmark,) = cohort.protocol.landmarks
    features, outcomes = build_features(cohort, landmark), derive_outcomes(cohort, landmark)
    (task, _) = tasks_of(cohort, [features], [outcomes], config)[0]
    head, _ = task.fit(learner_for(WINNER, task, config), np.ones(len(cohort), dtype=np.bool_))
    recorded = trainings.bundle("1").models[0].remission
    assert recorded is not None
    assert isinstance(recorded.score, OnnxScore)
    log_odds = recorded.baseline + recorded.slope * head.score.predict(features.values)
    return features.day, expit(log_odds)


def test_a_converted_classifier_is_promoted_and_served_with_the_originals_answers(trainings: OwnTrainings) -> None:
    done = trainings.place.kap(
        "promote", "1", "--reason", "the first of another package", "--override", "--by", "A. Tester"
    )
    assert done.returncode == 0, done.stderr
    (trainings.place.folder / "first.toml").write_text(SETTINGS.format('"boosted"'))
    day, probability = original(trainings)
    cohort = read_cohort(trainings.cohort)
    reached = np.flatnonzero(~np.isnan(day))[:12]
    documents = [request_of(cohort, int(patient), int(day[patient])) for patient in reached]
    with running(trainings.place.folder, environment=environment_in(trainings.place.folder)) as server:
        answers = [server.client.post("/v1/predict", json=document).json() for document in documents]
        batch = server.client.post("/v1/predict_batch", json={"requests": documents}).json()["answers"]
    predicted = [place for place, answer in enumerate(answers) if answer["outcome"] == "predicted"]
    assert len(predicted) >= 10
    for place in predicted:
        expected = float(probability[reached[place]])
        assert answers[place]["remission"]["probability"] == pytest.approx(expected, abs=1e-6)
        assert batch[place]["remission"]["probability"] == pytest.approx(expected, abs=1e-6)
        reasons = answers[place]["reasons"]["remission"]
        added = reasons["start"] + sum(one["contribution"] for one in reasons["contributions"])
        assert expit(np.array(added)) == pytest.approx(expected, abs=1e-6)


def test_an_audit_retrains_with_it_and_names_another_version(trainings: OwnTrainings, tmp_path: Path) -> None:
    done = trainings.place.kap("audit", "verify", trainings.run_ids[WINNER], "--data", trainings.cohort)
    assert "the same bundle byte for byte" in done.stdout, done.stdout + done.stderr
    about = trainings.place.folder / "growing_forests-1.2.dist-info" / "METADATA"
    text = about.read_text()
    about.write_text(text.replace("Version: 1.2", "Version: 1.3"))
    try:
        done = trainings.place.kap("audit", "verify", trainings.run_ids[WINNER])
        assert "candidate boosted: training growing-forests 1.2, now growing-forests 1.3" in done.stdout
    finally:
        about.write_text(text)


def test_scores_of_a_cohort_are_those_of_the_converted_model(trainings: OwnTrainings, tmp_path: Path) -> None:
    done = trainings.place.kap("score", trainings.cohort, "--out", tmp_path / "scores.csv", "--model", "1")
    assert done.returncode == 0, done.stderr
    assert pd.read_csv(tmp_path / "scores.csv")["remission"].notna().any()
