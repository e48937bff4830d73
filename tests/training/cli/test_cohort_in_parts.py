"""Commands read a cohort in parts as they read one in files; a cluster is asked for only when there is work for it."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from fsspec.registry import known_implementations

from tests.serving.bundles import toy_bundle
from tests.training.cohorts_in_parts import in_parts
from training.cli.app import main
from training.registry import release

NOBODY = "tcp://127.0.0.1:9"


@pytest.fixture(scope="module")
def parts(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return in_parts(simulated, tmp_path_factory.mktemp("parts"))


def kap(*arguments: str | Path, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment)


def test_the_check_of_parts_says_of_the_patients_what_the_check_of_files_says(parts: Path, simulated: Path) -> None:
    found, whole = kap("cohort", "check", parts, "--workers", "1"), kap("cohort", "check", simulated)
    assert found.exit_code == whole.exit_code == 0, found.stderr
    of_patients = whole.stdout.partition("\nnot read:")[0]
    assert "Landmark" in of_patients
    assert found.stdout.startswith(of_patients)


def test_outcomes_of_parts_are_those_of_the_files(parts: Path, simulated: Path, tmp_path: Path) -> None:
    for name, folder in (("parts", parts), ("files", simulated)):
        done = kap("cohort", "outcomes", folder, "--out", tmp_path / f"{name}.csv")
        assert done.exit_code == 0, done.stderr
    found, whole = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("parts", "files"))
    pd.testing.assert_frame_equal(found, whole)


def test_a_cluster_without_work_for_it_is_not_asked_and_that_is_said(simulated: Path) -> None:
    done = kap("cohort", "check", simulated, "--cluster", NOBODY)
    assert done.exit_code == 0, done.stderr
    assert "--cluster was not used" in done.stderr
    assert "not used" not in kap("cohort", "check", simulated, KAP_CLUSTER=NOBODY).stderr


def test_an_address_that_is_none_is_refused_before_any_work() -> None:
    done = kap("cohort", "check", "nowhere", "--cluster", "nonsense")
    assert done.exit_code == 2
    assert "option --cluster: required local, or the address of a scheduler" in done.stderr


def test_a_missing_driver_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(known_implementations, "s3", {"class": "no_s3.Files", "err": "Install s3fs to access S3"})
    done = kap("cohort", "check", "s3://name:password@bucket/cohort", "--workers", "1")
    assert done.exit_code == 2
    assert "Install s3fs to access S3" in done.stderr
    assert "password" not in done.output


def test_a_file_url_of_another_host_is_refused_in_a_sentence_without_the_url() -> None:
    done = kap("cohort", "check", "file://secret-server/data")
    assert done.exit_code == 2
    assert "required file:// before a path that begins with /" in done.stderr
    assert "secret" not in done.output


def test_a_file_that_may_hold_half_of_the_patients_is_said_by_name(parts: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(parts, tmp_path / "copy"))
    for path in folder.rglob("part-1.parquet"):
        path.rename(path.with_suffix(".PARQUET"))
    done = kap("cohort", "check", folder, "--workers", "1")
    assert done.exit_code == 2
    assert "part-1.PARQUET: required files that end in .parquet" in done.stderr


def test_scoring_parts_names_the_files_that_it_does_not_read(
    parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(parts, tmp_path / "copy"))
    (folder / "more.parquet").write_bytes(b"")
    monkeypatch.setattr(release, "load_registered", lambda _: (toy_bundle(), "1"))
    done = kap("score", folder, "--out", tmp_path / "predictions.csv", "--workers", "1")
    assert done.exit_code == 0, done.stderr
    assert "not read: more.parquet" in done.stderr
