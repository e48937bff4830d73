"""From a cohort to one feature row per patient at a landmark: the one function that training and serving both call."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.catalogue import catalogue
from features.eligibility.eligibility import ineligible_at
from features.protocol.document import Landmark
from features.records.cohort import Cohort
from features.records.landmark import KnownAtLandmark, known_at
from features.records.timeline import Floats


@dataclass(frozen=True, eq=False)
class FeatureRows:
    """One row per patient of a cohort at a landmark.

    ``values`` has shape (patients, features), NaN where not recorded and in rows of patients who did not reach the
    landmark. ``day`` is the landmark day (NaN: not reached). ``ineligible`` holds per patient why nothing is fitted
    or predicted, else ``None``.
    """

    names: tuple[str, ...]
    values: Floats
    day: Floats
    ineligible: NDArray[np.object_]


def build_features(cohort: Cohort, landmark: Landmark) -> FeatureRows:
    """The feature rows of a cohort at a landmark, from its record up to the landmark."""
    return feature_rows(cohort, known_at(cohort, landmark))


def feature_rows(cohort: Cohort, known: KnownAtLandmark) -> FeatureRows:
    """The feature rows of what ``known_at`` gives for a cohort, for a caller that needs it for more than the rows."""
    features = catalogue(cohort.protocol)
    values = np.empty((len(cohort), len(features)), dtype=np.float64)
    for position, feature in enumerate(features):
        values[:, position] = feature.function(known)
    values[np.isnan(known.day)] = np.nan
    values += 0.0  # one zero: -0.0 and 0.0 are the same number but not the same bits
    return FeatureRows(
        names=tuple(feature.name for feature in features),
        values=values,
        day=known.day,
        ineligible=ineligible_at(cohort, known),
    )
