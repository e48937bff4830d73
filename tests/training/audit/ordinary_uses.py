"""What people do with a promoted model, its runs and its stores, and what must leave the evidence as it was."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import bentoml
import mlflow
import numpy as np
import pandas as pd
from mlflow.tracking import MlflowClient

from tests.training.audit.stores import ALONE, WHO, PromotedStores

Use = Callable[[PromotedStores], object]
CHAMPION, NAME, VERSION = "models:/kap-outcomes@champion", "kap-outcomes", "2"


def _run(stores: PromotedStores) -> str:
    return str(MlflowClient().get_model_version(NAME, VERSION).run_id)


def _model_id(stores: PromotedStores) -> str:
    (output,) = MlflowClient().get_run(_run(stores)).outputs.model_outputs
    return str(output.model_id)


def _frame(stores: PromotedStores) -> pd.DataFrame:
    features = stores.folder / "features.parquet"
    stores.do("cohort", "features", "other", "--out", features)
    frame = pd.read_parquet(features)
    return frame[frame["eligible"]].drop(columns=["patient_id", "landmark_day", "eligible", "reason"]).head(20)


def predicts(address: str, **asked: str) -> Use:
    def use(stores: PromotedStores) -> None:
        model = mlflow.pyfunc.load_model(address.format(model=_model_id(stores), run=_run(stores)))
        assert len(model.predict(_frame(stores), params=asked or None)) > 0

    return use


def evaluated_by_mlflow(stores: PromotedStores) -> None:
    frame = _frame(stores)
    frame["outcome"] = np.arange(len(frame)) % 2
    with mlflow.start_run(run_name="evaluated"):
        mlflow.models.evaluate(
            CHAMPION,
            frame,
            targets="outcome",
            model_type="classifier",
            model_config={"answer": "remission_class"},
            evaluator_config={"log_model_explainability": False},
        )


def in_a_process(*words: str) -> Use:
    """A command of another tool, in a process of its own."""

    def use(stores: PromotedStores) -> None:
        program = Path(sys.executable).with_name(words[0])
        given = [word.format(store=stores.store, folder=stores.folder) for word in words[1:]]
        done = subprocess.run(
            [str(program), *given],
            check=False,
            cwd=stores.folder,
            env=stores.environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-2000:]

    return use


def predicted_by_command(stores: PromotedStores) -> None:
    frame = _frame(stores)
    (stores.folder / "rows.json").write_text('{"dataframe_split": ' + frame.to_json(orient="split", index=False) + "}")
    in_a_process(
        "mlflow", "models", "predict", "-m", CHAMPION, "-i", "rows.json", "-o", "out.json", "--env-manager", "local"
    )(stores)


def a_metric_of_somebody_else(stores: PromotedStores) -> None:
    with mlflow.start_run(run_name="somebody's"):
        mlflow.log_metric("fairness", 0.7, model_id=_model_id(stores))


def a_metric_at_the_training(stores: PromotedStores) -> None:
    MlflowClient().log_metric(_run(stores), "minutes of reading", 12)


def another_run(stores: PromotedStores) -> None:
    mlflow.set_experiment("somebody's own")
    with mlflow.start_run(run_name="own"):
        mlflow.log_metric("auc", 0.99)
        mlflow.log_text("text", "text.txt")
    mlflow.set_experiment(experiment_id="0")


def a_run_in_the_same_experiment(stores: PromotedStores) -> None:
    client = MlflowClient()
    run = client.create_run(client.get_run(_run(stores)).info.experiment_id, run_name="somebody's")
    client.log_param(run.info.run_id, "cohort", "other")
    client.set_terminated(run.info.run_id)


def other_runs_collected(stores: PromotedStores) -> None:
    client = MlflowClient()
    run = client.create_run("0", run_name="to be deleted").info.run_id
    client.set_terminated(run)
    client.delete_run(run)
    in_a_process("mlflow", "gc", "--backend-store-uri", "{store}", "--run-ids", run)(stores)


def deleted_and_restored(stores: PromotedStores) -> None:
    MlflowClient().delete_run(_run(stores))
    MlflowClient().restore_run(_run(stores))


def another_model(stores: PromotedStores) -> None:
    client = MlflowClient()
    client.create_registered_model("another-tools")
    client.create_model_version("another-tools", str(stores.folder / "other"), None)


def another_alias(stores: PromotedStores) -> None:
    MlflowClient().set_registered_model_alias(NAME, "candidate", "1")


def alias_taken_away(stores: PromotedStores) -> None:
    MlflowClient().set_registered_model_alias(NAME, "for-a-day", VERSION)
    MlflowClient().delete_registered_model_alias(NAME, "for-a-day")


def copied_version(stores: PromotedStores) -> None:
    MlflowClient().copy_model_version(f"models:/{NAME}/{VERSION}", "copy-of-the-champion")


def another_bento_model(stores: PromotedStores) -> None:
    with bentoml.models.create("another-tools") as model:
        (Path(model.path) / "weights.txt").write_text("1")


def exported_copy(stores: PromotedStores) -> None:
    bentoml.models.get(f"{NAME}:latest").export(str(stores.folder / "exported.bentomodel"))


def vacuumed(stores: PromotedStores) -> None:
    with closing(sqlite3.connect(stores.folder / "mlflow.db")) as store:
        store.execute("VACUUM")


def touched(stores: PromotedStores) -> None:
    for path in (stores.folder / "mlruns").rglob("*"):
        os.utime(path)


def put_aside_and_back(stores: PromotedStores) -> None:
    backup = stores.kept.parent / "backup"
    stores.put_aside(backup)
    stores.put_back(backup)
    shutil.rmtree(backup)


def commands(*lines: str) -> Use:
    """Commands of this project, which must succeed."""

    def use(stores: PromotedStores) -> None:
        for line in lines:
            stores.do(*line.split())

    return use


def refused(*words: str) -> Use:
    """A command that is refused or finds the policy not met."""

    def use(stores: PromotedStores) -> None:
        assert stores.kap(*words).returncode in (2, 4)

    return use


def predicted(stores: PromotedStores) -> None:
    (stores.folder / "patient.json").write_text(stores.do("predict", "--example").stdout)
    stores.do("predict", "patient.json")


def traced(stores: PromotedStores) -> None:
    for prediction in stores.log.ids():
        assert stores.kap("audit", "lineage", prediction, "--log", stores.log.file).returncode in (0, 5)


def asked_again(stores: PromotedStores) -> None:
    stores.answer(VERSION)


def trained_again(stores: PromotedStores) -> None:
    stores.do("train", "cohort", "--quick", "--seed", "3", "--config", "settings.toml", *ALONE)


def on_client(do: Callable[[MlflowClient, str], object]) -> Use:
    """Something with MLflow's client and the id of the training's run."""

    def use(stores: PromotedStores) -> None:
        do(MlflowClient(), _run(stores))

    return use


USES: dict[str, Use] = {
    "load the champion and predict": predicts(CHAMPION),
    "load a version": predicts("models:/kap-outcomes/2"),
    "load by the model's id": predicts("models:/{model}"),
    "load by the run": predicts("runs:/{run}/model"),
    "ask for one probability": predicts(CHAMPION, answer="remission"),
    "evaluate with MLflow": evaluated_by_mlflow,
    "predict by MLflow's command": predicted_by_command,
    "search runs": lambda _: mlflow.search_runs(search_all_experiments=True),
    "search the runs of another experiment": lambda _: mlflow.search_runs(experiment_ids=["0"]),
    "search models": lambda _: mlflow.search_registered_models(),
    "search logged models": lambda _: mlflow.search_logged_models(experiment_ids=["0"]),
    "look at a run": on_client(lambda client, run: client.get_run(run).to_dictionary()),
    "look at a metric": on_client(lambda client, run: client.get_metric_history(run, "patients")),
    "list artifacts": on_client(lambda client, run: client.list_artifacts(run)),
    "download artifacts": on_client(lambda client, run: client.download_artifacts(run, "")),
    "read an artifact": lambda stores: mlflow.artifacts.load_dict(f"runs:/{_run(stores)}/summary.json"),
    "look at the model": lambda _: mlflow.models.get_model_info(CHAMPION),
    "look at the stores of BentoML": lambda _: [str(model.tag) for model in bentoml.models.list()],
    "comment on the run": on_client(lambda client, run: client.set_tag(run, "seen by", "the committee")),
    "comment again": on_client(lambda client, run: client.set_tag(run, "seen by", "the committee, twice")),
    "take a comment back": on_client(lambda client, run: client.delete_tag(run, "seen by")),
    "comment on the version": on_client(lambda client, _: client.set_model_version_tag(NAME, VERSION, "read", "yes")),
    "comment on the model": on_client(lambda client, _: client.set_registered_model_tag(NAME, "owner", "ward 3")),
    "describe the run in other words": on_client(
        lambda client, run: client.set_tag(run, "mlflow.note.content", "Discussed on Monday.")
    ),
    "describe the version in other words": on_client(
        lambda client, _: client.update_model_version(NAME, VERSION, "Discussed on Monday.")
    ),
    "describe the model in other words": on_client(
        lambda client, _: client.update_registered_model(NAME, "The model of ward 3.")
    ),
    "a metric of somebody else about the model": a_metric_of_somebody_else,
    "a metric added to the training": a_metric_at_the_training,
    "a run in another experiment": another_run,
    "a run in the same experiment": a_run_in_the_same_experiment,
    "an experiment made and deleted": on_client(
        lambda client, _: client.delete_experiment(client.create_experiment("x"))
    ),
    "a note on the experiment": on_client(
        lambda client, run: client.set_experiment_tag(client.get_run(run).info.experiment_id, "ward", "3")
    ),
    "collect other deleted runs": other_runs_collected,
    "delete the training and restore it": deleted_and_restored,
    "a model of another tool": another_model,
    "an alias of another name": another_alias,
    "an alias for a day": alias_taken_away,
    "a copy of the version under another name": copied_version,
    "a model of another tool in BentoML": another_bento_model,
    "export the served copy": exported_copy,
    "list the store by BentoML's command": in_a_process("bentoml", "models", "list"),
    "doctor MLflow": in_a_process("mlflow", "doctor"),
    "list experiments by MLflow's command": in_a_process("mlflow", "experiments", "search"),
    "tidy the database": vacuumed,
    "touch every file": touched,
    "put a backup of today back": put_aside_and_back,
    "list runs": commands("runs", "runs --json"),
    "read the history": commands("history", "history --json", "history --on 2026-01-01"),
    "write the report": commands("report 2 --out report-of-2.html"),
    "write the dossier": commands("audit dossier 2 --out dossier.html"),
    "predict": predicted,
    "score a cohort": commands("score other --out scores.csv"),
    "evaluate": commands("evaluate 2 other --workers 1"),
    "evaluate the other version": commands("evaluate 1 other --workers 1"),
    "train again": trained_again,
    "propose a version that is refused": refused("promote", "3", *WHO),
    "roll back without a reason": refused("rollback", "--reason", " "),
    "answer another patient": asked_again,
    "trace the predictions": traced,
    "replay": lambda stores: stores.do("replay", str(stores.log.file), "--model", "1"),
    "back the log up": lambda stores: stores.do("log", "backup", "backup.db", "--log", str(stores.log.file)),
    "write new seals": lambda stores: stores.seal(),
}
"""Every use by its name, in the order in which they are made."""
