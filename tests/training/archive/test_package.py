"""The record of a version travels as one file: checked without its stores, unchanged, and without single patients."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from features.protocol.problems import InputRefusedError
from tests.places import ROOT
from tests.training.archive.packages import SEAL_OF_A_LOG, Packages, changed_package, write_key_pair
from training.archive.contents import ABOUT_PATIENTS
from training.archive.layout import MANIFEST, METADATA, NOT_LISTED, SIGNATURE, SIGNER
from training.archive.signature import load_public_key
from training.archive.verification import verify_package
from training.archive.zip_file import read_zip
from training.audit.served import COPIES_SIGNED
from training.cohort.reader import read_cohort
from training.decisions.keys import private_key
from training.evidence.document import read_evidence
from training.experiment import retraining
from training.experiment.records import pseudonyms
from training.experiment.train import quietly
from training.verdicts import exit_code

pytestmark = pytest.mark.slow

ONLY_IN_A_PACKAGE = {"package", "signature", "time stamp", "description", "contents", "lock"}
NEEDS_DATA = {"cohort", "outcomes and features", "retraining", "held-out predictions", "evidence again"}
WITHOUT_MLFLOW = """
import socket
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("mlflow", "bentoml"):
            raise ModuleNotFoundError(name)

def no_network(*_):
    raise OSError("there is no network here")

sys.meta_path.insert(0, Absent())
socket.socket.connect = no_network
from training.cli.app import main
main(prog_name="kap")
"""
"""The `kap` command where MLflow and BentoML are not installed, and nothing outside is reached."""


def failed(packages: Packages, path: Path) -> dict[str, str]:
    """What is said of the checks that failed."""
    verdicts = packages.verify(path).items()
    return {name: "; ".join(found.findings) or found.detail for name, found in verdicts if found.outcome == "failed"}


def test_a_package_passes_every_check_that_its_stores_passed_after_they_were_deleted(packages: Packages) -> None:
    assert not (packages.folder / "stores").exists()
    outcomes = {name: verdict.outcome for name, verdict in packages.verify().items()}
    at_the_stores = packages.at_the_stores
    assert at_the_stores["served"] == "passed"
    assert {name: outcomes[name] for name in at_the_stores} == at_the_stores | {"served": "does not apply"}
    assert {outcomes[name] for name in outcomes.keys() - NEEDS_DATA - {"served", COPIES_SIGNED, "time stamp"}} == {
        "passed"
    }
    assert outcomes.keys() - at_the_stores.keys() == ONLY_IN_A_PACKAGE


def test_it_says_what_it_is_about_and_who_exported_it(packages: Packages) -> None:
    verdicts = packages.verify()
    assert "version 1 of kap-outcomes, exported by A. Tester at " in verdicts["package"].detail
    assert "promote version 1 by A. Tester" in verdicts["decisions"].detail
    assert verdicts["evaluations"].detail.startswith("each as sealed: elsewhere by run ")
    assert read_zip(packages.signed)["log-seals/log.seal.json"] == SEAL_OF_A_LOG


def test_the_same_record_gives_the_same_bytes(packages: Packages) -> None:
    first = (packages.folder / "first.zip").read_bytes()
    assert first == (packages.folder / "second.zip").read_bytes()


def test_kap_verifies_it_without_mlflow_a_store_or_a_network(packages: Packages, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    words = ["audit", "verify", packages.signed, "--trusted-key", packages.public_key, "--json"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MLFLOW, *map(str, words)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr  # the cohort was not given
    said = {one["check"]: one["outcome"] for one in json.loads(done.stdout.splitlines()[-1])["verdicts"]}
    assert {name for name, outcome in said.items() if outcome == "not checked"} == NEEDS_DATA
    assert "failed" not in said.values()
    assert list(tmp_path.iterdir()) == []


def test_given_the_data_the_model_and_the_withheld_predictions_come_out_again(
    packages: Packages, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The evidence recorded here is made up, so that computing it again returns it."""
    recorded = read_evidence(read_zip(packages.signed)["training/artifacts/evidence.json"])
    monkeypatch.setattr(retraining, "build_evidence", lambda *_: recorded)
    verdicts = packages.verify(data=simulated)
    assert {verdicts[name].outcome for name in NEEDS_DATA} == {"passed"}
    assert "byte for byte" in verdicts["retraining"].detail
    assert "has the recorded digest, and is not in the package" in verdicts["held-out predictions"].detail
    assert exit_code(list(verdicts.values())) == 0


