"""From a cohort to the model that answers, by the real commands, with fresh stores of MLflow and BentoML."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from features.build import build_features
from models.bundle import load_bundle
from serving.prediction.offline import predict_json
from tests.places import ROOT
from tests.serving.requests import example
from tests.training.commands import SameProcess, Workplace, refused
from training.cohort.reader import read_cohort
from training.evidence.document import read_evidence

pytestmark = pytest.mark.slow

MODEL = "kap-outcomes"
SETTINGS = """
[training]
candidates = ["no_model", "logistic"]
folds = 3
fewest_repeats = 1
most_repeats = 1
draws = 20
"""
CANDIDATES = ("no_model", "logistic")
REMISSION = {"auc", "log_loss", "brier", "calibration_intercept", "calibration_slope"}
RELAPSE = {"c_index", "integrated_brier"}
REASON = "first model that we look at"
PYFUNC = """
import sys, mlflow, pandas
sys.dont_write_bytecode = False
model = mlflow.pyfunc.load_model("models:/kap-outcomes@champion")
model.predict(pandas.read_parquet(sys.argv[1])).to_parquet(sys.argv[2])
"""
EVALUATED = """
import json, mlflow, numpy, pandas, sys
sys.dont_write_bytecode = False
from training.tracking.probability_metrics import probability_metrics
rows = pandas.read_parquet(sys.argv[1])
frame = rows.assign(outcome=(numpy.arange(len(rows)) % 3 == 0).astype(float)).head(60)
champion = "models:/kap-outcomes@champion"
mlflow.set_experiment("evaluations by MLflow")
classes = mlflow.models.evaluate(
    champion, frame, targets="outcome", model_type="classifier", model_config={"answer": "remission_class"},
    evaluator_config={"log_model_explainability": False},
)
found = mlflow.models.evaluate(
    champion, frame, targets="outcome", predictions="remission", evaluators="default",
    extra_metrics=probability_metrics(),
)
best = mlflow.search_runs(
    experiment_names=["kap-outcomes/kap-synthetic"], filter_string="tags.level = 'training'",
    order_by=["metrics.remission_auc DESC"],
)
print(json.dumps({"classes": sorted(classes.metrics), "found": found.metrics, "best": best.run_id[0]}))
"""
SERVED = """
import bentoml, json
model = bentoml.models.get("kap-outcomes:latest")
print(json.dumps({"path": model.path, "labels": dict(model.info.labels), "tag": str(model.tag)}))
"""


@dataclass(frozen=True)
class TrackedRun:
    """What ``kap train`` left: its answer, and a client of its store."""

    place: Workplace
    here: SameProcess
    cohort: Path
    answer: dict[str, Any]
    client: MlflowClient

    def runs(self, level: str) -> list[Run]:
        experiments = [experiment.experiment_id for experiment in self.client.search_experiments()]
        return list(self.client.search_runs(experiments, f"tags.level = '{level}'", max_results=200))

    def text(self, artifact: str) -> str:
        """An artifact of the training's run."""
        return Path(self.client.download_artifacts(self.answer["run_id"], artifact)).read_text()


