"""Predictions for a whole cohort, at every landmark that each patient reached, into one CSV or Parquet file."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from features.build import build_features
from features.catalogue import catalogue
from features.definitions.display_names import label_of
from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.applicability import ApplicabilityVerdicts, Applicable
from models.bundle import Bundle
from models.outcome_model import OutcomeModel, Predictions
from training.exports.table_file import open_table

CHUNK = 25_000
"""Patients whose predictions are written at a time, so that memory does not grow with the cohort."""
ROWS_AT_ONCE = 2_000
"""Feature rows predicted at a time: what is computed of more does not fit into the caches of a processor."""
THREADS = 2
"""Chunks predicted side by side. Linear algebra keeps to one thread: its products are too small to be divided."""
WORDS = tuple(verdict.name.lower() for verdict in Applicable)


def score_cohort(cohort: Cohort, bundle: Bundle, path: Path) -> tuple[int, dict[str, int]]:
    """Write one row per patient and landmark reached; return their number, and the cells marked (``table_file``).

    ``reason`` says why there is no prediction, and is empty if there is one. ``applicability`` is inside,
    at_the_edge or outside (then there is no prediction), and ``_low`` and ``_high`` are the limits of 90% intervals;
    they are empty if the model has none.
    """
    rows = 0
    with open_table(path, prediction_schema(bundle)) as writer:
        for table in prediction_tables(cohort, bundle):
            writer.write(table)
            rows += table.num_rows
    return rows, writer.marked


def prediction_schema(bundle: Bundle) -> pa.Schema:
    """The columns of the predictions of a model."""
    horizons = bundle.protocol.horizons_days
    numbers = ["remission", *(f"{kind}_{days}" for kind in ("relapse", "sustained") for days in horizons)]
    metadata = {
        "model_digest": bundle.digest,
        "synthetic_training": str(bundle.training.get("synthetic", False)).lower(),
    }
    word = pa.dictionary(pa.int8(), pa.string())
    columns = [("patient_id", pa.string()), ("landmark", word), ("landmark_day", pa.float64())]
    columns += [("applicability", word), ("reason", pa.dictionary(pa.int32(), pa.string()))]
    columns += [(f"{name}{end}", pa.float64()) for end in ("", "_low", "_high") for name in numbers]
    return pa.schema(columns, metadata=metadata)


def prediction_tables(cohort: Cohort, bundle: Bundle) -> Iterator[pa.Table]:
    """Predictions of every chunk at every landmark, always in the same order; few chunks are held at a time."""
    schema = prediction_schema(bundle)
    waiting: deque[Future[pa.Table]] = deque()
    with threadpool_limits(limits=1), ThreadPoolExecutor(THREADS) as threads:
        for start in range(0, len(cohort), CHUNK):
            part = cohort.take(np.arange(start, min(start + CHUNK, len(cohort))))
            for model in bundle.models:
                waiting.append(threads.submit(_predictions, part, model, schema))
                if len(waiting) > THREADS:
                    yield waiting.popleft().result()
        for last in waiting:
            yield last.result()


def _predictions(cohort: Cohort, model: OutcomeModel, schema: pa.Schema) -> pa.Table:
    features = build_features(cohort, model.landmark)
    reached = np.flatnonzero(~np.isnan(features.day))
    rows, reasons = features.values[reached], [_reason(reason, model) for reason in features.ineligible[reached]]
    labels = tuple(label_of(one.name, one.meaning) for one in catalogue(cohort.protocol))
    portions = [slice(start, start + ROWS_AT_ONCE) for start in range(0, max(len(rows), 1), ROWS_AT_ONCE)]
    predicted = [_portion(rows[portion], reasons[portion], model, labels) for portion in portions]
    numbers = np.hstack([numbers for numbers, _, _ in predicted])
    verdicts, refusals = (list(chain.from_iterable(parts)) for parts in list(zip(*predicted, strict=True))[1:])
    ids, days = cohort.patient_ids[reached], features.day[reached]
    columns = [ids, [model.landmark.name] * len(reached), days, verdicts, refusals, *numbers]
    arrays = [
        pa.array(column, from_pandas=True).cast(field.type) for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _portion(
    rows: Floats, reasons: list[str | None], model: OutcomeModel, labels: tuple[str, ...]
) -> tuple[Floats, list[str | None], list[str | None]]:
    """Of some rows the numbers (columns, n), NaN where there is no prediction, the verdicts, and all reasons."""
    evaluated = None if model.applicability is None else model.applicability.assess(rows)
    verdicts = _verdicts(evaluated, reasons)
    refusals = _refusals(evaluated, labels)
    why_not = [reason or refusals.get(row) for row, reason in enumerate(reasons)]
    numbers = _numbers(model.predict(rows, with_curve=False))
    numbers[:, [reason is not None for reason in why_not]] = np.nan
    return numbers, verdicts, why_not


def _numbers(predicted: Predictions) -> Floats:
    """Every answer, then the lower and the upper limit of every answer's 90% interval, shape (3 x answers, n)."""
    answers, limits = predicted.answers_and_limits()
    return np.vstack([answers.T, limits[..., 0].T, limits[..., 1].T])


def _verdicts(evaluated: ApplicabilityVerdicts | None, reasons: list[str | None]) -> list[str | None]:
    """The verdict on each row that could be answered; ``reasons`` say why the others could not."""
    if evaluated is None:
        return [None] * len(reasons)
    pairs = zip(evaluated.verdict.tolist(), reasons, strict=True)
    return [WORDS[verdict] if reason is None else None for verdict, reason in pairs]


def _refusals(evaluated: ApplicabilityVerdicts | None, labels: tuple[str, ...]) -> dict[int, str]:
    """By row, why a patient outside the applicability domain gets no answer; ``labels`` name the features."""
    if evaluated is None:
        return {}
    return {
        row: evaluated.refusal(row, labels) for row in np.flatnonzero(evaluated.verdict == Applicable.OUTSIDE).tolist()
    }


def _reason(reason: object, model: OutcomeModel) -> str | None:
    if reason is not None:
        return str(getattr(reason, "value", reason))
    return None if model.can_answer else "the development cohort was too small for a model at this landmark"
