"""The ``kap`` command: its help explains, and its exit code says who must act."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.cohort_folder import MARKER, Folder
from tests.training.commands import SameProcess, Workplace, refused

HELP = {
    "": "Predict outcomes of ketamine-assisted psychotherapy for anxiety.",
    "cohort": "Simulate, check and inspect a cohort folder.",
    "cohort simulate": "Write a SYNTHETIC cohort into a new folder DIRECTORY.",
    "cohort check": "Check a cohort folder and count the patients analysed.",
    "cohort outcomes": "Write the outcomes of every patient at every landmark.",
    "cohort explain": "Show which ratings decide one PATIENT's outcomes, and by which rule.",
    "train": "Fit a model to the cohort in DIRECTORY, evaluate it on held-out patients, and register it",
    "record": "Record the training kept in FOLDER, which kap train names",
    "runs": "List the last trainings with version, cohort and headline figures, the newest first.",
    "report": "Write the report of a registered VERSION (or an alias) again, or draft study.toml for its authors.",
    "evaluate": "Evaluate MODEL (a registered version, or an alias such as champion) on the validation cohort",
    "recalibrate": "Update MODEL (a registered version, or an alias such as champion) on the cohort in DIRECTORY",
    "propose": "Propose VERSION as champion: make all checks and record them for others to approve.",
    "approve": "Approve proposal NUMBER, as kap propose printed it.",
    "promote": "Make VERSION of the registered model the champion, for the questions whose evidence meets the policy.",
    "rollback": "Make the previous champion champion again, for the questions that it was promoted for.",
    "history": "List every promotion, override, rollback and refusal, and check that none was changed or lost.",
    "people": "Say who may decide on the champion",
    "predict": "Predict for the one patient in FILE (JSON, - for standard input), without a server.",
    "score": "Predict for every patient of the cohort in DIRECTORY, at every landmark reached",
    "serve": "Predict over HTTP with the champion: POST /v1/predict and /v1/predict_batch, GET /v1/model.",
    "demo": "Try the service with synthetic patients, on this machine only.",
    "demo clinic": "Start the service and a mock EHR that asks it, with three synthetic patients, until Ctrl-C.",
    "keys": "Create, list and revoke the API keys of the service.",
    "keys create": "Create a key. Its token is printed once, alone on standard output, and can't be shown again.",
    "log": "Back up or upgrade the prediction log, or erase content from it; its chain stays valid.",
    "log erase": "Erase the content that the log holds of PATIENT_REF: feature rows, answers, feedback, digests",
    "log prune": "Erase the content of every entry older than a number of days",
    "monitor": "Check the prediction LOG for drift of patients and predictions, and for miscalibration.",
    "replay": "Predict with another model for the rows of the prediction LOG, and count the answers that change.",
    "audit": "Check the record behind a model or a prediction, and write it for an auditor.",
    "audit log": "Check the prediction LOG: was any entry changed, removed, added or moved?",
    "audit lineage": "Find the model, training run and decision behind PREDICTION_ID, and compute its answer again.",
    "audit verify": "Check the record of RUN: a training's run, a registered version, an alias",
    "audit dossier": "Write one HTML file for an auditor of VERSION: data, flow, model, evidence, decisions,",
    "completion": "Print the script for SHELL that completes commands, options and paths with the Tab key.",
}
IN_ORDER_OF_USE = list(dict.fromkeys(name.split()[0] for name in HELP if name))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return SameProcess(tmp_path)


@pytest.fixture
def apart(tmp_path: Path) -> Workplace:
    """Where commands run in processes of their own."""
    return Workplace(tmp_path)


@pytest.mark.parametrize("command", HELP)
def test_help_begins_with_what_the_command_does(place: Workplace, command: str) -> None:
    done = place.kap(*command.split(), "--help")
    usage, _, text = done.stdout.partition("\n\n")
    assert done.returncode == 0
    assert usage.startswith(f"Usage: kap {command}".strip())
    assert " ".join(text.split()).startswith(HELP[command])


def test_the_main_help_lists_the_commands_in_the_order_of_use(apart: Workplace) -> None:
    listed = apart.kap("--help").stdout.partition("Commands:")[2].splitlines()
    names = [line.split()[0] for line in listed if line.startswith("  ") and not line.startswith("   ")]
    assert names == IN_ORDER_OF_USE


def test_the_main_help_shows_the_way_from_a_cohort_to_audits_and_monitoring(place: Workplace) -> None:
    shown = place.kap("--help").stdout.partition("Options:")[0].splitlines()
    steps = [line.split()[1] for line in shown if line.startswith("    kap ")]
    assert steps == [
        "cohort",
        "cohort",
        "train",
        "runs",
        "evaluate",
        "promote",
        "history",
        "predict",
        "serve",
        "demo",
        "audit",
        "audit",
        "audit",
        "monitor",
    ]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (
            "train",
            [
                "--seed",
                "--config",
                "--quick",
                "--model-name",
                "--json",
                "--upgrade-store",
                "--strict",
                "--workers",
                "--cluster",
                "--acknowledge",
                "--by",
                "--reason",
            ],
        ),
        ("recalibrate", ["--reason", "--acknowledge", "--by", "--config", "--strict", "--workers", "--cluster"]),
        ("evaluate", ["--config", "--by", "--json", "--strict", "--workers", "--cluster"]),
        (
            "promote",
            [
                "--reason",
                "--by",
                "--key",
                "--tier",
                "--narrower",
                "--override",
                "--cohort",
                "--policy",
                "--sign",
                "--sign-certificate",
                "--sign-chain",
            ],
        ),
        ("rollback", ["--reason", "--by", "--key", "--model-name", "--sign", "--sign-certificate", "--sign-chain"]),
        (
            "history",
            [
                "--on",
                "--model-name",
                "--seal",
                "--since",
                "--by",
                "--key",
                "--trusted-key",
                "--timestamp",
                "--timestamp-certificates",
                "--json",
            ],
        ),
    ],
)
def test_every_option_is_explained(apart: Workplace, command: str, options: list[str]) -> None:
    listed = apart.kap(command, "--help").stdout.partition("Options:")[2].splitlines()
    assert [line.split()[0] for line in listed if line.startswith("  --")] == options
    following = [*listed[1:], ""]  # beside a long name the text begins on the next line
    texts = [
        f"{line} {after if not after.startswith('  -') else ''}" for line, after in zip(listed, following, strict=True)
    ]
    assert all(len(text.split()) > 2 for text in texts if text.startswith("  --"))


@pytest.mark.parametrize("command", [("cohort", "check"), ("train",), ("cohort", "outcomes", "--out", "out.csv")])
def test_bad_input_is_refused_by_file_row_and_column_without_the_value(
    place: Workplace, folder: Folder, command: tuple[str, ...]
) -> None:
    folder.write(patients_csv=f"patient_id,age_years,sex\nA,{MARKER},\nB,30,woman\n")
    done = place.kap(*command, folder.path)
    message = refused(done, 2)
    assert "patients.csv, row 2, column age_years" in message
    assert "patients.csv, row 3, column sex" in message
    assert message.splitlines()[-1] == "refused: 2 problems"
    assert MARKER not in message + done.stdout
    assert "woman" not in message


def test_a_cohort_in_order_is_counted(apart: Workplace, folder: Folder) -> None:
    folder.write()
    done = apart.kap("cohort", "check", folder.path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "command",
    [
        ("cohort", "check", "nowhere"),
        ("train", "nowhere"),
        ("cohort", "explain", "nowhere", "A"),
        ("predict", "nowhere.json"),
        ("cohort", "simulate", "new", "--patients", "0"),
        ("train", "nowhere", "--seed", "2147483648"),
        ("train", "nowhere", "--workers", "0"),
        ("train", "nowhere", "--config", "nowhere.toml"),
        ("promote", "1"),
        ("promote", "1", "--reason", " "),
        ("rollback",),
        ("evaluate", "1"),
        ("recalibrate", "1", "nowhere"),
        ("audit", "dossier", "1"),
        ("grow",),
    ],
)
def test_what_is_not_there_or_not_allowed_is_the_users_matter(place: Workplace, command: tuple[str, ...]) -> None:
    assert refused(place.kap(*command), 2)


def test_a_wrong_setting_is_refused_by_its_key(place: Workplace, folder: Folder) -> None:
    folder.write()
    (place.folder / "mine.toml").write_text("[training]\nfold = 3\n")
    message = refused(place.kap("train", folder.path, "--config", "mine.toml"), 2)
    assert "mine.toml" in message
    assert "fold" in message


def test_a_patient_who_is_not_there_is_refused(apart: Workplace, folder: Folder) -> None:
    folder.write()
    refused(apart.kap("cohort", "explain", folder.path, "C"), 2)


def test_a_synthetic_cohort_is_not_written_into_a_folder_in_use(place: Workplace) -> None:
    (place.folder / "mine").mkdir()
    (place.folder / "mine" / "notes.txt").write_text("mine")
    message = refused(place.kap("cohort", "simulate", "mine", "--patients", "5"), 2)
    assert "a folder that is new or empty" in message
    assert [path.name for path in (place.folder / "mine").iterdir()] == ["notes.txt"]


def test_a_synthetic_cohort_is_written_into_an_empty_folder_and_is_in_order(apart: Workplace) -> None:
    (apart.folder / "empty").mkdir()
    written = apart.kap("cohort", "simulate", "empty", "--patients", "20", "--sites", "2")
    assert written.returncode == 0
    assert "synthetic" in written.stdout
    assert apart.kap("cohort", "check", "empty").returncode == 0


def test_a_cohort_too_small_to_fit_a_model_is_refused_with_what_to_do(apart: Workplace, folder: Folder) -> None:
    folder.write()
    assert "kap cohort check" in refused(apart.kap("train", folder.path), 2)


def test_a_tracking_store_that_does_not_answer_is_for_its_operator(tmp_path: Path) -> None:
    """Port 9 of this machine, where nothing listens."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("kap")), "promote", "1", "--reason", "x"],
        env=os.environ | {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "the tracking store does not answer" in done.stderr
    assert "Traceback" not in done.stderr
