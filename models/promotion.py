"""What a promoted copy may answer: a tier for every question at every landmark, and the decision behind it.

``research``: nobody asks it in the clinic. ``shadow``: the service computes and logs the answer and does not give it.
``clinic``: the service gives it. `training` decides, `serving` reads the file and keeps to it.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from models.bundle import BundleRefusedError

PROMOTION = "promotion.json"
"""The file of a promoted copy, beside its bundle."""
PROMOTION_DIGEST = "promotion_digest"
"""Where the promoted copy keeps the file's SHA-256."""
DECISION_STORE = "decision_store"
"""Where the promoted copy keeps the id of the store that has its decision; earlier versions had none."""

Tier: TypeAlias = Literal["research", "shadow", "clinic"]
Action: TypeAlias = Literal["promote", "override", "rollback"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""From the least to the most that a model may do."""
REMISSION = "remission"
Granted: TypeAlias = Mapping[str, Mapping[str, Tier]]
"""Landmark, question, tier; a question that is not named is not promoted."""


def at_least(tier: Tier | None, needed: Tier | None) -> bool:
    """Whether a tier is one or a higher one; every tier is at least ``None``."""
    return needed is None or (tier is not None and TIERS.index(tier) >= TIERS.index(needed))


def questions(horizons_days: Sequence[int], *, in_remission_at_landmark: bool = False) -> tuple[str, ...]:
    """The names of all questions of a protocol: remission, relapse and sustained remission to every horizon.

    Where the protocol takes the state at the landmark for remission, nobody is asked for remission.
    """
    own = () if in_remission_at_landmark else (REMISSION,)
    return own + tuple(f"{kind}_{days}" for kind in ("relapse", "sustained") for days in horizons_days)


def rests_on(question: str, beside: Collection[str]) -> tuple[str, ...]:
    """The other questions from whose answers that to a question follows: only sustained remission has any.

    ``beside`` are the questions of the landmark; where nobody is asked for remission, relapse alone is behind it.
    """
    kind, _, days = question.partition("_")
    if kind != "sustained":
        return ()
    return (f"relapse_{days}", *([REMISSION] if REMISSION in beside else []))


@dataclass(frozen=True)
class Promotion:
    """A decision as the served copy knows it; ``at`` is UTC.

    ``granted`` is what the copy may answer. ``not_met`` are the names of the checks that an override passed over, and
    ``approved_by`` the persons who approved the proposal. ``version`` and ``run_id`` are those of the registered model;
    a promotion that does not name them agrees with every copy.
    """

    bundle_digest: str
    decision: int
    action: Action
    by: str
    at: str
    reason: str
    tier: Tier
    granted: Granted
    not_met: tuple[str, ...] = ()
    approved_by: tuple[str, ...] = ()
    version: str | None = None
    run_id: str | None = None

    def tier_of(self, landmark: str, question: str) -> Tier | None:
        """The tier of a question at a landmark; ``None`` if it is not promoted."""
        return self.granted.get(landmark, {}).get(question)

    def is_of(self, version: str, run_id: str) -> bool:
        """Whether this is a promotion of a version that a run made."""
        return self.version in (None, version) and self.run_id in (None, run_id)

    def as_json(self) -> bytes:
        """The document of the file."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode()


def parsed_promotion(document: bytes) -> Promotion | None:
    """The promotion in the document of a file; ``None`` if it has another form."""
    try:
        said = Promotion(**json.loads(document))
        said = replace(said, not_met=tuple(said.not_met), approved_by=tuple(said.approved_by))
        tiers = {said.tier}.union(*(asked.values() for asked in said.granted.values()))
        texts = (said.bundle_digest, said.by, said.at, said.reason, *said.granted, *said.not_met, *said.approved_by)
        texts += tuple(text for text in (said.version, said.run_id) if text is not None)
        whole = isinstance(said.decision, int) and all(isinstance(text, str) for text in texts)
    except (ValueError, TypeError, AttributeError):
        return None
    return said if whole and tiers <= set(TIERS) and said.action in get_args(Action) else None


def read_promotion(entry: Path, metadata: Mapping[str, Any]) -> Promotion | None:
    """The promotion in the folder ``entry`` of a copy; ``metadata`` has its SHA-256.

    ``None`` for a copy of a version before 0.10, which answers everything and names no decision store;
    ``BundleRefusedError`` if the file was changed or lost since.
    """
    path, digest = entry / PROMOTION, metadata.get(PROMOTION_DIGEST)
    if digest is None and not path.exists():
        if metadata.get(DECISION_STORE):
            raise BundleRefusedError(f"{PROMOTION}: it is not there, and the copy names the store of its decision")
        return None
    document = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(document).hexdigest() != digest:
        raise BundleRefusedError(f"{PROMOTION}: its digest is not the one of the promotion")
    promotion = parsed_promotion(document)
    if promotion is None:
        raise BundleRefusedError(f"{PROMOTION}: it does not have the form that this installation reads")
    if promotion.bundle_digest != metadata.get("bundle_digest"):
        raise BundleRefusedError(f"{PROMOTION}: it is about another bundle")
    return promotion
