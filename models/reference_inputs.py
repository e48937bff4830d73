"""Reference inputs: made-up patients whose rows and answers a bundle carries, computed again when it is loaded.

They use every column and every feature, and represent no real patient.
"""

from typing import Any

import numpy as np

from features.protocol.columns import CHILD_TABLES, Column
from features.protocol.document import Protocol
from features.records.assemble import assemble_cohort
from features.records.cohort import Cohort, RawCohort, RawTable
from features.records.severity import turned

NUMBER_OF_REFERENCE_INPUTS = 12
ROWS_PER_REFERENCE_INPUT = {"prior_treatments": 3, "sessions": 4, "assessments": 9, "events": 1}
MISSING_SHARE = 0.2

Document = dict[str, Any]


def draw_reference_inputs(protocol: Protocol) -> Document:
    """Raw columns of the reference inputs as plain JSON values; a missing number is null, a missing category -1."""
    generator = np.random.default_rng(2026)
    patients = {
        column.name: _draw(column, NUMBER_OF_REFERENCE_INPUTS, generator)
        for column in protocol.tables["patients"]
        if column.kind != "identifier"
    }
    patients["prior_treatments_recorded"] = [float(number % 4 != 0) for number in range(NUMBER_OF_REFERENCE_INPUTS)]
    tables = {name: _draw_table(name, protocol, generator) for name in CHILD_TABLES}
    return {"patients": {name: _plain(values) for name, values in patients.items()}, "tables": tables}


def _draw_table(name: str, protocol: Protocol, generator: np.random.Generator) -> Document:
    number = ROWS_PER_REFERENCE_INPUT[name]
    patient = np.repeat(np.arange(NUMBER_OF_REFERENCE_INPUTS), number)
    turn = np.tile(np.arange(number), NUMBER_OF_REFERENCE_INPUTS)
    columns: dict[str, list[float]] = {
        column.name: _draw(column, len(patient), generator)
        for column in protocol.tables[name]
        if column.kind != "identifier"
    }
    if name == "prior_treatments":
        columns["start_day"] = [np.nan] * len(patient)
    if name == "sessions":
        columns["kind"] = (turn == 1).astype(float).tolist()
        columns["session_number"] = np.where(turn == 1, 1, np.where(turn == 0, 1, turn)).astype(float).tolist()
        columns["day"] = (turn * 7.0 + patient % 3 * (turn > 0)).tolist()
    if name == "assessments":
        columns |= _draw_ratings(protocol, patient, turn, generator)
    if name == "events":
        columns["day"] = generator.integers(30, 200, len(patient)).astype(float).tolist()
    return {"patient": patient.tolist(), "columns": {key: _plain(values) for key, values in columns.items()}}


def _draw_ratings(
    protocol: Protocol, patient: np.ndarray, turn: np.ndarray, generator: np.random.Generator
) -> dict[str, list[float]]:
    """Two ratings of a primary scale at baseline, five after it, and two of another scale, per patient."""
    scales = list(protocol.instruments.values())
    primary = [protocol.instrument_names.index(name) for name in protocol.remission.instruments]
    own = np.array(primary)[patient % len(primary)]
    other = np.array([code for code in range(len(scales)) if scales[code].decides_outcomes])[patient % 7]
    instrument = np.where(turn < 7, own, np.where(other == own, (own + 1) % 7, other))
    day = np.array([-7.0, 0, 2, 7, 12, 14, 21, 0, 14])[turn]
    lowest = np.array([scale.minimum for scale in scales])[instrument]
    highest = np.array([scale.maximum for scale in scales])[instrument]
    share = generator.uniform(0.3, 1.0, len(patient)) * np.where(day > 0, generator.uniform(0, 1, len(patient)), 1)
    severity = np.round(lowest + share * (highest - lowest))
    after_dose = np.where(turn == 5, 1.0, np.nan)
    return {
        "instrument": instrument.astype(float).tolist(),
        "day": day.tolist(),
        "score": turned(severity, instrument, protocol).tolist(),
        "after_dose": after_dose.tolist(),
        "suicidal_thoughts_item": [np.nan] * len(patient),
    }


def _draw(column: Column, number: int, generator: np.random.Generator) -> list[float]:
    if column.kind == "category":
        values = generator.integers(0, max(len(column.categories), 1), number).astype(float)
        missing = -1.0
    elif column.kind == "flag":
        values, missing = generator.integers(0, 2, number).astype(float), np.nan
    else:
        low = -3000.0 if column.minimum is None or column.minimum < -3000 else column.minimum
        high = 3000.0 if column.maximum is None or column.maximum > 3000 else column.maximum
        values, missing = np.round(generator.uniform(low, high, number), 2), np.nan
        values = np.round(values) if column.kind in ("whole", "day") else values
    if not column.required:
        values[generator.random(number) < MISSING_SHARE] = missing
    return values.tolist()


def _plain(values: list[float]) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values]


def cohort_of_reference_inputs(document: Document, protocol: Protocol) -> Cohort:
    """The cohort of the reference inputs in a document that ``draw_reference_inputs`` wrote."""

    def read(name: str, columns: Document) -> dict[str, np.ndarray]:
        kinds = {column.name: column.kind for column in protocol.tables[name]}
        floats = {key: np.array([np.nan if v is None else v for v in values]) for key, values in columns.items()}
        return {key: values.astype(np.int16) if kinds[key] == "category" else values for key, values in floats.items()}

    patients = read("patients", document["patients"])
    tables = {
        name: RawTable(np.array(table["patient"], dtype=np.intp), read(name, table["columns"]))
        for name, table in document["tables"].items()
    }
    ids = np.array([f"synthetic-probe-{number:02d}" for number in range(NUMBER_OF_REFERENCE_INPUTS)])
    cohort, _ = assemble_cohort(
        RawCohort(ids, ["synthetic-site"] * NUMBER_OF_REFERENCE_INPUTS, patients, tables), protocol
    )
    return cohort
