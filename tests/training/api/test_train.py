"""A training from Python is that of `kap train`: the same recipe, the same record, the same refusals."""

import hashlib
import json
import shutil
import tomllib
import warnings
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from features.protocol.problems import InputRefusedError
from tests.training.api.conftest import SETTINGS
from tests.training.commands import SameProcess
from training import load_model, predict, read_cohort, train
from training.api.cohorts import LoadedCohort, loaded
from training.api.refusals import CohortWarning
from training.api.settings import candidate_name, training_config
from training.api.trained_model import TrainedModel
from training.config import load_config
from training.exports.cohort_predictions import score_cohort


class OwnForest:
    """A class that other processes can import."""


def of_run(run_id: str, artifact: str) -> bytes:
    return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=artifact)).read_bytes()


def as_toml(folder: Path) -> Path:
    path = folder / "settings.toml"
    lines = [f"{key} = {json.dumps(value)}" for key, value in SETTINGS["training"].items()]
    path.write_text("\n".join(["[training]", *lines]))
    return path


@pytest.mark.slow
def test_the_command_records_the_same_training(store: SameProcess, tmp_path: Path) -> None:
    own = SameProcess(tmp_path)
    shutil.copytree(store.folder / "cohort", tmp_path / "cohort")
    done = own.kap("train", "cohort", "--config", as_toml(tmp_path), "--quick", "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    of_python = mlflow.search_runs(filter_string="tags.level = 'training'", search_all_experiments=True).iloc[0]
    here = {name: of_run(of_python["run_id"], name) for name in ("evidence.json", "cohort_check.json", "summary.json")}
    with own.in_use():
        of_command = mlflow.get_run(json.loads(done.stdout)["run_id"])
        there = {name: of_run(of_command.info.run_id, name) for name in here}
    assert here == there
    settings = {name: value for name, value in of_command.data.params.items() if name.startswith("setting.")}
    assert settings == {name: of_python[f"params.{name}"] for name in settings}
    assert of_command.data.tags["mlflow.runName"] == of_python["tags.mlflow.runName"]


@pytest.fixture(scope="module")
def unrecorded(small: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    """A training on the same frames' folder that is not to be recorded, in a folder of its own."""
    folder = tmp_path_factory.mktemp("unrecorded")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        trained = train(read_cohort(small), settings=SETTINGS, quick=True, workers=1, record=False)
    assert not list(folder.iterdir())
    return trained


def test_a_training_that_is_not_recorded_leaves_nothing_and_says_so(unrecorded: TrainedModel) -> None:
    assert (unrecorded.run_id, unrecorded.model_version, unrecorded.report) == (None, None, None)
    assert "not recorded" in repr(unrecorded)
    assert "SYN-" not in repr(unrecorded)


def test_the_summary_has_every_candidate_of_every_head(unrecorded: TrainedModel) -> None:
    summary = unrecorded.summary()
    heads = [landmark[head] for landmark in unrecorded.landmarks for head in ("remission", "relapse")]
    assert summary["candidate"].tolist() == [candidate for head in heads for candidate in head["candidates"]]
    assert (summary.groupby(["landmark", "head"])["winner"].sum() == 1).all()
    first = unrecorded.landmarks[0]["remission"]
    assert summary.iloc[0]["patients"] == first["n"]
    assert summary.iloc[1]["auc"] == first["candidates"]["one_variable"]["auc"]


def test_a_registered_model_predicts_what_kap_score_writes(
    store: SameProcess, cohort: LoadedCohort, unrecorded: TrainedModel, tmp_path: Path
) -> None:
    model = load_model("1")
    predictions = predict(model, cohort)
    score_cohort(cohort, model.bundle, tmp_path / "scored.csv")
    scored = pd.read_csv(tmp_path / "scored.csv", dtype={"reason": "str"})
    pd.testing.assert_frame_equal(predictions, scored, check_dtype=False, check_exact=True)
    pd.testing.assert_frame_equal(predict(unrecorded, cohort), predictions)
    assert "SYN-" not in repr(model)


def test_a_cohort_read_under_another_protocol_is_not_predicted(
    unrecorded: TrainedModel, frames: dict[str, object]
) -> None:
    with pytest.raises(
        InputRefusedError, match=r"read under the model's protocol: read_cohort\(folder, model.protocol\)"
    ):
        predict(unrecorded, read_cohort(frames))  # type: ignore[arg-type]


def test_predictions_for_the_cohort_of_the_training_come_with_a_warning(
    store: SameProcess, cohort: LoadedCohort, frames: dict[str, pd.DataFrame]
) -> None:
    with pytest.warns(CohortWarning, match="version 1 was fitted on this very cohort"):
        predict(load_model(1), cohort)
    others = {name: frame[frame["patient_id"] != "SYN-000001"] for name, frame in frames.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error", CohortWarning)
        predict(load_model(1), read_cohort(others, cohort.protocol))


@pytest.mark.parametrize("wrong", ["2", 77, "champion"])
def test_a_version_that_is_not_there_is_refused(store: SameProcess, wrong: str | int) -> None:
    with pytest.raises(InputRefusedError, match="required a registered version"):
        load_model(wrong)


def test_the_record_of_an_import_goes_with_the_cohort_even_if_its_folder_is_gone(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "cohort")
    record = json.dumps({"cohort_digest": read_cohort(small).digest}).encode()
    (tmp_path / "cohort" / "import.json").write_bytes(record)
    cohort = read_cohort(tmp_path / "cohort")
    shutil.rmtree(tmp_path / "cohort")
    assert cohort.check().import_record == record
    assert cohort.check().import_digest == hashlib.sha256(record).hexdigest()
    assert cohort.check().agreement == "as imported"


ANSWERS = '[study]\nfunding = "The fund of the town."\n'


def test_the_answers_of_the_authors_beside_the_cohort_are_recorded_as_the_command_does(
    one_landmark: Path, tmp_path: Path
) -> None:
    (one_landmark / "study.toml").write_text(ANSWERS)
    with SameProcess(tmp_path).in_use():
        trained = train(read_cohort(one_landmark), settings=SETTINGS, quick=True, workers=1)
        assert of_run(str(trained.run_id), "study.toml").decode() == ANSWERS
        assert "The fund of the town." in of_run(str(trained.run_id), "report.html").decode()


def test_wrong_answers_are_refused_before_any_work(one_landmark: Path, frames: dict[str, object]) -> None:
    """Of frames, the answers are those beside the protocol's file."""
    (one_landmark / "study.toml").write_text(ANSWERS.replace("funding", "fundng"))
    for cohort in (read_cohort(one_landmark), read_cohort(frames, one_landmark / "protocol.toml")):  # type: ignore[arg-type]
        with pytest.raises(InputRefusedError, match=r"key study\.fundng: required a known key"):
            train(cohort, settings=SETTINGS, record=False)
    assert read_cohort(frames).folder is None  # type: ignore[arg-type]


def test_scores_of_the_cohort_that_a_version_was_trained_on_are_called_no_validation(
    store: SameProcess, frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    said = store.kap("score", "cohort", "--out", tmp_path / "own.csv", "--model", "1").stderr
    assert "warning: version 1 was fitted on this very cohort" in said
    assert "kap report 1" in said
    assert "warning" not in (tmp_path / "own.csv").read_text()
    other = shutil.copytree("cohort", tmp_path / "other")
    frames["patients"].head(100).to_csv(other / "patients.csv", index=False)
    for name in ("prior_treatments", "sessions", "assessments", "events"):
        kept = frames[name]["patient_id"].isin(frames["patients"]["patient_id"].head(100))
        frames[name][kept].to_csv(other / f"{name}.csv", index=False)
    done = store.kap("score", other, "--out", tmp_path / "other.csv", "--model", "1")
    assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr


def test_a_finding_of_the_check_is_a_warning_and_stays_with_the_training(
    one_landmark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rating years after day 0, which an unknown date makes, is such a finding."""
    with (one_landmark / "assessments.csv").open("a", encoding="utf-8") as table:
        table.write("SYN-000003,20000,gad7,5\n")
    monkeypatch.chdir(tmp_path)
    with pytest.warns(CohortWarning, match="assessments"):
        trained = train(read_cohort(one_landmark), settings=SETTINGS, quick=True, workers=1, record=False)
    assert any("assessments" in sentence and "\n" not in sentence for sentence in trained.warnings)


def test_a_part_of_a_cohort_is_checked_without_what_its_reading_found(cohort: LoadedCohort) -> None:
    part = loaded(cohort.take(np.arange(100)))
    assert part.check().as_document()["not_read"] == []
    assert part.source == "cohort"


def test_a_dictionary_of_settings_is_a_file_of_settings(tmp_path: Path) -> None:
    assert training_config(SETTINGS) == load_config(as_toml(tmp_path)) == training_config(str(as_toml(tmp_path)))
    assert training_config(SETTINGS, seed=3).seed == 3
    assert training_config({}) == training_config(None) == load_config()
    assert training_config({"training": {"draws": np.int64(20)}}).draws == 20


@pytest.mark.parametrize(
    "wrong", [{"training": {"folds": 1}}, {"training": {"fodls": 5}}, {"trainnig": {}}, {"training": {"seed": "7"}}]
)
def test_a_dictionary_is_refused_in_the_words_of_a_file(wrong: dict[str, dict[str, object]], tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    [(section, values)] = wrong.items()
    path.write_text(f"[{section}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
    assert tomllib.loads(path.read_text()) == wrong
    with pytest.raises(InputRefusedError) as of_file:
        training_config(path)
    with pytest.raises(InputRefusedError) as of_dictionary:
        training_config(wrong)
    words = [(each.column, each.required, each.found) for each in of_file.value.problems]
    assert words == [(each.column, each.required, each.found) for each in of_dictionary.value.problems]
    assert {each.place for each in of_dictionary.value.problems} == {"settings"}


def test_what_no_file_can_hold_is_refused(cohort: LoadedCohort) -> None:
    with pytest.raises(InputRefusedError, match="argument settings: required numbers, texts, lists and sections"):
        train(cohort, settings={"training": {"draws": object()}})


def test_candidates_replace_those_of_the_settings(tmp_path: Path) -> None:
    assert training_config(SETTINGS, ["no_model", "logistic"]).candidates == ("no_model", "logistic")
    found = training_config(as_toml(tmp_path), ["no_model"])
    assert (found.candidates, found.draws) == (("no_model",), 20)
    with pytest.raises(InputRefusedError):
        training_config(None, ["logistic"])


def test_a_class_is_known_by_the_address_that_other_processes_import() -> None:
    assert candidate_name(OwnForest) == f"{__name__}:OwnForest"


def test_a_class_of_a_notebook_or_of_a_function_is_refused_with_the_way_out(cohort: LoadedCohort) -> None:
    class Inner:
        """A class that only this function has."""

    of_notebook = type("Cell", (), {"__module__": "__main__"})
    for own in (Inner, of_notebook):
        with pytest.raises(InputRefusedError, match="file beside the notebook and import it from there"):
            train(cohort, candidates=["no_model", own])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"seed": -1}, "argument seed: required a whole number from 0"),
        ({"workers": 0}, "argument workers: required a whole number from 1"),
        ({"acknowledge": ["duplicated patients"]}, "option --by"),
        ({"candidates": [3]}, "argument candidates: required names of candidates, or classes"),
    ],
)
def test_a_wrong_argument_is_refused_before_any_work(
    cohort: LoadedCohort, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(InputRefusedError, match=said):
        train(cohort, **arguments)  # type: ignore[arg-type]
