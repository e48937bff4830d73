"""Digests of bundles, outcomes and features, to check later that a cohort gives the same again."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.build import FeatureRows
from features.records.cohort import canonical_bytes
from models.bundle import Bundle, save_bundle
from training.outcomes.labels import Outcomes


def bundle_digest(bundle: Bundle) -> str:
    """The digest that a bundle will have once it is saved, or has; equal models have equal ones."""
    with tempfile.TemporaryDirectory() as scratch:
        return save_bundle(bundle, Path(scratch) / "bundle")


def outcomes_digest(outcomes: Outcomes) -> str:
    """SHA-256 over every patient's outcomes at a landmark, in the cohort's order; the same on every machine."""
    return _digest(
        [outcomes.landmark.name, *_reasons(outcomes.ineligible)],
        {
            "landmark_day": outcomes.landmark_day,
            "baseline": outcomes.primary.baseline,
            "remission": outcomes.remission,
            "remission_day": outcomes.remission_day,
            "risk_start_day": outcomes.risk_start_day,
            "followed_days": outcomes.followed_days,
            "ended_by": outcomes.ended_by,
            "sustained": outcomes.sustained,
        },
    )


def features_digest(features: FeatureRows) -> str:
    """SHA-256 over every feature row, to the last bit; a feature computed by linear algebra may differ elsewhere."""
    texts = [*features.names, *_reasons(features.ineligible)]
    return _digest(texts, {"values": features.values, "day": features.day})


def _reasons(reasons: NDArray[np.object_]) -> list[str]:
    return ["" if reason is None else str(getattr(reason, "value", reason)) for reason in reasons]


def _digest(texts: list[str], arrays: Mapping[str, NDArray[np.generic]]) -> str:
    hashed = hashlib.sha256("\0".join(texts).encode())
    for name, values in arrays.items():
        hashed.update(f"\0{name} {values.shape}\0".encode() + canonical_bytes(values))
    return hashed.hexdigest()
