"""Logs the check of the cohort to the open MLflow run, with the record of the import that made the cohort."""

import tempfile
from pathlib import Path

import mlflow

from training.cohort.file_names import IMPORT_RECORD
from training.plausibility.cohort_check import CHECK, IMPORT_DIGEST, CohortCheck


def log_check(check: CohortCheck | None) -> None:
    """Log ``cohort_check.json`` and, if the cohort was imported, ``import.json`` byte for byte and its digest."""
    if check is None:
        return
    mlflow.log_text(check.as_json(), CHECK)
    if check.import_record is None or check.import_digest is None:
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / IMPORT_RECORD
        path.write_bytes(check.import_record)
        mlflow.log_artifact(str(path))
    mlflow.set_tag(IMPORT_DIGEST, check.import_digest)
