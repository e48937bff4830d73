"""A package by the real commands, checked by another user in an empty folder, without stores, MLflow or a network."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.training.archive.test_package import WITHOUT_MLFLOW
from tests.training.cli.test_evidence_commands import ALONE, SETTINGS, made_up
from tests.training.commands import Workplace
from training.archive.contents import ABOUT_PATIENTS
from training.archive.zip_file import read_zip

pytestmark = pytest.mark.long

NOBODY = "65534"
AS_NOBODY = [
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
]  # fmt: skip
"""Another user, who may read the interpreter wherever it is installed, and write nothing of others."""


@dataclass(frozen=True)
class HandedOver:
    """The packages of a training and of its update, and their cohorts."""

    place: Workplace
    cohort: Path
    other: Path

    def package(self, version: str) -> Path:
        return self.place.folder / f"{version}.zip"


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory: pytest.TempPathFactory) -> HandedOver:
    """Version 1 is trained, evaluated and promoted, version 2 is its update; then the stores are deleted."""
    place = Workplace(tmp_path_factory.mktemp("handed"))
    (place.folder / "quick.toml").write_text(SETTINGS)
    cohort = made_up(place.folder / "cohort", 250, 3, 5)
    other = made_up(place.folder / "elsewhere", 250, 2, 99)
    for words in (
        ("train", cohort, "--quick", "--config", "quick.toml", *ALONE),
        ("evaluate", "1", other),
        ("recalibrate", "1", other, "--reason", "another clinic"),
        ("promote", "1", "--override", "--by", "A. Tester", "--reason", "for this test"),
        ("audit", "export", "champion", "--out", "1.zip", "--by", "A. Tester"),
        ("audit", "export", "2", "--out", "2.zip", "--by", "A. Tester"),
    ):
        done = place.kap(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    for store in ("mlruns", "bentoml"):
        shutil.rmtree(place.folder / store)
    for path in place.folder.glob("*.db*"):
        path.unlink()
    return HandedOver(place, cohort, other)


def verified(package: Path, data: Path) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code and the verdicts of `kap audit verify`, by another user who was given package and cohort.

    On the same kind of processor: where OpenBLAS is told which to take, the other user tells it so too.
    """
    home = Path(tempfile.mkdtemp())
    try:
        shutil.copy(package, home / "package.zip")
        shutil.copytree(data, home / "cohort")
        (home / "empty").mkdir()
        for path in (home, *home.rglob("*")):
            os.chown(path, int(NOBODY), int(NOBODY))
        words = ["audit", "verify", "../package.zip", "--data", "../cohort", "--workers", "1", "--json"]
        kernel = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
        places = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [*AS_NOBODY, sys.executable, "-c", WITHOUT_MLFLOW, *words],
            cwd=home / "empty", env=places | kernel, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout, done.stderr
        assert list((home / "empty").iterdir()) == []
    finally:
        shutil.rmtree(home)
    return done.returncode, {one["check"]: one for one in json.loads(done.stdout.splitlines()[-1])["verdicts"]}


@pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can become another user",
)
@pytest.mark.parametrize("version", ["1", "2"])
def test_another_user_checks_everything_and_gets_the_same_bundle(handed_over: HandedOver, version: str) -> None:
    data = handed_over.cohort if version == "1" else handed_over.other
    code, verdicts = verified(handed_over.package(version), data)
    assert {name: one["detail"] for name, one in verdicts.items() if one["outcome"] in ("failed", "not checked")} == {}
    assert code == 0
    assert verdicts["retraining"]["detail"].startswith("the same bundle byte for byte")
    assert verdicts["evidence again"]["outcome"] == "passed"


def test_every_artifact_of_a_training_an_update_and_an_evaluation_is_known(handed_over: HandedOver) -> None:
    """An artifact that nobody has looked at is withheld: look whether it has anything of one patient (`contents`)."""
    for version in ("1", "2"):
        files = read_zip(handed_over.package(version))
        records = [json.loads(content) for name, content in files.items() if name.endswith("/record.json")]
        assert len(records) == (2 if version == "1" else 1)
        withheld = {name for record in records for names in record["withheld"].values() for name in names}
        assert withheld <= ABOUT_PATIENTS.keys()
        assert [name for name in files if name.startswith("parent/")] or version == "1"
