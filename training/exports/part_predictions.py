"""Predictions for a cohort in parts: each part is read and predicted for by itself, wherever jobs run.

No process holds more than its part, so memory does not grow with the cohort.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.protocol.problems import CohortRefusedError, Problem
from models.bundle import Bundle
from training.cohort.parts import CohortPart, parts_of, read_part
from training.cohort.repairs import Repair
from training.execution.side_by_side import side_by_side
from training.exports.cohort_predictions import prediction_schema, prediction_tables
from training.exports.table_file import open_table

Announce = Callable[[str, int], Callable[[], None]]
"""Begins a stage of so many pieces; its result is called after each."""


@dataclass(frozen=True, eq=False)
class PartPredictions:
    """The predictions for a part; ``patients`` are 64-bit hashes of its patients' ids, of which none is repeated."""

    tables: tuple[pa.Table, ...]
    patients: NDArray[np.uint64]
    repairs: tuple[Repair, ...]
    columns_not_read: tuple[str, ...]


@dataclass(frozen=True)
class ScoredParts:
    """What was written, and what reading took; ``marked`` counts cells by column (`table_file`)."""

    rows: int
    marked: dict[str, int]
    repairs: tuple[Repair, ...]
    columns_not_read: tuple[str, ...]


def score_parts(
    directory: Path, bundle: Bundle, path: Path, workers: int, announce: Announce, *, strict: bool
) -> ScoredParts:
    """Write predictions as `score_cohort` does, part by part in the order of their names.

    Raises ``CohortRefusedError`` with the problems of the first part that has
    any, or if a patient is in two parts; then nothing is written.
    """
    parts = parts_of(directory)
    schema, rows, repairs, ignored = prediction_schema(bundle), 0, list[Repair](), dict[str, None]()
    seen: list[NDArray[np.uint64]] = []
    jobs = [(part, bundle, strict) for part in parts]
    advance = announce("predicting, part by part", len(parts))
    with open_table(path, schema) as writer:
        for found in side_by_side(predictions_of_part, jobs, workers):
            for table in found.tables:
                writer.write(table)
                rows += table.num_rows
            seen.append(found.patients)
            repairs += found.repairs
            ignored |= dict.fromkeys(found.columns_not_read)
            advance()
        _require_apart(parts, seen)
    return ScoredParts(rows, writer.marked, tuple(repairs), tuple(ignored))


def predictions_of_part(part: CohortPart, bundle: Bundle, strict: bool) -> PartPredictions:
    """Read a part and predict for its patients; raises ``CohortRefusedError``."""
    reading = read_part(part, bundle.protocol, strict=strict)
    hashed = pd.util.hash_array(reading.cohort.patient_ids.astype(object))
    tables = tuple(prediction_tables(reading.cohort, bundle))
    return PartPredictions(tables, hashed, reading.repairs, reading.columns_not_read)


def _require_apart(parts: list[CohortPart], seen: list[NDArray[np.uint64]]) -> None:
    """Raise ``CohortRefusedError`` if a patient is in two parts: each would be predicted for from half a record."""
    every = np.concatenate(seen)
    part = np.repeat(np.arange(len(seen)), [len(each) for each in seen])
    order = np.argsort(every, kind="stable")
    twice = np.flatnonzero(every[order][1:] == every[order][:-1])
    if not len(twice):
        return
    first, second = parts[part[order[twice[0]]]].name, parts[part[order[twice[0] + 1]]].name
    found = f"{len(twice):,} in several, the first in {first} and {second}"
    raise CohortRefusedError([Problem("patients", None, "patient_id", "every patient in one part", found)])
