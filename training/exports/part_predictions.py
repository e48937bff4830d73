"""Predictions for a cohort in parts: each part is read and predicted for by itself, wherever jobs run.

A process that predicts holds its part. The one that writes holds the predictions of at most four parts for each of
them, so that memory does not grow with the number of parts; of all patients it holds hashes of their ids.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from models.bundle import Bundle
from training.cohort.parts.identifiers import PartIdentifiers, identifiers_of, require_apart
from training.cohort.parts.part import CohortPart, parts_of, read_part
from training.cohort.parts.remote import Place
from training.cohort.repairs import Repair
from training.execution.side_by_side import side_by_side
from training.exports.cohort_predictions import prediction_schema, prediction_tables
from training.exports.table_file import open_table

Announce = Callable[[str, int], Callable[[], None]]
"""Begins a stage of so many pieces; its result is called after each."""


@dataclass(frozen=True, eq=False)
class PartPredictions:
    """The predictions for a part; ``identifiers`` are compared with those of the other parts."""

    tables: tuple[pa.Table, ...]
    identifiers: PartIdentifiers
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
    place: Place, bundle: Bundle, path: Path, workers: int, announce: Announce, *, strict: bool
) -> ScoredParts:
    """Write predictions as `score_cohort` does, part by part in the order of their names.

    Raises ``CohortRefusedError`` with the problems of the first part that has
    any, or if a patient is in two parts; then nothing is written.
    """
    parts = parts_of(place)
    schema, rows, repairs, ignored = prediction_schema(bundle), 0, list[Repair](), dict[str, None]()
    seen: list[PartIdentifiers] = []
    predictions = partial(predictions_of_part, bundle, strict)
    advance = announce("predicting, part by part", len(parts))
    with open_table(path, schema) as writer:
        for found in side_by_side(predictions, ((part,) for part in parts), workers):
            for table in found.tables:
                writer.write(table)
                rows += table.num_rows
            seen.append(found.identifiers)
            repairs += found.repairs
            ignored |= dict.fromkeys(found.columns_not_read)
            advance()
        require_apart(parts, seen)
    return ScoredParts(rows, writer.marked, tuple(repairs), tuple(ignored))


def predictions_of_part(bundle: Bundle, strict: bool, part: CohortPart) -> PartPredictions:
    """Read a part and predict for its patients; raises ``CohortRefusedError``."""
    reading = read_part(part, bundle.protocol, strict=strict)
    tables = tuple(prediction_tables(reading.cohort, bundle))
    identifiers = identifiers_of(reading, strict=strict)
    return PartPredictions(tables, identifiers, reading.repairs, reading.columns_not_read)
