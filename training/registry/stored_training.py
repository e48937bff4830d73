"""A training as it stands in the stores, in plain values: what an audit checks. Reading it is left to `audit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training.registry.seal import Record


@dataclass(frozen=True)
class StoredVersion:
    """A registered version that was made by the training."""

    number: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServedCopy:
    """An entry of BentoML's store, and the version and run that it says it is a copy of; ``folder`` is the entry's.

    ``performance_digest`` is what it says of its performance file; ``None`` in copies that were made without one.
    """

    tag: str
    version: str
    run_id: str
    folder: Path
    performance_digest: str | None


@dataclass(frozen=True, eq=False)
class StoredEvaluation:
    """An evaluation of a version on another cohort, ``source``.

    ``named`` says whether a tag of the version names it; ``stored`` is ``None`` where its run is gone.
    """

    run_id: str
    source: str
    named: bool
    stored: StoredTraining | None


@dataclass(frozen=True, eq=False)
class StoredTraining:
    """``sealed`` is the seal's document, ``None`` where there is none; ``record`` is what stands there now.

    ``deleted`` names runs that are marked as deleted. ``landmark_tags`` are the tags of the run of each landmark.
    ``artifacts`` is the folder of the training's own artifacts, ``bundle`` that of its model. ``copies`` are all that
    BentoML's store here keeps of the model, also of other versions; ``registered_runs`` those that made any version.
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

    def recorded(self, key: str) -> dict[str, str | None]:
        """A tag's value on the run and on every version of it, by place; ``None`` where it is not set."""
        places = {"the run": self.tags} | {f"version {version.number}": version.tags for version in self.versions}
        return {place: tags.get(key) for place, tags in places.items()}
