"""From a cohort to one feature row per patient at a landmark: the one function that training and serving both call."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from features.catalogue import catalogue
from features.definitions.feature import Measure
from features.definitions.patient_context import PatientColumn, wanted_codes
from features.definitions.row import COMPUTED, write_features
from features.eligibility.eligibility import ineligible_at
from features.protocol.document import Landmark, Protocol
from features.records.cohort import Cohort
from features.records.landmark import KnownAtLandmark, known_at
from features.records.timeline import Categories, Floats


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
    parts = [feature_rows(part, known_at(part, landmark)) for part in cohort.portions()]
    if len(parts) == 1:
        return parts[0]
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ("values", "day", "ineligible")}
    return FeatureRows(names=parts[0].names, **arrays)


def feature_rows(cohort: Cohort, known: KnownAtLandmark) -> FeatureRows:
    """The feature rows of what ``known_at`` gives for a cohort, for a caller that needs it for more than the rows."""
    layout = _layout(cohort.protocol)
    values = np.empty((len(cohort), len(layout.names)))
    write_features(known, layout.columns, layout.wanted, values)
    for position, function in enumerate(layout.functions, start=layout.own):
        values[:, position] = function(known)
    values[np.isnan(known.day)] = np.nan
    values += 0.0  # one zero: -0.0 and 0.0 are the same number but not the same bits
    return FeatureRows(
        names=layout.names,
        values=values,
        day=known.day,
        ineligible=ineligible_at(cohort, known),
    )


class _Layout(NamedTuple):
    """The columns of a row: those of ``patients`` from the end of the computed ones to ``own``, then a study's own."""

    names: tuple[str, ...]
    columns: tuple[PatientColumn, ...]
    wanted: Categories
    own: int
    functions: tuple[Measure, ...]


@lru_cache(maxsize=64)
def _layout(protocol: Protocol) -> _Layout:
    features = catalogue(protocol)
    columns = tuple(one.function for one in features if isinstance(one.function, PatientColumn))
    own = COMPUTED + len(columns)
    return _Layout(
        names=tuple(one.name for one in features),
        columns=columns,
        wanted=wanted_codes(columns, protocol),
        own=own,
        functions=tuple(cast("Measure", one.function) for one in features[own:]),
    )
