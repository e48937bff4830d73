"""An authority confirms when a package was written: its time stamp is checked with its certificates, and by OpenSSL."""

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.training.archive.packages import Packages, changed_package
from tests.training.decisions.authority import authority
from training.archive.layout import MANIFEST, TIMESTAMP
from training.archive.verification import verify_package
from training.archive.zip_file import read_zip
from training.cli.app import main
from training.experiment.train import quietly
from training.timestamps import request_stamp
from training.verdicts import Verdict

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("openssl") is None, reason="openssl, the authority of these tests, is not installed"
    ),
]


def stamp_of(path: Path, certificates: Path | None) -> Verdict:
    verdicts = verify_package(path, None, None, 1, quietly, certificates)
    assert {one.outcome for one in verdicts if one.check in ("package", "description")} == {"passed"}
    (found,) = (one for one in verdicts if one.check == "time stamp")
    return found


def test_a_time_stamp_counts_for_who_knows_the_authority(packages: Packages) -> None:
    assert stamp_of(packages.stamped, packages.stamped_by).outcome == "passed"
    unknown = stamp_of(packages.stamped, None)
    assert unknown.outcome == "not checked"
    assert "--timestamp-certificates" in unknown.detail
    assert stamp_of(packages.signed, None).outcome == "does not apply"
    assert stamp_of(packages.signed, packages.stamped_by).outcome == "failed"


def test_a_time_stamp_of_another_package_or_authority_is_found(packages: Packages, tmp_path: Path) -> None:
    stamp = read_zip(packages.stamped)[TIMESTAMP]
    other = changed_package(packages.signed, {TIMESTAMP: stamp}, tmp_path / "other.zip")
    for certificates in (packages.stamped_by, None):
        assert "it is about another file" in stamp_of(other, certificates).detail
    with authority(tmp_path / "others") as others:
        again = request_stamp(read_zip(packages.stamped)[MANIFEST], others.url)
    path = changed_package(packages.stamped, {TIMESTAMP: again}, tmp_path / "again.zip")
    assert "not that of an authority with these certificates" in stamp_of(path, packages.stamped_by).detail


def test_openssl_accepts_the_time_stamp_of_the_manifest(packages: Packages, tmp_path: Path) -> None:
    shutil.unpack_archive(packages.stamped, tmp_path)
    command = ["openssl", "ts", "-verify", "-data", MANIFEST, "-in", TIMESTAMP, "-CAfile", packages.stamped_by]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in said.stdout + said.stderr


def test_the_command_takes_the_certificates_for_a_package_alone(packages: Packages) -> None:
    options = ["--timestamp-certificates", str(packages.stamped_by), "--json"]
    done = CliRunner().invoke(main, ["audit", "verify", str(packages.stamped), *options], catch_exceptions=False)
    assert "by an authority with the given certificates" in done.stdout
    refused = CliRunner().invoke(main, ["audit", "verify", "champion", *options], catch_exceptions=False)
    assert refused.exit_code == 2
    assert "--timestamp-certificates: required a package" in refused.stderr


def test_an_address_that_is_none_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    words = ["audit", "export", "1", "--out", str(tmp_path / "a.zip"), "--timestamp", "nonsense"]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 2
    assert "the address of a time stamping authority" in done.stderr
    assert not list(tmp_path.iterdir())
