"""Predictions for a whole cohort, at every landmark that each patient reached, into one Parquet file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.build import build_features
from features.cohort import Cohort
from models.bundle import Bundle
from models.outcome_model import OutcomeModel

CHUNK = 50_000
"""Patients predicted at a time, so that memory does not grow with the cohort."""


def score_cohort(cohort: Cohort, bundle: Bundle, path: Path) -> int:
    """Write one row per patient and landmark reached, and return their number.

    ``reason`` says why nothing is predicted, and is empty where something is.
    """
    rows = 0
    partial = path.with_name(path.name + ".partial")
    try:
        with pq.ParquetWriter(partial, _schema(bundle)) as writer:
            for start in range(0, len(cohort), CHUNK):
                part = cohort.take(np.arange(start, min(start + CHUNK, len(cohort))))
                for table in _predictions(part, bundle):
                    writer.write_table(table)
                    rows += table.num_rows
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return rows


def _schema(bundle: Bundle) -> pa.Schema:
    horizons = bundle.protocol.horizons_days
    numbers = ["remission", *(f"{kind}_{days}" for kind in ("relapse", "sustained") for days in horizons)]
    metadata = {
        "model_digest": bundle.digest,
        "synthetic_training": str(bundle.training.get("synthetic", False)).lower(),
    }
    columns = [("patient_id", pa.string()), ("landmark", pa.dictionary(pa.int8(), pa.string()))]
    columns += [("landmark_day", pa.float64()), ("reason", pa.dictionary(pa.int8(), pa.string()))]
    return pa.schema([*columns, *((name, pa.float64()) for name in numbers)], metadata=metadata)


def _predictions(cohort: Cohort, bundle: Bundle) -> Iterator[pa.Table]:
    for model in bundle.models:
        features = build_features(cohort, model.landmark)
        reached = np.flatnonzero(~np.isnan(features.day))
        reasons = [_reason(reason, model) for reason in features.unpredictable[reached]]
        predicted = model.predict(features.values[reached], with_curve=False)
        numbers = np.column_stack([predicted.remission, predicted.relapse, predicted.sustained])
        numbers[[reason is not None for reason in reasons]] = np.nan
        schema = _schema(bundle)
        ids, days = cohort.patient_ids[reached], features.day[reached]
        columns = [ids, [model.landmark.name] * len(reached), days, reasons, *numbers.T]
        arrays = [
            pa.array(column, from_pandas=True).cast(field.type) for column, field in zip(columns, schema, strict=True)
        ]
        yield pa.Table.from_arrays(arrays, schema=schema)


def _reason(reason: object, model: OutcomeModel) -> str | None:
    if reason is not None:
        return str(getattr(reason, "value", reason))
    return None if model.can_answer else "the cohort that the model learned from could not teach this landmark"
