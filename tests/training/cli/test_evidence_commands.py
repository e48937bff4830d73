"""A model after its training, by the real commands: evaluated elsewhere, updated, decided on, audited."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from tests.places import COHORTS
from tests.training.commands import SameProcess, Workplace, refused
from training.cli.texts.training_text import QUICK
from training.evidence.document import read_evidence
from training.registry.seal import digest_of
from training.simulation.cohort import simulate_cohort, write_cohort

pytestmark = pytest.mark.slow

SETTINGS = """
[training]
candidates = ["no_model", "logistic"]
folds = 3
fewest_repeats = 1
most_repeats = 1
draws = 20
"""
ALONE = ("--workers", "1")
"""Other processes take as long to start as they save on a small cohort."""
IMPORTED = b'{"made up": true}\n'
"""The record of the import of the other clinic's cohort."""


OTHER_LANDMARKS = """[[landmarks]]
name = "before session 1"
before_session = 1

[[landmarks]]
name = "before session 2"
before_session = 2

"""


def made_up(folder: Path, patients: int, sites: int, seed: int) -> Path:
    """A synthetic cohort under a protocol with a single landmark, which is quicker to train on."""
    write_cohort(simulate_cohort(patients, sites, seed), folder)
    protocol = (folder / "protocol.toml").read_text()
    assert OTHER_LANDMARKS in protocol
    (folder / "protocol.toml").write_text(protocol.replace(OTHER_LANDMARKS, ""))
    return folder


@dataclass(frozen=True)
class ModelHistory:
    """A training of the synthetic cohort, and a validation cohort."""

    place: Workplace
    cohort: Path
    other: Path
    run_id: str


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> ModelHistory:
    place = SameProcess(tmp_path_factory.mktemp("lived"))
    (place.folder / "quick.toml").write_text(SETTINGS)
    cohort = made_up(place.folder / "cohort", 400, 3, 5)
    other = made_up(place.folder / "elsewhere", 300, 2, 99)
    (other / "import.json").write_bytes(IMPORTED)
    (cohort / "study.toml").write_text('[study]\nfunding = "The fund of the town."\n')
    done = Workplace(place.folder).kap("train", cohort, "--json", "--config", "quick.toml", *ALONE)
    assert done.returncode == 0, done.stderr
    return ModelHistory(place, cohort, other, json.loads(done.stdout.splitlines()[-1])["run_id"])


def test_what_the_authors_answer_beside_the_cohort_is_recorded_and_in_every_report(lived: ModelHistory) -> None:
    (artifacts,) = lived.place.folder.glob(f"mlruns/*/{lived.run_id}/artifacts")
    assert (artifacts / "study.toml").read_text() == (lived.cohort / "study.toml").read_text()
    assert "The fund of the town." in (artifacts / "report.html").read_text()
    done = lived.place.kap("report", "1", "--out", "again.html")
    assert done.returncode == 0, done.stderr
    again = (lived.place.folder / "again.html").read_text()
    assert "The fund of the town." in again
    assert "recorded with the training" in again


def assert_its_import_is_recorded(lived: ModelHistory, run_id: str) -> None:
    tags = MlflowClient(tracking_uri=lived.place.store).get_run(run_id).data.tags
    assert tags["import_digest"] == digest_of(IMPORTED)
    assert artifact(lived, run_id, "import.json").encode() == IMPORTED
    assert json.loads(artifact(lived, run_id, "cohort_check.json"))["import_digest"] == digest_of(IMPORTED)


def artifact(lived: ModelHistory, run_id: str, name: str) -> str:
    mlflow.set_tracking_uri(lived.place.store)
    return str(mlflow.artifacts.load_text(f"runs:/{run_id}/{name}"))


def lineage(client: MlflowClient, run: Run) -> list[str]:
    """The runs above a run."""
    above = run.data.tags.get("mlflow.parentRunId")
    return [] if above is None else [above, *lineage(client, client.get_run(above))]


