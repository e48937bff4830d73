"""Using a model as MLflow lets people do breaks no seal, and an audit notes what they left behind."""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from tests.training.audit.audited import RecordedTraining, recorded_and_promoted
from tests.training.commands import Workplace
from training.experiment.train import Training
from training.registry.decision_log import CHAMPION
from training.registry.names import MODEL_NAME

pytestmark = pytest.mark.slow
SERVED_LIKE = (
    "import mlflow\n"
    "model = mlflow.pyfunc.load_model('models:/kap-outcomes@champion')\n"
    "print(len(model.predict(model.input_example)))\n"
)


@pytest.fixture(scope="module")
def audited(trained: Training, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedTraining]:
    with recorded_and_promoted(trained, simulated, tmp_path_factory.mktemp("used")) as made:
        yield made


@pytest.fixture(scope="module")
def model_folder(audited: RecordedTraining) -> Path:
    (found,) = (audited.folder / "mlruns").glob("*/models/m-*/artifacts")
    return found


def noted(audited: RecordedTraining) -> str:
    """What an audit says of record and artifacts, after it was found that nothing failed."""
    verdicts = audited.verify()
    assert [name for name, verdict in verdicts.items() if verdict.outcome == "failed"] == []
    return f"{verdicts['record'].detail}; {verdicts['artifacts'].detail}"


def test_loading_the_champion_as_the_guide_says_is_noted_and_breaks_no_seal(
    audited: RecordedTraining, model_folder: Path
) -> None:
    done = Workplace(audited.folder).python(SERVED_LIKE)
    assert done.returncode == 0, done.stderr
    assert "note of a load registered_model_meta" in noted(audited)
    (model_folder / "registered_model_meta").unlink()


def test_loading_by_the_models_own_id_is_noted_and_breaks_no_seal(
    audited: RecordedTraining, model_folder: Path
) -> None:
    """MLflow then writes a note that names nothing."""
    (output,) = audited.client.get_run(audited.run_id).outputs.model_outputs
    mlflow.artifacts.download_artifacts(f"models:/{output.model_id}")
    assert "null" in (model_folder / "registered_model_meta").read_text()
    assert "note of a load registered_model_meta" in noted(audited)
    (model_folder / "registered_model_meta").unlink()


def test_predicting_with_mlflow_from_the_command_line_breaks_no_seal(
    audited: RecordedTraining, model_folder: Path, tmp_path: Path
) -> None:
    request = tmp_path / "request.json"
    request.write_text((model_folder / "serving_input_example.json").read_text())
    command = (sys.executable, "-m", "mlflow", "models", "predict", "-m", f"models:/{MODEL_NAME}/1", "-i", request)
    done = Workplace(audited.folder).run(*command, "--env-manager", "local")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["predictions"]
    assert "note of a load registered_model_meta" in noted(audited)
    (model_folder / "registered_model_meta").unlink()


@pytest.mark.parametrize(
    "content",
    [
        "model_name: another-model\nmodel_version: '1'\n",
        "model_name: kap-outcomes\nmodel_version: '7'\n",
        "model_name: kap-outcomes\nmodel_version: '1'\napproved: yes\n",
        "",
    ],
)
def test_a_note_of_a_load_that_says_anything_else_is_a_file_that_was_added(
    audited: RecordedTraining, model_folder: Path, content: str
) -> None:
    note = model_folder / "registered_model_meta"
    note.write_text(content)
    said = audited.failed()
    note.unlink()
    assert set(said) == {"artifacts"}
    assert "registered_model_meta" in said["artifacts"]


def test_a_metric_that_somebody_logs_about_the_model_is_noted_with_its_run(
    audited: RecordedTraining, model_folder: Path
) -> None:
    model_id = model_folder.parent.name
    with mlflow.start_run(run_name="my own look") as run:
        mlflow.log_metric("roc_auc", 0.7, model_id=model_id)
        mlflow.log_metric("patients", 3, model_id=model_id)
    said = noted(audited)
    assert f"metric of another run roc_auc by run {run.info.run_id[:8]}" in said
    assert f"metric of another run patients by run {run.info.run_id[:8]}" in said


def comment(client: MlflowClient, run_id: str) -> None:
    client.set_tag(run_id, "mlflow.note.content", "discussed on Monday")


def describe_version(client: MlflowClient, _: str) -> None:
    client.update_model_version(MODEL_NAME, "1", "approved for clinical use")


