"""Requests for tests: one that is right in every part, and one made from a patient of a cohort."""

import copy
import json
from typing import Any

import numpy as np

from features.protocol.columns import CHILD_TABLES, Column
from features.records.cohort import Cohort
from features.records.severity import as_recorded
from features.records.timeline import Rows
from serving.contract.reading import read_request
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.contract.request import PredictionRequest

Document = dict[str, Any]

EXAMPLE: Document = {
    "as_of_day": 14,
    "patient": {"patient_ref": "c1-0042", "site_id": "c1", "age_years": 41, "sex": "female", "diagnosis": "gad"},
    "prior_treatments": [{"treatment": "ssri", "end_day": -30, "adequate": True, "outcome": "no_response"}],
    "sessions": [
        {"session_number": 1, "day": 0, "kind": "dosing", "route": "intramuscular", "dose_mg_per_kg": 0.9},
        {"session_number": 2, "day": 7, "kind": "dosing", "route": "intramuscular", "dose_mg_per_kg": 1.1},
    ],
    "assessments": [
        {"day": 0, "instrument": "gad7", "score": 16},
        {"day": 6, "instrument": "gad7", "score": 9},
        {"day": 0, "instrument": "phq9", "score": 12},
    ],
    "events": [{"day": 3, "event": "medication_increase"}],
}


def example(**changes: Any) -> Document:
    """The example with some of its parts replaced."""
    return copy.deepcopy(EXAMPLE) | changes


def changed(path: tuple[str | int, ...], value: Any, document: Document | None = None) -> Document:
    """The example (or another document) with one value set."""
    document = copy.deepcopy(EXAMPLE if document is None else document)
    place: Any = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return document


def without(document: Document, *path: str | int) -> Document:
    """The document without one of its parts."""
    document = copy.deepcopy(document)
    place: Any = document
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    return document


def read(document: Document) -> PredictionRequest:
    return read_request(json.dumps(document))


def problems(document: Document | str) -> tuple[RequestProblem, ...]:
    """Why a request is refused by the contract; empty when it is not."""
    try:
        read_request(document if isinstance(document, str) else json.dumps(document))
    except RequestRefusedError as refused:
        return refused.problems
    return ()


def request_of(cohort: Cohort, patient: int, as_of_day: int) -> Document:
    """What a clinic would send of one patient of a cohort on a day: all that was recorded by then."""
    protocol = cohort.protocol
    covariates = {covariate.name for covariate in protocol.covariates}
    row = {name: values[patient] for name, values in cohort.patients.items()}
    cells = {
        column.name: _cell(column, row[column.name]) for column in protocol.tables["patients"] if column.name in row
    }
    document: Document = {
        "as_of_day": as_of_day,
        "patient": {"patient_ref": str(cohort.patient_ids[patient])}
        | {name: value for name, value in cells.items() if name not in covariates and value is not None},
    }
    if covariates:
        document["patient"]["covariates"] = {name: cells[name] for name in covariates}
    for table in CHILD_TABLES:
        document[table] = _rows(cohort, table, patient, as_of_day)
    if not cells["prior_treatments_recorded"] and not document["prior_treatments"]:
        del document["prior_treatments"], document["patient"]["prior_treatments_recorded"]
    return document


def _rows(cohort: Cohort, table: str, patient: int, as_of_day: int) -> list[Document]:
    rows: Rows = cohort.table(table)
    if table == "assessments":
        rows = as_recorded(rows, cohort.protocol)
    own = rows.patient == patient
    if "day" in rows.columns:
        own &= rows.numbers("day") <= as_of_day
    declared = [column for column in cohort.protocol.tables[table] if column.kind != "identifier"]
    return [
        {column.name: cell for column in declared if (cell := _cell(column, rows[column.name][row])) is not None}
        for row in np.flatnonzero(own)
    ]


def _cell(column: Column, value: Any) -> Any:
    if column.kind == "category":
        return column.categories[value] if value >= 0 else None
    if np.isnan(value):
        return None
    if column.kind == "flag":
        return bool(value)
    return int(value) if column.kind in ("whole", "day") else float(value)