def test_mlflow_shows_the_evidence_its_figures_and_every_estimate_with_its_limits(lived: ModelHistory) -> None:
    evidence = read_evidence(artifact(lived, lived.run_id, "evidence.json"))
    client = MlflowClient(tracking_uri=lived.place.store)
    question = evidence.landmarks[-1].questions[0]
    auc = question.measures["auc"]
    run = client.get_run(lived.run_id)
    below = client.search_runs([run.info.experiment_id], "tags.level = 'head' and tags.head = 'remission'")
    name = f"remission · {evidence.landmarks[-1].name}"
    (head,) = [each for each in below if each.info.run_name == name and lived.run_id in lineage(client, each)]
    assert [head.data.metrics[f"auc{part}"] for part in ("", ".low", ".high")] == [auc.estimate, auc.low, auc.high]
    assert run.data.metrics["remission_auc"] == auc.estimate
    assert {check.name for check in evidence.leakage if check.passed} == {
        "duplicated patients",
        "future perturbation",
        "positive control",
        "implausible features",
        "shuffled outcomes",
    }
    assert evidence.refit_check is not None
    assert evidence.refit_check.identical
    figures = {entry.path for entry in client.list_artifacts(lived.run_id, "figures")}
    assert any("calibration" in path for path in figures)
    assert "SYNTHETIC" in artifact(lived, lived.run_id, "report.html")


def test_an_evaluation_elsewhere_prints_every_measure_with_limits_and_links_its_run(lived: ModelHistory) -> None:
    done = lived.place.kap("evaluate", "1", lived.other, "--json", "--config", "quick.toml", *ALONE)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    last = answer["landmarks"][-1]
    assert set(last["remission"]["auc"]) == {"estimate", "low", "high"}
    assert last["remission"]["auc"]["low"] <= last["remission"]["auc"]["estimate"] <= last["remission"]["auc"]["high"]
    assert {"c_index", "uno_c", "integrated_brier", "oe"} <= set(last["relapse"])
    run = MlflowClient(tracking_uri=lived.place.store).get_run(answer["run_id"])
    assert (run.data.tags["model_version"], run.data.tags["model_run_id"]) == ("1", lived.run_id)
    assert_its_import_is_recorded(lived, answer["run_id"])
    compared = json.loads(artifact(lived, answer["run_id"], "case_mix.json"))
    assert {"development_mean", "validation_mean", "standardised_difference"} <= set(compared[0])


def test_a_model_is_not_evaluated_on_its_development_cohort(lived: ModelHistory) -> None:
    assert "a cohort that the model never saw" in refused(lived.place.kap("evaluate", "1", lived.cohort), 2)


def test_an_update_is_a_version_of_its_own_that_points_to_its_parent(lived: ModelHistory) -> None:
    said = ("--reason", "a second clinic", "--config", "quick.toml", *ALONE)
    done = lived.place.kap("recalibrate", "1", lived.other, *said)
    assert done.returncode == 0, done.stderr
    client = MlflowClient(tracking_uri=lived.place.store)
    made = client.get_model_version("kap-outcomes", "2")
    parent = client.get_model_version("kap-outcomes", "1")
    assert made.tags["parent_version"] == "1"
    assert made.tags["parent_bundle_digest"] == parent.tags["bundle_digest"]
    assert_its_import_is_recorded(lived, made.run_id)
    evidence = read_evidence(artifact(lived, made.run_id, "evidence.json"))
    assert evidence.kind == "updated"
    assert all(f"{landmark.name}, remission:" in done.stdout for landmark in evidence.landmarks)
    assert f"run {made.run_id}\nin MLflow: http://127.0.0.1:5000/#/experiments/" in done.stdout
    answered = lived.place.kap("score", lived.other, "--out", "updated.parquet", "--model", "2")
    assert answered.returncode == 0, answered.stderr
    assert {"remission", "remission_low", "remission_high"} <= set(
        pd.read_parquet(lived.place.folder / "updated.parquet").columns
    )


