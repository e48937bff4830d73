"""The features that a protocol declares, and how many patients of a cohort have a value of each at each landmark."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from features.build import build_features
from features.catalogue import BUILT_IN, catalogue
from features.protocol.document import Landmark
from features.records.cohort import Cohort
from features.records.timeline import Indices

_WIDTH, _NAME = 100, 28


@dataclass(frozen=True)
class FeatureCount:
    """Of the patients who ``reached`` a landmark, how many ``patients`` have a value of a feature there."""

    landmark: str
    patients: int
    reached: int


@dataclass(frozen=True)
class DeclaredFeature:
    """A feature of the study's own: of a covariate, of a level of one, or of a declaration in ``[[features]]``."""

    name: str
    landmarks: tuple[FeatureCount, ...]


def declared_features(cohort: Cohort) -> tuple[DeclaredFeature, ...]:
    """Those of the cohort's protocol, in the order of a feature row; none under a protocol that declares none."""
    replaced = {covariate.name for covariate in cohort.protocol.covariates}
    built_in = {feature.name for feature in BUILT_IN} - replaced
    names = [one.name for one in catalogue(cohort.protocol) if one.name not in built_in]
    if not names:
        return ()
    columns = [one.name for one in catalogue(cohort.protocol)]
    counts: dict[str, list[FeatureCount]] = {name: [] for name in names}
    for landmark in cohort.protocol.landmarks:
        portions = [_recorded(part, landmark) for part in cohort.portions()]
        recorded, reached = np.sum([one for one, _ in portions], axis=0), sum(number for _, number in portions)
        for name, found in counts.items():
            found.append(FeatureCount(landmark.name, int(recorded[columns.index(name)]), reached))
    return tuple(DeclaredFeature(name, tuple(found)) for name, found in counts.items())


def _recorded(cohort: Cohort, landmark: Landmark) -> tuple[Indices, int]:
    """Of the patients who reached a landmark, how many have each feature, and how many there are."""
    rows = build_features(cohort, landmark)
    reached = ~np.isnan(rows.day)
    return (~np.isnan(rows.values[reached])).sum(axis=0), int(reached.sum())


def render_declared(features: Sequence[DeclaredFeature]) -> list[str]:
    """For a terminal, 100 characters wide; nothing without features."""
    return list(_lines(features)) if features else []


def _lines(features: Sequence[DeclaredFeature]) -> Iterator[str]:
    yield "Features that the protocol declares, with how many patients at each landmark have a value"
    for feature in features:
        counts = ", ".join(f"{at.patients:,} of {at.reached:,} {_when(at.landmark)}" for at in feature.landmarks)
        first, next_ = f"  {feature.name:<{_NAME - 1}} ", " " * (_NAME + 2)
        yield from textwrap.wrap(counts, _WIDTH, initial_indent=first, subsequent_indent=next_)


def _when(landmark: str) -> str:
    return landmark if landmark.startswith(("before ", "after ", "at ", "on ")) else f"at '{landmark}'"
