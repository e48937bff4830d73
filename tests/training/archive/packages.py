"""Audit packages of a promoted training, made once; its stores are deleted before a test reads a package."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.training.audit.audited import RecordedTraining, recorded_and_promoted
from tests.training.decisions.authority import authority
from training.archive.export import ExportOptions, export
from training.archive.layout import MANIFEST
from training.archive.manifest import manifest_of
from training.archive.signature import load_public_key
from training.archive.verification import verify_package
from training.archive.zip_file import read_zip, write_zip
from training.audit.audit import seal_run
from training.cli.app import main
from training.decisions.keys import public_pem
from training.experiment.train import Training, quietly
from training.registry.names import MODEL_NAME
from training.registry.seal import digest_of
from training.verdicts import Verdict

AT = datetime(2030, 2, 3, 4, 5, 6, tzinfo=UTC)
SEAL_OF_A_LOG = b'{"reached": []}'


@dataclass(frozen=True)
class Packages:
    """The folder of the packages: signed by A. Tester, and one with the held-out predictions."""

    folder: Path

    @property
    def signed(self) -> Path:
        return self.folder / "signed.zip"

    @property
    def with_predictions(self) -> Path:
        return self.folder / "with_predictions.zip"

    @property
    def stamped(self) -> Path:
        """A package with a time stamp, by the authority whose root is `stamped_by`; made where openssl is there."""
        return self.folder / "stamped.zip"

    @property
    def stamped_by(self) -> Path:
        return self.folder / "authority" / "root.pem"

    @property
    def public_key(self) -> Path:
        return self.folder / "tester.pub.pem"

    @property
    def at_the_stores(self) -> dict[str, str]:
        """The outcomes of the checks at the stores, when the packages were written."""
        found: dict[str, str] = json.loads((self.folder / "verdicts.json").read_text())
        return found

    def verify(self, path: Path | None = None, data: Path | None = None) -> dict[str, Verdict]:
        """The verdicts on a package, by check; without a path, on the signed one."""
        verdicts = verify_package(path or self.signed, data, load_public_key(self.public_key), 1, quietly)
        return {verdict.check: verdict for verdict in verdicts}


def make_packages(training: Training, cohort: Path, folder: Path) -> None:
    """Record and promote a training with an evaluation, write its packages, and delete the stores."""
    key = write_key_pair(folder)
    (folder / "log.seal.json").write_bytes(SEAL_OF_A_LOG)
    stores = folder / "stores"
    stores.mkdir()
    with recorded_and_promoted(training, cohort, stores) as audited:
        _evaluate(audited)
        signing = ("--by", "A. Tester", "--key", key, "--log-seal", folder / "log.seal.json")
        _kap("export", "champion", "--out", folder / "signed.zip", *signing)
        _kap("export", audited.version, "--out", folder / "with_predictions.zip", "--with-predictions")
        if shutil.which("openssl") is not None:
            with authority(folder / "authority") as stamping:
                _kap("export", audited.version, "--out", folder / "stamped.zip", "--timestamp", stamping.url)
        for name in ("first.zip", "second.zip"):
            export(audited.version, folder / name, ExportOptions("A. Tester", at=AT))
        outcomes = {name: verdict.outcome for name, verdict in audited.verify().items()}
        (folder / "verdicts.json").write_text(json.dumps(outcomes))
    shutil.rmtree(stores)


def _kap(*words: str | Path) -> None:
    done = CliRunner().invoke(main, ["audit", *map(str, words)], prog_name="kap", catch_exceptions=False)
    assert done.exit_code == 0, done.output


def write_key_pair(folder: Path) -> Path:
    """The file of a new private key, with the public one in `tester.pub.pem` beside it."""
    key = Ed25519PrivateKey.generate()
    path = folder / "tester.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "tester.pub.pem").write_bytes(public_pem(key.public_key()).encode())
    return path


def _evaluate(audited: RecordedTraining) -> None:
    """A sealed evaluation of the version on another cohort, called elsewhere."""
    client = audited.client
    experiment = client.get_run(audited.run_id).info.experiment_id
    run_id = client.create_run(experiment, tags={"level": "evaluation", "model_run_id": audited.run_id}).info.run_id
    client.log_param(run_id, "cohort", "elsewhere")
    evidence = (audited.files() / "evidence.json").read_text()
    client.log_text(run_id, evidence, "evidence.json")
    client.set_tag(run_id, "evidence_digest", digest_of(evidence))
    client.set_tag(run_id, "cohort_digest", json.loads(evidence)["cohort"]["digest"])
    client.set_terminated(run_id)
    seal_run(run_id)
    client.set_model_version_tag(MODEL_NAME, audited.version, f"evaluation {run_id}", "elsewhere")


def changed_package(path: Path, changes: Mapping[str, bytes | None], to: Path, *, listed: bool = False) -> Path:
    """A copy of a package with other files, ``None`` for a lost one; if ``listed``, the manifest is made to agree."""
    files = {name: content for name, content in (read_zip(path) | dict(changes)).items() if content is not None}
    if listed:
        files[MANIFEST] = manifest_of(files)
    write_zip(files, to)
    return to
