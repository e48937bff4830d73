"""The features and the outcomes of a cohort as tables, for those who analyse them elsewhere, in R for example."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from features.build import build_features
from features.catalogue import catalogue
from features.protocol.document import Landmark, Protocol
from features.records.cohort import Cohort
from features.records.timeline import Indices
from training.exports.table_file import open_table, write_table
from training.outcomes.table import outcomes_frame

CHUNK = 25_000
"""Patients whose features are computed at a time, so that memory does not grow with the cohort."""


def write_features(cohort: Cohort, path: Path) -> dict[str, int]:
    """Write one row per patient and landmark reached: who, when, eligible or why not, then every feature by name.

    ``landmark_day`` is a whole number of days; the features have the units of ``features/README.md`` and are missing
    where their record is. Returns the cells marked by column (``table_file``).
    """
    with open_table(path, _schema(cohort.protocol)) as writer:
        for part in _parts(cohort):
            writer.write(part)
    return writer.marked


def write_outcomes(cohort: Cohort, path: Path) -> dict[str, int]:
    """Write ``outcomes_frame``, a row per patient and landmark; returns the cells marked by column."""
    return dict(write_table(pa.Table.from_pandas(outcomes_frame(cohort), preserve_index=False), path))


def _schema(protocol: Protocol) -> pa.Schema:
    features = [
        pa.field(one.name, pa.float64(), metadata={"unit": one.unit, "meaning": one.meaning})
        for one in catalogue(protocol)
    ]
    who = [("patient_id", pa.string()), ("landmark", pa.string()), ("landmark_day", pa.int64())]
    return pa.schema([*who, ("eligible", pa.bool_()), ("reason", pa.string()), *features])


def _parts(cohort: Cohort) -> Iterator[pa.Table]:
    """The rows of some patients at a time, each patient's landmarks in the order of the protocol."""
    schema = _schema(cohort.protocol)
    for start in range(0, len(cohort), CHUNK):
        some = cohort.take(np.arange(start, min(start + CHUNK, len(cohort))))
        found = [_at_landmark(some, landmark, schema) for landmark in some.protocol.landmarks]
        patient = np.concatenate([patients for patients, _ in found])
        yield pa.concat_tables(rows for _, rows in found).take(np.argsort(patient, kind="stable"))


def _at_landmark(cohort: Cohort, landmark: Landmark, schema: pa.Schema) -> tuple[Indices, pa.Table]:
    """Who reached the landmark, as indices, and their rows."""
    built = build_features(cohort, landmark)
    reached = np.flatnonzero(~np.isnan(built.day))
    reasons = [None if reason is None else str(reason.value) for reason in built.ineligible[reached]]
    columns = [
        cohort.patient_ids[reached],
        [landmark.name] * len(reached),
        built.day[reached].astype(np.int64),
        [reason is None for reason in reasons],
        reasons,
        *built.values[reached].T,
    ]
    arrays = [pa.array(column, field.type, from_pandas=True) for column, field in zip(columns, schema, strict=True)]
    return reached, pa.Table.from_arrays(arrays, schema=schema)