def test_nothing_about_a_single_patient_is_in_a_package_unless_it_is_asked_for(
    packages: Packages, simulated: Path
) -> None:
    cohort = read_cohort(simulated)
    people = {*cohort.patient_ids.tolist(), *pseudonyms(cohort).tolist()}
    files = read_zip(packages.signed)
    for name, content in files.items():
        words = set(re.findall(r"[\w-]+", content.decode("utf-8", errors="ignore")))
        assert not words & people, name
    more = read_zip(packages.with_predictions).keys() - files.keys()
    assert more == {f"training/artifacts/{name}" for name in ABOUT_PATIENTS}


def test_no_two_checks_of_a_package_have_one_name(packages: Packages) -> None:
    names = [verdict.check for verdict in verify_package(packages.signed, None, None, 1, quietly)]
    assert len(names) == len(set(names))


def test_a_package_says_what_it_withholds_and_keeps_its_sealed_digest(packages: Packages) -> None:
    verdicts = packages.verify()
    assert verdicts["contents"].detail == f"not in the package: {', '.join(sorted(ABOUT_PATIENTS))}"
    assert "only their sealed digests are known (noted): artifact held_out_answers" in verdicts["artifacts"].detail
    seal = json.loads(read_zip(packages.signed)["training/artifacts/seal.json"])
    assert ABOUT_PATIENTS.keys() <= seal["digests"][seal["run_id"]]["artifact"].keys()
    whole = verify_package(packages.with_predictions, None, None, 1, quietly)
    assert "everything that was recorded is in it" in {verdict.detail for verdict in whole}


def record_with(packages: Packages, **changes: object) -> bytes:
    record = json.loads(read_zip(packages.signed)["training/record.json"])
    return json.dumps(record | changes).encode()


def test_a_changed_byte_is_found_whichever_file_it_is_in(packages: Packages, tmp_path: Path) -> None:
    files, rng = read_zip(packages.signed), np.random.default_rng(7)
    some = sorted((name for name in files if files[name]), key=lambda _: rng.random())[:8]
    for name in [*some, METADATA, MANIFEST, SIGNATURE]:
        changed = bytearray(files[name])
        changed[int(rng.integers(len(changed)))] ^= 1
        said = failed(packages, changed_package(packages.signed, {name: bytes(changed)}, tmp_path / "changed.zip"))
        wanted = "signature" if name == SIGNATURE else "package"
        assert wanted in said, name
        assert name in NOT_LISTED or f"{name}: another SHA-256" in said["package"]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("training/artifacts/evidence.json", "artifacts"),
        ("training/artifacts/report.html", "artifacts"),
        ("training/artifacts/seal.json", "seal"),
        ("requirements.lock", "lock"),
        ("decisions.json", "decisions"),
        ("workflow/train.py", "description"),
        ("log-seals/log.seal.json", "description"),
    ],
)
def test_who_also_makes_the_manifest_agree_is_found_by_another_check(
    packages: Packages, tmp_path: Path, name: str, check: str
) -> None:
    content = read_zip(packages.signed)[name].replace(b"e", b"o", 1)
    path = changed_package(packages.signed, {name: content}, tmp_path / "changed.zip", listed=True)
    said = failed(packages, path)
    assert {check, "signature"} <= said.keys()
    assert "package" not in said


def test_a_parameter_a_metric_and_a_tag_that_were_changed_are_named(packages: Packages, tmp_path: Path) -> None:
    record = json.loads(read_zip(packages.signed)["training/record.json"])
    own = record["texts"][record["run_id"]]
    own["parameter"]["seed"] += "1"
    own["metric"]["patients"] += "1"
    own["tag"]["sources_digest"] = "0" * 64
    content = {"training/record.json": json.dumps(record).encode()}
    said = failed(packages, changed_package(packages.signed, content, tmp_path / "changed.zip", listed=True))
    for named in ("parameter seed", "metric patients", "tag sources_digest"):
        assert re.search(rf"{named} of run \w+ .*: changed", said["record"]), named
    assert "code" in said


