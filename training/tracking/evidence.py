"""Logs evidence to the open MLflow run: the document, the report, every figure, and every estimate as a metric."""

import hashlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import mlflow
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

from training.evidence.document import Estimate, Evidence
from training.registry.release import MODEL_NAME
from training.report.facts import ReportFacts
from training.report.figures.report_figures import draw
from training.report.models.equation import EQUATION, WORKBOOK, equation_csv, has_equation
from training.report.models.workbook import equation_workbook
from training.report.page.page import render_report

EVIDENCE = "evidence.json"
REPORT = "report.html"
METRICS_AT_ONCE = 900


def log_evidence(evidence: Evidence, about: ReportFacts) -> None:
    """Log to the active run, and the evidence's digest also to the model's version."""
    document = evidence.as_json()
    mlflow.log_text(document, EVIDENCE)
    report_figures = draw(evidence)
    mlflow.log_text(render_report(evidence, about, report_figures), REPORT)
    for report_figure in report_figures:
        mlflow.log_text(report_figure.svg, f"figures/{report_figure.file_name}")
    if has_equation(evidence):
        mlflow.log_text(equation_csv(evidence), EQUATION)
        _log_bytes(equation_workbook(evidence), WORKBOOK)
    run = mlflow.active_run()
    assert run is not None  # noqa: S101 - the caller opened it
    _log_metrics(run.info.run_id, dict(estimates(evidence)))
    digest = hashlib.sha256(document.encode()).hexdigest()
    mlflow.set_tag("evidence_digest", digest)
    if evidence.kind != "external":  # an external evaluation is not what the version was registered with
        MlflowClient().set_model_version_tag(MODEL_NAME, str(about.model_version), "evidence_digest", digest)


def _log_bytes(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        path.write_bytes(content)
        mlflow.log_artifact(str(path))


def report_of(run_id: str) -> str:
    """The path or address of a run's report."""
    return artifact_of(run_id, REPORT)


def artifact_of(run_id: str, name: str) -> str:
    """The path of a run's artifact if it is a local file, else its address."""
    place = str(MlflowClient().get_run(run_id).info.artifact_uri)
    path = Path(place.removeprefix("file://"))
    return f"{path if path.is_dir() else place}/{name}"


def estimates(evidence: Evidence) -> Iterator[tuple[str, Estimate]]:
    """Every estimate of the heads and the questions, by landmark, question and measure."""
    for landmark in evidence.landmarks:
        for head in landmark.heads:
            for measure, estimate in head.measures.items():
                yield f"{landmark.name}/{head.head}/{measure}", estimate
        for question in landmark.questions:
            for measure, estimate in question.measures.items():
                yield f"{landmark.name}/{question.name}/{measure}", estimate


def _log_metrics(run_id: str, found: Mapping[str, Estimate]) -> None:
    """Log estimates with their limits; undefined ones are left out."""
    now = int(time.time() * 1000)
    logged = [
        Metric(f"{name}{part}", value, now, 0)
        for name, estimate in found.items()
        for part, value in (("", estimate.estimate), (".low", estimate.low), (".high", estimate.high))
        if value is not None
    ]
    for first in range(0, len(logged), METRICS_AT_ONCE):
        MlflowClient().log_batch(run_id, metrics=logged[first : first + METRICS_AT_ONCE])