def test_a_quick_training_says_so_and_is_not_promoted(lived: ModelHistory) -> None:
    done = lived.place.kap("train", lived.cohort, "--quick", "--config", "quick.toml", *ALONE)
    assert done.returncode == 0, done.stderr
    assert "The winner (*) is the best candidate" in done.stdout
    assert done.stdout.splitlines()[-1] == QUICK
    (version,) = re.findall(r"registered as version (\d+)", done.stdout)
    refusal = lived.place.kap("promote", version, "--reason", "a first look")
    assert refusal.returncode == 4
    assert "quick" in refusal.stdout
    assert "train without --quick" in refusal.stderr


def test_the_auditor_gets_the_same_model_again_from_the_data(lived: ModelHistory) -> None:
    done = lived.place.kap("audit", "verify", lived.run_id, "--data", lived.cohort, "--json", *ALONE)
    verdicts = {one["check"]: one["outcome"] for one in json.loads(done.stdout.splitlines()[-1])["verdicts"]}
    assert verdicts.pop("import") == "does not apply", "the cohort was simulated, not imported"
    assert verdicts.pop("signed copies") == "does not apply", "nobody signed the served copy"
    assert verdicts.pop("policy") == "does not apply", "nobody decided on it"
    assert set(verdicts.values()) == {"passed"}, verdicts
    assert done.returncode == 0


def test_100_patients_are_refused_with_the_number_needed(lived: ModelHistory) -> None:
    cohort = COHORTS / "beat_the_blues"
    if not cohort.is_dir():
        pytest.skip("needs ../shared/cohorts beside the project")
    trained = lived.place.kap("train", cohort, "--config", "quick.toml", "--json", *ALONE)
    assert trained.returncode == 0, trained.stderr
    version = json.loads(trained.stdout.splitlines()[-1])["reference"]
    assert not version.startswith("kap-outcomes/"), "another protocol has a model of its own"
    done = lived.place.kap("promote", version, "--reason", "all the patients there are")
    assert done.returncode == 4
    assert "and needs" in done.stdout
    assert "the cohort has 58" in done.stdout
    assert "next: train with more patients" in done.stderr


def test_a_covariate_that_leaks_the_outcome_stops_training(lived: ModelHistory) -> None:
    cohort = made_up(lived.place.folder / "leaking", 300, 2, 4)
    outcomes = lived.place.folder / "outcomes.csv"
    assert lived.place.kap("cohort", "outcomes", cohort, "--out", outcomes).returncode == 0
    found = pd.read_csv(outcomes, dtype=str).drop_duplicates("patient_id").set_index("patient_id")["remission"]
    patients = pd.read_csv(cohort / "patients.csv", dtype=str)
    patients["looked_well"] = patients["patient_id"].map(found).map({"yes": "true", "no": "false"})
    patients.to_csv(cohort / "patients.csv", index=False)
    with (cohort / "protocol.toml").open("a") as protocol:
        protocol.write('\n[[covariates]]\nname = "looked_well"\nkind = "binary"\nmeaning = "looked well"\n')
    message = refused(lived.place.kap("train", cohort, "--config", "quick.toml", *ALONE), 4)
    assert "looked_well" in message


def test_a_patient_under_two_ids_stops_training(lived: ModelHistory) -> None:
    cohort = made_up(lived.place.folder / "twice", 300, 2, 4)
    chosen = pd.read_csv(cohort / "patients.csv", dtype=str)["patient_id"].iloc[7]
    for table in cohort.glob("*.csv"):
        rows = pd.read_csv(table, dtype=str)
        again = rows[rows["patient_id"] == chosen].assign(patient_id="ANOTHER-ID")
        pd.concat([rows, again]).to_csv(table, index=False)
    message = refused(lived.place.kap("train", cohort, "--config", "quick.toml", *ALONE), 4)
    assert "duplicated patients" in message
    assert "ANOTHER-ID" not in message
