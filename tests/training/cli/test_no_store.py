"""Commands that only read leave a folder without a store as it was: MLflow would make one of any name, even to read."""

from pathlib import Path

import mlflow
import pytest
from click.testing import CliRunner

from features.protocol.problems import InputRefusedError
from tests.training.commands import SameProcess, refused
from training.audit.audit import run_of
from training.audit.bundle_lookup import registered_with
from training.cli.app import main

READING = (
    ("runs",),
    ("history",),
    ("report", "1"),
    ("audit", "verify", "1"),
    ("audit", "dossier", "1", "--out", "dossier.html"),
    ("score", ".", "--out", "scores.csv"),
    ("predict", "-"),
    ("evaluate", "1", "."),
    ("recalibrate", "1", ".", "--reason", "other patients"),
    ("promote", "1", "--reason", "first model"),
    ("rollback", "--reason", "wrong"),
)
NONE_HERE = "none here; is this the right folder?"


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_an_empty_folder_stays_empty(command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = mlflow.get_tracking_uri()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    try:
        done = CliRunner().invoke(main, list(command), prog_name="kap", input="{}")
    finally:
        mlflow.set_tracking_uri(before)
    assert done.exit_code == 2
    assert NONE_HERE in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_named_store_is_not_made_either(tmp_path: Path) -> None:
    place = SameProcess(tmp_path)
    for command in (("runs",), ("audit", "verify", "1")):
        assert NONE_HERE in refused(place.kap(*command), 2)
    with place.in_use():
        with pytest.raises(InputRefusedError):
            run_of("1")
        assert registered_with("0" * 64) == ()
    assert not (tmp_path / "mlflow.db").exists()
