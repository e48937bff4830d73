"""Checks an audit package with the checks of `kap audit verify`, without MLflow, its stores or a network."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version as installed_version
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from features.protocol.problems import InputRefusedError, Problem
from training.archive.chain_document import read_chain
from training.archive.crate import crate_verdict
from training.archive.facts import DISTRIBUTION, PackageFacts, read_facts
from training.archive.layout import CHAIN, FACTS, LOCK, MANIFEST, PARENT, RECORD, TRAINING
from training.archive.manifest import manifest_verdict
from training.archive.record_files import read_record
from training.archive.signature import signature_verdict
from training.archive.timestamp import timestamp_verdict
from training.archive.zip_file import read_zip
from training.audit.checked_record import checked_record
from training.audit.retraining import retraining_verdicts
from training.audit.served import COPIES_SIGNED
from training.experiment.train import Announce
from training.provenance import lock_digest_of
from training.registry.seal import digest_of
from training.registry.stored_training import StoredTraining
from training.verdicts import Verdict, does_not_apply, failed, not_checked, passed

SERVED = "served"
"""The check of the copy that answers; that of the copies' signatures is the other one that a package can't make."""


def verify_package(
    path: Path,
    data: Path | None,
    trusted: Ed25519PublicKey | None,
    workers: int,
    announce: Announce,
    certificates: Path | None = None,
) -> list[Verdict]:
    """Check every file of a package and the record in it; given the cohort's folder, retrain and compare.

    ``trusted`` is the key of the person who must have signed, ``certificates`` the file of the roots of the authority
    that must have stamped. Raises ``InputRefusedError`` if the file is no package.
    """
    files = read_zip(path)
    if MANIFEST not in files and FACTS not in files:
        required = "a package that kap audit export has written"
        raise InputRefusedError([Problem(path.name, None, None, required, "a zip file of something else")])
    facts = read_facts(files.get(FACTS, b""))
    whole = manifest_verdict(files)
    if facts is None:
        return [whole, failed("description", f"{FACTS} is missing, or one that this installation does not read")]
    if whole.outcome == "passed":
        said = f"version {facts.version} of {facts.model}, exported by {facts.exported_by} at {facts.exported_at}"
        whole = passed(whole.check, f"{said}; {whole.detail}; SHA-256 of the file {digest_of(path.read_bytes())}")
    first = [whole, signature_verdict(files, facts.exported_by, trusted), timestamp_verdict(files, certificates)]
    with tempfile.TemporaryDirectory() as scratch:
        _unpack(files, Path(scratch))
        try:
            stored = read_record(Path(scratch), TRAINING)
        except InputRefusedError as error:
            found = "; ".join(problem.found for problem in error.problems)
            return [*first, failed("record", f"{TRAINING}/{RECORD}: {found}")]
        parent = Path(scratch) / PARENT
        stored = replace(stored, parent=parent if parent.is_dir() else None)
        return [
            *first,
            crate_verdict(files, facts, stored, installed_version(DISTRIBUTION)),
            _facts_verdict(facts, stored),
            _lock_verdict(files, stored),
            *map(_without_store, checked_record(stored, read_chain(files.get(CHAIN, b"")))),
            *retraining_verdicts(stored, data, workers, announce),
        ]


def _unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files whose names stay within the folder, as `read_zip` makes sure."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _facts_verdict(facts: PackageFacts, stored: StoredTraining) -> Verdict:
    """The package is about the run and version that are in it."""
    check = "contents"
    if facts.run_id != stored.run_id or facts.version not in {version.number for version in stored.versions}:
        return failed(check, f"{FACTS} names another run or version than {TRAINING}/{RECORD}")
    out = sorted(item.name for item in stored.withheld)
    return passed(check, f"not in the package: {', '.join(out)}" if out else "everything that was recorded is in it")


def _lock_verdict(files: Mapping[str, bytes], stored: StoredTraining) -> Verdict:
    """The lock is that of the training."""
    if LOCK not in files:
        return not_checked("lock", "not in the package, because the installation that exported it had another lock")
    if lock_digest_of(files[LOCK]) != stored.tags.get("lock_digest"):
        return failed("lock", f"{LOCK} is not the one that the run names")
    return passed("lock", "the locked packages of the training")


def _without_store(verdict: Verdict) -> Verdict:
    """A package has no copy of BentoML's store, so that nothing can be said of what is served."""
    if verdict.check not in (SERVED, COPIES_SIGNED):
        return verdict
    return does_not_apply(
        verdict.check, "a package does not show what is served; kap audit verify VERSION does, at its stores"
    )