def describe_model(client: MlflowClient, _: str) -> None:
    client.update_registered_model(MODEL_NAME, "approved for clinical use")


def claim(client: MlflowClient, run_id: str) -> None:
    client.set_tag(run_id, "promoted_by", "the ethics board")


def measure_again(_: MlflowClient, run_id: str) -> None:
    with mlflow.start_run(run_id=run_id):
        mlflow.log_metric("my_figure", 1.0)
        mlflow.log_param("my_setting", "x")


def rename_experiment(client: MlflowClient, run_id: str) -> None:
    client.rename_experiment(client.get_run(run_id).info.experiment_id, "our pilot")


def register_elsewhere(client: MlflowClient, run_id: str) -> None:
    model_id = client.get_run(run_id).outputs.model_outputs[0].model_id
    client.create_registered_model("our-model")
    client.create_model_version("our-model", f"models:/{model_id}", run_id, model_id=model_id)


@contextmanager
def kept_database(audited: RecordedTraining) -> Iterator[None]:
    """Whatever the block writes to MLflow's database is taken back."""
    with closing(sqlite3.connect(":memory:")) as kept:
        with closing(sqlite3.connect(audited.database)) as store:
            store.backup(kept)
        try:
            yield
        finally:
            with closing(sqlite3.connect(audited.database)) as store:
                kept.backup(store)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (comment, "tag mlflow.note.content"),
        (describe_version, "description text of version 1: changed (noted)"),
        (describe_model, f"description text of registered model {MODEL_NAME}: changed (noted)"),
        (claim, "tag promoted_by"),
        (measure_again, "metric my_figure"),
        (measure_again, "parameter my_setting"),
        (rename_experiment, "experiment name of experiment 1: changed (noted)"),
        (register_elsewhere, ""),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_people_write_beside_a_record_is_noted_and_breaks_no_seal(
    audited: RecordedTraining, use: Callable[[MlflowClient, str], None], said: str
) -> None:
    with kept_database(audited):
        use(audited.client, audited.run_id)
        assert said in noted(audited)


def test_an_alias_of_another_name_and_a_look_change_nothing(audited: RecordedTraining) -> None:
    with kept_database(audited):
        audited.client.set_registered_model_alias(MODEL_NAME, "pilot", "1")
        mlflow.artifacts.load_text(f"runs:/{audited.run_id}/evidence.json")
        assert mlflow.search_runs(search_all_experiments=True).shape[0]
        assert audited.client.get_model_version_by_alias(MODEL_NAME, CHAMPION).version == 1
        assert "(noted)" not in audited.verify()["registry"].detail
        noted(audited)


def test_a_metric_logged_again_under_a_sealed_name_is_a_change(audited: RecordedTraining) -> None:
    with kept_database(audited):
        audited.client.log_metric(audited.run_id, "patients", 9999)
        assert "metric patients" in audited.failed()["record"]


def test_a_description_that_says_another_promotion_than_the_decisions_is_found(audited: RecordedTraining) -> None:
    with kept_database(audited):
        audited.client.update_model_version(MODEL_NAME, "1", "Promotion: Promoted by the Ethics Board, without limits.")
        assert "the description of version 1 says another promotion" in audited.failed()["decisions"]


def test_another_user_of_a_run_is_found(audited: RecordedTraining) -> None:
    with kept_database(audited):
        with closing(sqlite3.connect(audited.database)) as store, store:
            store.execute("UPDATE runs SET user_id = 'somebody' WHERE run_uuid = ?", (audited.run_id,))
        assert "run user" in audited.failed()["record"]


@pytest.mark.parametrize("tag", ["trained_by", "account", "mlflow.user", "mlflow.source.name", "commit"])
def test_who_trained_by_which_code_is_sealed(audited: RecordedTraining, tag: str) -> None:
    assert audited.client.get_run(audited.run_id).data.tags[tag]
    with kept_database(audited):
        audited.client.set_tag(audited.run_id, tag, "somebody else")
        assert f"tag {tag}" in audited.failed()["record"]


def test_a_deleted_experiment_is_found(audited: RecordedTraining) -> None:
    with kept_database(audited):
        audited.client.delete_experiment(audited.client.get_run(audited.run_id).info.experiment_id)
        said = audited.failed()
        assert "lifecycle stage" in said["record"]
        assert "marked as deleted" in said["runs"]
