"""Logs what stood beside a cohort's tables to the open MLflow run: its check, the record of its import, study.toml."""

import tempfile
from pathlib import Path

import mlflow

from training.cohort.file_names import IMPORT_RECORD, STUDY_FILE
from training.plausibility.cohort_check import CHECK, IMPORT_DIGEST, CohortCheck
from training.report.study import StudyAnswers

STUDY_DIGEST = "study_digest"
"""The tag with the SHA-256 of ``study.toml``."""


CheckAndStudy = tuple[CohortCheck, StudyAnswers]
"""What stood beside the tables of a cohort, as a command read it."""


def log_beside(beside: CheckAndStudy | None) -> StudyAnswers:
    """Log the check and ``study.toml`` of a cohort; returns the answers, none where there is no file."""
    check, study = beside or (None, None)
    log_check(check)
    return log_study(study)


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


def log_study(study: StudyAnswers | None) -> StudyAnswers:
    """Log ``study.toml`` and its digest, if the cohort has one; returns the answers, none where there is no file."""
    if study is None or study.digest is None:
        return StudyAnswers()
    mlflow.log_text(study.document, STUDY_FILE)
    mlflow.set_tag(STUDY_DIGEST, study.digest)
    return study