def test_a_file_that_is_lost_or_added_is_named(packages: Packages, tmp_path: Path) -> None:
    changes = {"training/artifacts/report.html": None, "training/artifacts/nicer.txt": b"a nicer figure"}
    said = failed(packages, changed_package(packages.signed, changes, tmp_path / "changed.zip"))
    for check in ("package", "artifacts"):
        assert "report.html" in said[check]
        assert "nicer.txt" in said[check]


def test_a_description_that_names_another_person_is_found(packages: Packages, tmp_path: Path) -> None:
    metadata = json.loads(read_zip(packages.signed)[METADATA])
    trainer = next(one for one in metadata["@graph"] if one["@id"] == "#trainer")
    trainer["name"] = "Ethics Board"
    content = {METADATA: json.dumps(metadata).encode()}
    said = failed(packages, changed_package(packages.signed, content, tmp_path / "changed.zip", listed=True))
    assert "#trainer" in said["description"]


def test_a_record_that_names_a_folder_elsewhere_reads_nothing_there(packages: Packages, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("not for a package")
    owners = {"../../secret": "run", str(tmp_path): "run"}
    path = changed_package(
        packages.signed, {"training/record.json": record_with(packages, owners=owners)}, tmp_path / "changed.zip"
    )
    verdicts = packages.verify(path)
    assert verdicts["seal"].outcome == "failed"
    assert "secret.txt" not in str(verdicts)


@pytest.mark.parametrize("content", [b"{}", b"no JSON"])
def test_a_record_that_can_not_be_read_is_a_failed_check(packages: Packages, tmp_path: Path, content: bytes) -> None:
    path = changed_package(packages.signed, {"training/record.json": content}, tmp_path / "changed.zip")
    assert "training/record.json" in failed(packages, path)["record"]


def test_a_zip_file_that_is_no_package_is_the_users_mistake(packages: Packages, tmp_path: Path) -> None:
    path = changed_package(packages.signed, dict.fromkeys(read_zip(packages.signed)), tmp_path / "empty.zip")
    with pytest.raises(InputRefusedError):
        verify_package(path, None, None, 1, quietly)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_accepts_the_signature_and_sha256sum_the_manifest(packages: Packages, tmp_path: Path) -> None:
    shutil.unpack_archive(packages.signed, tmp_path)
    sums = subprocess.run(
        ["sha256sum", "--check", "--strict", MANIFEST], cwd=tmp_path, capture_output=True, check=False
    )
    assert sums.returncode == 0
    signed = ["-rawin", "-in", MANIFEST, "-sigfile", SIGNATURE]
    words = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", SIGNER, *signed]
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / MANIFEST).write_bytes((tmp_path / MANIFEST).read_bytes() + b"\n")
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_a_signature_counts_for_who_knows_the_key(packages: Packages, tmp_path: Path) -> None:
    own = load_public_key(packages.public_key)
    write_key_pair(tmp_path)
    other = load_public_key(tmp_path / "tester.pub.pem")
    outcomes = {}
    for path in (packages.signed, packages.with_predictions):
        for key in (own, other, None):
            verdicts = verify_package(path, None, key, 1, quietly)
            (found,) = (verdict for verdict in verdicts if verdict.check == "signature")
            outcomes[path.stem, "own" if key is own else "other" if key else "none"] = found.outcome
    assert outcomes == {
        ("signed", "own"): "passed",
        ("signed", "other"): "failed",
        ("signed", "none"): "not checked",
        ("with_predictions", "own"): "failed",
        ("with_predictions", "other"): "failed",
        ("with_predictions", "none"): "does not apply",
    }


def test_a_key_of_another_kind_is_refused(packages: Packages, tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError):
        private_key(packages.public_key)
    (tmp_path / "no.pem").write_text("no key")
    with pytest.raises(InputRefusedError):
        load_public_key(tmp_path / "no.pem")


def test_a_passphrase_for_another_key_does_not_stop_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_key_pair(tmp_path)
    monkeypatch.setenv("KAP_KEY_PASSPHRASE", "of another key")
    assert private_key(file).public_key() == load_public_key(tmp_path / "tester.pub.pem")
