"""A training as stored, in plain values, for the audit; `audit` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from models.bundle import Bundle, BundleRefusedError, load_bundle
from training.registry.names import MODEL_NAME
from training.registry.seal import Record, SealedItem


@dataclass(frozen=True)
class StoredVersion:
    """A registered version of the training, of the registered model ``name``.

    ``described`` is what its description says of its promotion; ``None`` if that is not known.
    """

    number: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...] = ()
    name: str = MODEL_NAME
    described: str | None = None


@dataclass(frozen=True)
class ServedCopy:
    """An entry of BentoML's store, with the version and run that it names as its source.

    ``performance_digest`` is that of its performance file; ``None`` in copies without one. ``metadata`` is everything
    that the entry says of itself.
    """

    tag: str
    version: str
    run_id: str
    folder: Path
    performance_digest: str | None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bundle_digest(self) -> str:
        """SHA-256 of the bundle that the entry names; empty in copies without one."""
        return str(self.metadata.get("bundle_digest", ""))

    @property
    def decision(self) -> str:
        """The hash of the decision that made it; empty in copies without one."""
        return str(self.metadata.get("decision_head", ""))


@dataclass(frozen=True)
class AnsweringCopy:
    """The entry of BentoML's store that a service here answers with; ``tag`` is what the service asks the store for.

    ``copy`` is ``None`` where the store has none, or, with a sentence in ``damaged``, one that can't be read.
    """

    tag: str
    copy: ServedCopy | None
    damaged: str = ""


@dataclass(frozen=True, eq=False)
class StoredEvaluation:
    """An evaluation of a version on another cohort, ``source``.

    ``named`` says whether a tag of the version names it; ``stored`` is ``None`` if its run is lost.
    """

    run_id: str
    source: str
    named: bool
    stored: StoredTraining | None


MONITORING = "monitoring "
"""Prefix of a version's tags that name the monitoring runs about it."""


@dataclass(frozen=True)
class StoredMonitoring:
    """A monitoring run that a version or a later monitoring names.

    ``said`` is what names it, ``stage`` MLflow's word for whether it is deleted, ``None`` if it is lost.
    """

    run_id: str
    said: str
    stage: str | None


@dataclass(frozen=True, eq=False)
class StoredTraining:
    """``sealed`` is the seal's document, ``None`` if there is none; ``record`` is the present record.

    ``deleted`` names runs that are marked as deleted. ``landmark_tags`` are the tags of the run of each landmark.
    ``artifacts`` is the folder of the training's own artifacts, ``bundle`` that of its model. ``copies`` are all copies
    of the model in BentoML's store here, also of other versions, and ``answering`` is the one that a service here
    loads; ``registered_runs`` are the runs of all versions. ``monitorings`` are the monitoring runs about it.
    ``from_archive`` is the number of files that were read from the sealed archive, and not one by one. ``folders`` hold
    the artifacts by owner. An audit package may lack artifacts, the ``withheld`` ones, and holds the bundle that an
    update began with, ``parent``.
    """

    run_id: str
    record: Record
    sealed: bytes | None
    deleted: tuple[str, ...]
    tags: Mapping[str, str]
    landmark_tags: Mapping[str, Mapping[str, str]]
    artifacts: Path
    bundle: Path | None
    versions: tuple[StoredVersion, ...]
    evaluations: tuple[StoredEvaluation, ...] = ()
    copies: tuple[ServedCopy, ...] = ()
    registered_runs: frozenset[str] = frozenset()
    answering: AnsweringCopy | None = None
    folders: Mapping[str, Path] = field(default_factory=dict)
    withheld: frozenset[SealedItem] = frozenset()
    parent: Path | None = None
    monitorings: tuple[StoredMonitoring, ...] = ()
    from_archive: int = 0

    def recorded(self, key: str) -> dict[str, str | None]:
        """A tag's value on the run and on every version of it, by place; ``None`` where it is not set."""
        places = {"the run": self.tags} | {f"version {version.number}": version.tags for version in self.versions}
        return {place: tags.get(key) for place, tags in places.items()}

    @cached_property
    def loaded_bundle(self) -> Bundle | None:
        """The model, checked, which is loaded once; ``None`` if it is lost or refused."""
        try:
            return load_bundle(self.bundle) if self.bundle else None
        except BundleRefusedError:
            return None
