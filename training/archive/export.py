"""Writes the audit package of a version from the stores. `verification` checks it without them."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mlflow.exceptions import MlflowException

from features.protocol.problems import InputRefusedError, Problem
from training.archive.chain_document import ChainDocument
from training.archive.contents import goes_in
from training.archive.crate import crate_metadata
from training.archive.facts import DISTRIBUTION, PackageFacts
from training.archive.layout import (
    CHAIN,
    FACTS,
    LOCK,
    LOG_SEALS,
    MANIFEST,
    METADATA,
    PARENT,
    README,
    RECIPE,
    SIGNATURE,
    SIGNER,
    TIMESTAMP,
    TRAINING,
)
from training.archive.manifest import manifest_of
from training.archive.record_files import record_files
from training.archive.zip_file import write_zip
from training.audit.audit import read_training, require_lost, run_of
from training.decisions.keys import public_pem
from training.failures import StoreUnreachableError
from training.provenance import ROOT, Provenance, collect_provenance
from training.registry.names import MODEL_NAME, ModelReference, split_reference
from training.registry.recorded_decisions import has_decisions
from training.registry.release import decision_log, fetch_bundle
from training.registry.seal import digest_of
from training.registry.stored_training import StoredTraining, StoredVersion
from training.stores.registry_client import asked_once
from training.timestamps import request_stamp

NO_LICENCE = "No licence is stated; ask who exported this package."


@dataclass(frozen=True)
class ExportOptions:
    """Who exports, with whose key (``None``: no signature), and what else goes in.

    ``at`` is the time of the export, UTC; ``log_seals`` are seals of prediction logs by file name. ``timestamp`` is the
    address of an authority (RFC 3161) that stamps the manifest.
    """

    by: str
    key: Ed25519PrivateKey | None = None
    with_predictions: bool = False
    log_seals: Mapping[str, bytes] = field(default_factory=dict)
    licence: str = NO_LICENCE
    at: datetime | None = None
    timestamp: str | None = None


@dataclass(frozen=True)
class ExportedPackage:
    """What was written: the number of files, the SHA-256 of the zip file, and the artifacts that stayed out."""

    files: int
    digest: str
    withheld: tuple[str, ...]


@asked_once()
def export(reference: str, path: Path, options: ExportOptions) -> ExportedPackage:
    """Write the package of a registered version or alias to ``path``.

    Raises ``InputRefusedError`` where there is no such version, ``StoreUnreachableError`` if its run is lost or the
    authority of the time stamp does not answer.
    """
    run_id = run_of(reference)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            stored = read_training(run_id, Path(scratch), every_file=True)
        except MlflowException as error:
            require_lost(error)
            raise StoreUnreachableError(f"run {run_id} is lost, so that there is nothing to export") from None
        files = package_files(stored, _version(stored, reference), options, Path(scratch))
    write_zip(files, path)
    withheld = [
        item.name
        for item in sorted(stored.record.digests)
        if item.kind == "artifact" and not goes_in(item.owner, item.name, with_predictions=options.with_predictions)
    ]
    return ExportedPackage(len(files), digest_of(path.read_bytes()), tuple(withheld))


def package_files(
    stored: StoredTraining, version: StoredVersion, options: ExportOptions, scratch: Path
) -> dict[str, bytes]:
    """Every file of the package of a version; a remote parent is fetched below ``scratch``."""
    provenance = collect_provenance()
    facts = _facts(stored, version, provenance, options)
    files = record_files(stored, version.name, TRAINING, with_predictions=options.with_predictions)
    files |= _parent(stored, scratch)
    files |= {CHAIN: decisions_of(version.name).as_json(), FACTS: facts.as_json(), README: facts.as_readme()}
    files[RECIPE] = (ROOT / "training" / "experiment" / "train.py").read_bytes()
    if stored.tags.get("lock_digest") == provenance.lock_digest != "unknown":
        files[LOCK] = (ROOT / LOCK).read_bytes()
    files |= {f"{LOG_SEALS}/{name}": content for name, content in options.log_seals.items()}
    if options.key is not None:
        files[SIGNER] = public_pem(options.key.public_key()).encode()
    files[METADATA] = crate_metadata(files, facts, stored)
    files[MANIFEST] = manifest_of(files)
    if options.key is not None:
        files[SIGNATURE] = options.key.sign(files[MANIFEST])
    if options.timestamp is not None:
        files[TIMESTAMP] = request_stamp(files[MANIFEST], options.timestamp)
    return files


def decisions_of(model: str) -> ChainDocument:
    """The decisions on a registered model as they are stored, with the hash kept with every version."""
    log = decision_log(model)
    chain = log.settled()
    earlier = () if has_decisions(chain.entries) else chain.decisions
    return ChainDocument(
        model=model,
        champion=chain.champion,
        entries=chain.entries,
        tags={key: part for decision in earlier for key, part in decision.parts().items()},
        heads=tuple(log.version_heads()) if chain.decisions else (),
        findings=[str(each) for each in chain.findings],
    )


def _version(stored: StoredTraining, reference: str) -> StoredVersion:
    """The version that a reference means; a run's id means its only version."""
    meant = split_reference(reference)[1]
    found = [each for each in stored.versions if meant in (each.number, *each.aliases, stored.run_id)]
    if len(found) != 1:
        required = "a registered version, or an alias such as champion"
        raise InputRefusedError([Problem("audit", None, None, required, "a run without one version")])
    return found[0]


def _facts(
    stored: StoredTraining, version: StoredVersion, provenance: Provenance, options: ExportOptions
) -> PackageFacts:
    at = options.at or datetime.now(UTC)
    return PackageFacts(
        model=version.name,
        version=version.number,
        run_id=stored.run_id,
        exported_by=options.by,
        exported_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        software_version=installed_version(DISTRIBUTION),
        commit=provenance.commit,
        same_sources=stored.tags.get("sources_digest") == provenance.sources_digest,
        licence=options.licence,
        with_predictions=options.with_predictions,
    )


def _parent(stored: StoredTraining, scratch: Path) -> dict[str, bytes]:
    """The bundle that an update began with; none for a training."""
    bundle = stored.loaded_bundle
    if bundle is None or "parent" not in bundle.training:
        return {}
    named = bundle.training["parent"]
    parent = ModelReference(named.get("model_name", MODEL_NAME), str(named["version"]))
    folder = fetch_bundle(parent, scratch / "parent")
    return {f"{PARENT}/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}
