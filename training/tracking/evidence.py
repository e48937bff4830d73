"""Logs evidence to the open MLflow run: the document, the report, every figure, and the estimates as metrics."""

import hashlib
import tempfile
from pathlib import Path

import mlflow
from mlflow.entities import Run

from training.evidence.document import Evidence, HeadEvidence, LandmarkEvidence
from training.registry.artifacts import EVIDENCE, EVIDENCE_DIGEST, REPORT
from training.report.facts import ReportFacts
from training.report.figures.pending_figures import PendingFigures
from training.report.figures.report_figures import draw
from training.report.models.equation import EQUATION, WORKBOOK, equation_csv, has_equation
from training.report.models.workbook import equation_workbook
from training.report.page.page import render_report
from training.stores.artifact_place import folder_at
from training.stores.registry_client import RegistryClient
from training.stores.run_below import run_below
from training.tracking.metrics import headline, log_run, measures_of, sustained_measures, with_limits


def log_evidence(evidence: Evidence, about: ReportFacts, model: str, pending: PendingFigures | None = None) -> None:
    """Log to the active run, and the evidence's digest also to the version of the registered ``model``.

    ``pending`` are its figures, if somebody has begun to draw them.
    """
    document = evidence.as_json()
    mlflow.log_text(document, EVIDENCE)
    report_figures = draw(evidence) if pending is None else pending.figures
    mlflow.log_text(render_report(evidence, about, report_figures), REPORT)
    for report_figure in report_figures:
        mlflow.log_text(report_figure.svg, f"figures/{report_figure.file_name}")
    if has_equation(evidence):
        mlflow.log_text(equation_csv(evidence), EQUATION)
        _log_bytes(equation_workbook(evidence), WORKBOOK)
    digest = hashlib.sha256(document.encode()).hexdigest()
    mlflow.set_tag(EVIDENCE_DIGEST, digest)
    if evidence.kind != "external":  # an external evaluation is not what the version was registered with
        RegistryClient().set_model_version_tag(model, str(about.model_version), EVIDENCE_DIGEST, digest)


def log_headline(run: Run, evidence: Evidence) -> None:
    """Log the headline figures to the active run, and to the model that it has logged: MLflow shows them with it.

    MLflow would copy those of a run to a model that is logged later, with a request for each.
    """
    cohort = evidence.cohort
    models = [made.model_id for made in run.outputs.model_outputs] if run.outputs else []
    figures = headline(evidence) | {"patients": cohort.patients, "sites": cohort.sites}
    log_run(run.info.run_id, metrics=figures, model_id=models[-1] if models else None)


def log_landmarks(top: Run, evidence: Evidence) -> None:
    """Log a run per landmark, and one per head below it, with every estimate; for evidence without candidates."""
    for landmark in evidence.landmarks:
        with run_below(top, landmark.name, {"level": "landmark", "landmark": landmark.name}) as run:
            log_run(run.info.run_id, metrics=sustained_measures(landmark))
            for head in landmark.heads:
                with run_below(run, head_run_name(head.head, landmark.name), _tags(landmark, head)) as below:
                    log_run(below.info.run_id, metrics=head_metrics(landmark, head.head))


def head_run_name(head: str, landmark: str) -> str:
    """The name of a head's run: what differs comes first, because MLflow's lists cut names off."""
    return f"{head} · {landmark}"


def head_metrics(landmark: LandmarkEvidence, head: str) -> dict[str, float]:
    """Every estimate of a head with its limits, under plain names, and its patients and events."""
    counted = {
        f"{name}": float(value)
        for one in landmark.heads
        if one.head == head
        for name, value in (("n", one.n), ("events", one.events))
    }
    return counted | with_limits(measures_of(landmark, head))


def _tags(landmark: LandmarkEvidence, head: HeadEvidence) -> dict[str, str]:
    noted = {"mlflow.note.content": head.note} if head.note else {}
    return noted | {"level": "head", "landmark": landmark.name, "head": head.head, "winner": str(head.winner)}


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
    address = str(RegistryClient().get_run(run_id).info.artifact_uri)
    folder = folder_at(address)
    return f"{address}/{name}" if folder is None else str(folder / name)