@pytest.fixture(scope="module")
def recorded(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> TrackedRun:
    place = Workplace(tmp_path_factory.mktemp("workplace"))
    (place.folder / "quick.toml").write_text(SETTINGS)
    done = place.kap("train", simulated, "--json", "--config", "quick.toml", "--workers", "1")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    return TrackedRun(place, SameProcess(place.folder), simulated, answer, MlflowClient(tracking_uri=place.store))


@pytest.fixture(scope="module")
def promoted(recorded: TrackedRun) -> dict[str, Any]:
    """BentoML's entry after the promotion of version 1."""
    done = recorded.place.kap("promote", "1", "--reason", REASON, "--override", "--by", "Ada")
    assert done.returncode == 0, done.stderr
    served = recorded.place.python(SERVED)
    assert served.returncode == 0, served.stderr
    return dict(json.loads(served.stdout.splitlines()[-1]))


def test_the_last_line_is_one_json_object_of_held_out_figures(recorded: TrackedRun) -> None:
    assert set(recorded.answer) == {"run_id", "model_version", "reference", "report", "link", "landmarks"}
    assert recorded.answer["reference"] == f"{MODEL}/1"
    assert recorded.answer["run_id"] in recorded.answer["link"]
    assert recorded.answer["model_version"] == "1"
    assert len(recorded.answer["landmarks"]) == 3
    for landmark in recorded.answer["landmarks"]:
        assert set(landmark) == {"name", "remission", "relapse"}
        for head, measures in (("remission", REMISSION), ("relapse", RELAPSE)):
            assert set(landmark[head]) == {"n", "events", "winner", "note", "candidates"}
            assert tuple(landmark[head]["candidates"]) == CANDIDATES
            assert all(set(figures) == measures for figures in landmark[head]["candidates"].values())


def test_a_training_is_one_run_with_a_run_per_landmark_head_and_candidate_below_it(recorded: TrackedRun) -> None:
    (top,) = recorded.runs("training")
    assert top.info.run_id == recorded.answer["run_id"]
    assert top.info.status == "FINISHED"
    above = {top.info.run_id}
    for level, number in (("landmark", 3), ("head", 3 * 2), ("candidate", 3 * 2 * 2)):
        runs = recorded.runs(level)
        assert len(runs) == number
        assert {run.data.tags["mlflow.parentRunId"] for run in runs} == above
        above = {run.info.run_id for run in runs}


def test_what_was_found_in_the_cohort_is_recorded_without_a_patient(recorded: TrackedRun) -> None:
    check = json.loads(recorded.text("cohort_check.json"))
    assert check.keys() == {
        *("format", "findings", "scores", "repairs", "not_read", "import_digest", "import_agreement")
    }
    assert check["import_digest"] is check["import_agreement"] is None
    assert {finding["severity"] for finding in check["findings"]} <= {"warning"}
    assert {scores["instrument"] for scores in check["scores"]} >= {"gad7", "phq9"}
    assert "SYN-" not in recorded.text("cohort_check.json")
    (top,) = recorded.runs("training")
    assert "import_digest" not in top.data.tags


def test_the_figures_recorded_are_those_answered(recorded: TrackedRun) -> None:
    answered = {landmark["name"]: landmark for landmark in recorded.answer["landmarks"]}
    for run in recorded.runs("candidate"):
        tags = run.data.tags
        figures = answered[tags["landmark"]][tags["head"]]["candidates"][tags["candidate"]]
        for name, value in figures.items():
            assert run.data.metrics.get(name) == value, name  # not defined is null there, and left out here
        per_fold = recorded.client.get_metric_history(run.info.run_id, f"fold.{min(figures)}")
        assert [metric.step for metric in per_fold] == [0, 1, 2]


def test_the_winners_figures_are_the_same_in_the_answer_the_summary_the_runs_and_the_evidence(
    recorded: TrackedRun,
) -> None:
    stored = json.loads(recorded.text("summary.json"))
    evidence = read_evidence(recorded.text("evidence.json"))
    assert stored["landmarks"] == recorded.answer["landmarks"]
    runs = {(run.data.tags["landmark"], run.data.tags["head"]): run.data.metrics for run in recorded.runs("head")}
    for landmark in recorded.answer["landmarks"]:
        found = evidence.landmark(landmark["name"])
        remission = next(question.measures for question in found.questions if question.head == "remission")
        relapse = next(head.measures for head in found.heads if head.head == "relapse")
        for head, measure, measures in (("remission", "auc", remission), ("relapse", "c_index", relapse)):
            shown = landmark[head]["candidates"][landmark[head]["winner"]][measure]
            assert shown == measures[measure].estimate == runs[landmark["name"], head][measure]


def test_the_list_of_runs_shows_a_dozen_figures_and_the_winners_under_names_that_begin_with_what_differs(
    recorded: TrackedRun,
) -> None:
    (top,) = recorded.runs("training")
    assert top.info.run_name == f"version 1 · {recorded.cohort.name}"
    own = {name for name in top.data.metrics if not name.startswith(("seconds/", "system/"))}
    assert own >= {"remission_auc", "remission_auc.before_session_1", "relapse_c_index.before_session_3", "patients"}
    assert len(own) <= 13
    assert {"seconds/leakage_checks", "seconds/evaluating_the_candidates"} <= top.data.metrics.keys()
    heads = {run.info.run_name: run for run in recorded.runs("head")}
    last = heads["remission · before session 3"]
    assert top.data.params["winner.remission.before_session_3"] == last.data.tags["winner"]
    assert top.data.metrics["remission_auc"] == last.data.metrics["auc"]
    assert {"auc.low", "auc.high", "ipa", "oe"} <= last.data.metrics.keys()
    assert {"c_index.low", "auc_84", "oe"} <= heads["relapse · before session 1"].data.metrics.keys()
    assert "logistic · remission · before session 2" in {run.info.run_name for run in recorded.runs("candidate")}
    assert "sustained_auc_84" in recorded.runs("landmark")[0].data.metrics


def test_the_model_and_its_version_describe_themselves_and_have_a_card(recorded: TrackedRun) -> None:
    registered, version = recorded.client.get_registered_model(MODEL), recorded.client.get_model_version(MODEL, "1")
    assert "SYNTHETIC" in registered.description
    assert "protocol **kap-synthetic**" in registered.description
    assert version.description.startswith("SYNTHETIC. ")
    assert f"trained on {recorded.cohort.name}" in version.description.splitlines()[0]
    card = recorded.text("model_card.md")
    assert f"# {MODEL}, protocol kap-synthetic, version 1" in card
    for section in ("Intended use", "Not for", "Data", "How good it is", "Limits"):
        assert f"## {section}" in card
    (stored,) = recorded.place.folder.rglob("serving_input_example.json")
    asked = json.loads(stored.read_text())["dataframe_split"]
    assert asked["columns"][0] == "landmark"
    assert len(asked["data"]) == 3


def test_the_run_names_the_cohort_the_code_and_the_settings(recorded: TrackedRun) -> None:
    digest = read_cohort(recorded.cohort).digest
    (top,) = recorded.runs("training")
    (logged,) = top.inputs.dataset_inputs
    assert digest.startswith(logged.dataset.digest)
    assert len(logged.dataset.digest) >= 32
    assert top.data.params["cohort_digest"] == digest
    assert top.data.params["seed"] == "7"
    assert top.data.tags["synthetic"] == "true"
    assert {"commit", "lock_digest"} <= top.data.tags.keys()
    artifacts = {item.path for item in recorded.client.list_artifacts(top.info.run_id)}
    assert {"protocol.json", "summary.json", "held_out_predictions.parquet", "reference.json"} <= artifacts


def test_the_flow_of_patients_adds_up_at_every_landmark(recorded: TrackedRun) -> None:
    for run in recorded.runs("landmark"):
        metrics = run.data.metrics
        left_out = sum(value for name, value in metrics.items() if name.startswith("left_out."))
        assert metrics["patients"] == 400 == metrics["eligible"] + left_out
        remission = sum(value for name, value in metrics.items() if name.startswith("remission."))
        assert remission == metrics["eligible"]


def test_nothing_that_is_recorded_names_a_patient(recorded: TrackedRun) -> None:
    """Not a file of the stores holds an id of the cohort; Parquet is read, for it may be compressed."""
    ids = [name.encode() for name in read_cohort(recorded.cohort).patient_ids.tolist()]
    files = [path for path in recorded.place.folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        readable = pd.read_parquet(path).to_csv().encode() if path.suffix == ".parquet" else path.read_bytes()
        assert not [name for name in ids if name in readable], path.name


def test_the_model_is_registered_as_version_1(recorded: TrackedRun) -> None:
    version = recorded.client.get_model_version(MODEL, "1")
    assert version.run_id == recorded.answer["run_id"]
    assert len(recorded.client.search_model_versions(f"name = '{MODEL}'")) == 1


def test_a_promotion_with_a_blank_reason_is_refused(recorded: TrackedRun) -> None:
    assert "--reason" in refused(recorded.here.kap("promote", "1", "--reason", "  "), 2)


@pytest.mark.parametrize("version", ["99", "challenger"])
def test_a_version_that_is_not_there_is_refused_in_a_sentence(recorded: TrackedRun, version: str) -> None:
    message = refused(recorded.here.kap("promote", version, "--reason", "why not"), 2)
    assert f"a registered version of {MODEL}" in message
    assert len(message.splitlines()) == 2


def test_a_promotion_sets_the_champion_and_says_why_and_by_whom(recorded: TrackedRun, promoted: dict[str, Any]) -> None:
    champion = recorded.client.get_model_version_by_alias(MODEL, "champion")
    assert str(champion.version) == "1"
    assert champion.tags["promoted_reason"] == REASON
    assert champion.tags["promoted_by"]
    assert champion.tags["promoted_at"].endswith("Z")
    assert champion.tags[f"promotion {champion.tags['promoted_at']}"].endswith(REASON)
    assert promoted["labels"]["mlflow_version"] == "1"
    assert promoted["labels"]["run_id"] == recorded.answer["run_id"]


def test_what_is_served_is_a_checked_copy_of_what_was_registered(
    recorded: TrackedRun, promoted: dict[str, Any]
) -> None:
    bundle = load_bundle(Path(promoted["path"]) / "bundle")
    assert bundle.digest == recorded.client.get_model_version(MODEL, "1").tags["bundle_digest"]


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_mlflow_alone_answers_as_kap_score_does(recorded: TrackedRun, promoted: dict[str, Any]) -> None:
    place = recorded.place
    done = recorded.here.kap("score", recorded.cohort, "--out", "scores.parquet")
    assert done.returncode == 0, done.stderr
    scores = pd.read_parquet(place.folder / "scores.parquet")
    bundle = load_bundle(Path(promoted["path"]) / "bundle")
    cohort = read_cohort(recorded.cohort)
    frames = []
    for model in bundle.models:
        features = build_features(cohort, model.landmark)
        frame = pd.DataFrame(features.values, columns=list(features.names)).assign(landmark=model.landmark.name)
        frames.append(frame.assign(patient_id=cohort.patient_ids)[features.ineligible == None])  # noqa: E711
    rows = pd.concat(frames, ignore_index=True)
    rows.drop(columns="patient_id").to_parquet(place.folder / "rows.parquet")
    (stored,) = {path.parent for path in place.folder.rglob("MLmodel")}
    sealed = files_below(stored)
    asked = place.python(PYFUNC, "rows.parquet", "answers.parquet")
    assert asked.returncode == 0, asked.stderr
    assert files_below(stored) - {stored / "registered_model_meta"} == sealed, "loading wrote beside what is sealed"
    answers = pd.read_parquet(place.folder / "answers.parquet")
    verdict, *numbers = answers.columns
    scored = rows[["patient_id", "landmark"]].merge(
        scores.astype({"landmark": str}), "left", ["patient_id", "landmark"]
    )
    assert len(rows) > 800
    assert (verdict, numbers) == ("applicability", list(scores.columns[5:]))
    assert {"remission", "remission_low", "remission_high"} <= set(numbers)
    assert answers["applicability"].tolist() == scored["applicability"].tolist()
    np.testing.assert_allclose(scored[numbers].to_numpy(float), answers[numbers].to_numpy(float), rtol=0, atol=1e-12)


def test_mlflow_evaluates_the_champion_and_finds_the_best_training(
    recorded: TrackedRun, promoted: dict[str, Any]
) -> None:
    """The rows that the test above wrote; the outcomes are made up."""
    done = recorded.place.python(EVALUATED, "rows.parquet")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert {"accuracy_score", "f1_score", "recall_score"} <= set(answer["classes"])
    assert answer["found"].keys() == {"roc_auc", "log_loss", "brier"}
    assert 0 < answer["found"]["brier"] < 1
    assert answer["best"] == recorded.answer["run_id"]
    verified = recorded.here.kap("audit", "verify", "1", "--json")
    verdicts = {one["check"]: one for one in json.loads(verified.stdout.splitlines()[-1])["verdicts"]}
    assert verdicts["artifacts"]["outcome"] == "passed", verdicts["artifacts"]


def test_kap_predict_answers_for_one_patient_as_the_bundle_does(recorded: TrackedRun, promoted: dict[str, Any]) -> None:
    done = recorded.place.kap("predict", "-", stdin=json.dumps(example()))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    bundle = load_bundle(Path(promoted["path"]) / "bundle")
    expected = predict_json(json.dumps(example()).encode(), bundle, answer["model"]["version"])
    assert answer | {"prediction_id": ""} == expected | {"prediction_id": ""}
    assert bundle.digest in json.dumps(answer)


def test_kap_predict_answers_fhir_with_fhir(recorded: TrackedRun, promoted: dict[str, Any]) -> None:
    sent = (ROOT / "tests" / "serving" / "fhir" / "example.json").read_text(encoding="utf-8")
    done = recorded.place.kap("predict", "-", "--fhir", stdin=sent)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["resourceType"], answer["type"]) == ("Bundle", "collection")
    assert load_bundle(Path(promoted["path"]) / "bundle").digest in done.stdout
    message = refused(recorded.place.kap("predict", "-", "--fhir", stdin=sent.replace("2026-10-07", "2026-13-40")), 2)
    assert "Bundle.entry[5].resource.effective" in message
    assert "2026-13-40" not in message
    assert "refused: 2 problems" in message


def test_a_tampered_artifact_is_refused_and_the_champion_stays(recorded: TrackedRun, tmp_path: Path) -> None:
    """One bit of one file in MLflow's store; the store's administrator must act."""
    reference_inputs = list((recorded.place.folder / "mlruns").rglob("bundle/probes.json"))
    assert len(reference_inputs) == 1
    aside = tmp_path / "aside.json"
    shutil.copy(reference_inputs[0], aside)
    content = bytearray(aside.read_bytes())
    content[len(content) // 2] ^= 1
    reference_inputs[0].write_bytes(content)
    try:
        message = refused(recorded.here.kap("promote", "1", "--reason", "why not"), 3)
    finally:
        shutil.copy(aside, reference_inputs[0])
    assert message.startswith("the model can't be used: probes.json")
    assert recorded.client.get_model_version(MODEL, "1").tags.get("promoted_reason") != "why not"
