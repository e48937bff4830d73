"""Finds the bundle that answered by its digest: in the registry, or among the copies in BentoML's store.

A bundle's digest is the SHA-256 of its manifest.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlflow.exceptions import MlflowException

from features.catalogue import fingerprint
from features.protocol.document import Protocol, protocol_from_document
from features.protocol.problems import InputRefusedError
from models.bundle import MANIFEST, Bundle, BundleRefusedError, load_bundle
from training.failures import StoreUnreachableError
from training.handover.served_copies import served_copies
from training.registry.names import MODEL_NAME, ModelReference
from training.registry.references import registered_names
from training.registry.release import check_store, fetch_bundle, has_store
from training.registry.seal import digest_of
from training.stores.registry_client import RegistryClient


@dataclass(frozen=True)
class RegisteredBundle:
    """A registered version, the run that made it, and the name of the registered model."""

    version: str
    run_id: str
    model: str = MODEL_NAME


@dataclass(frozen=True)
class Origin:
    """A model's definitions: its protocol, and the fingerprint of its features (``catalogue``)."""

    protocol: Protocol
    catalogue: str

    @property
    def is_declared_here(self) -> bool:
        """Whether this installation defines these features in the same way."""
        return fingerprint(self.protocol) == self.catalogue


def registered_with(digest: str) -> tuple[RegisteredBundle, ...]:
    """The registered versions of a bundle by their tags, the oldest first; none if there is no store here.

    Raises ``StoreUnreachableError`` if it does not answer.
    """
    if not has_store():
        return ()
    check_store()
    try:
        client = RegistryClient()
        names = registered_names(client)
        found = [version for name in names for version in client.search_model_versions(f"name = '{name}'")]
    except MlflowException as error:
        raise StoreUnreachableError(f"the registry can't be read: {error.error_code}") from None
    named = [version for version in found if version.tags.get("bundle_digest") == digest]
    return tuple(
        RegisteredBundle(str(version.version), str(version.run_id), str(version.name))
        for version in sorted(
            named, key=lambda version: (version.name != MODEL_NAME, version.name, int(version.version))
        )
    )


def load_by_digest(digest: str) -> tuple[Bundle, str]:
    """The bundle of a digest, checked, and a text where it was found; raises ``BundleRefusedError``."""
    refused = "no bundle of this digest is in the registry or in BentoML's store on this machine"
    with tempfile.TemporaryDirectory() as scratch:
        for place, folder in _folders(digest, Path(scratch)):
            try:
                return load_bundle(folder), place
            except BundleRefusedError as error:
                refused = f"{place}: {error}"
    raise BundleRefusedError(refused)


def origin_of(digest: str) -> Origin | None:
    """The definitions of the model with a digest; ``None`` if neither store here has it."""
    with tempfile.TemporaryDirectory() as scratch:
        for _, folder in _folders(digest, Path(scratch)):
            manifest = json.loads((folder / MANIFEST).read_bytes())
            return Origin(protocol_from_document(json.dumps(manifest["protocol"])), str(manifest["catalogue"]))
    return None


def _folders(digest: str, scratch: Path) -> Iterator[tuple[str, Path]]:
    """The places whose manifest has the digest: the registry's, fetched below ``scratch``, then BentoML's."""
    for found in _registered(digest):
        try:
            folder = fetch_bundle(ModelReference(found.model, found.version), scratch / found.model / found.version)
        except (InputRefusedError, StoreUnreachableError, OSError):
            continue  # its files are lost; an audit of its training says so
        if _is_of(folder, digest):
            yield f"version {found.version} of the registry{_of(found.model)}", folder
    for copy in served_copies():
        if _is_of(copy.folder / "bundle", digest):
            yield f"the copy {copy.tag} in BentoML's store", copy.folder / "bundle"


def _of(model: str) -> str:
    """The name of a model other than the usual one."""
    return "" if model == MODEL_NAME else f" (model {model})"


def _registered(digest: str) -> tuple[RegisteredBundle, ...]:
    try:
        return registered_with(digest)
    except (InputRefusedError, StoreUnreachableError):
        return ()  # there may still be a copy


def _is_of(folder: Path, digest: str) -> bool:
    try:
        return digest_of((folder / MANIFEST).read_bytes()) == digest
    except OSError:
        return False
