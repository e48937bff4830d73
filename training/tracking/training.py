"""Records a training in MLflow: one run, with a run below it per landmark, head and candidate, and the model.

No patient's name or record is recorded.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from models.score import LinearScore
from training.audit.audit import seal_run
from training.cohort.summary import LandmarkFlow, landmark_flow
from training.evaluation.candidate_figures import figures, figures_per_fold
from training.evidence.document import Evidence, LandmarkEvidence
from training.experiment.answers_table import held_out_answers
from training.experiment.records import held_out_table, importances, summary
from training.experiment.train import LandmarkFit, Training
from training.failures import StoreUnreachableError
from training.learning.fit import CandidateFit, HeadFit
from training.learning.own_candidates.resolution import parameters_of
from training.monitoring.statistics.reference import REFERENCE, reference_of_training
from training.outcomes.digests import features_digest, outcomes_digest
from training.plausibility.cohort_check import CohortCheck
from training.registry.artifacts import HELD_OUT, HELD_OUT_ANSWERS, PROTOCOL, SUMMARY
from training.registry.names import model_name_of
from training.registry.registration import describe, register
from training.registry.release import store_undisturbed, use_store
from training.report.facts import ReportFacts, feature_dictionary, outcome_rules
from training.report.figures.pending_figures import PendingFigures
from training.report.study import StudyAnswers
from training.settings.values import flattened
from training.simulation.marks import is_synthetic
from training.stores.registry_client import asked_once
from training.stores.run_below import log_json, run_below
from training.stores.store_answers import unreachable
from training.stores.written_files import copies_of_written
from training.tracking.cohort_check import log_check, log_study
from training.tracking.evidence import head_metrics, head_run_name, log_evidence, log_headline, report_of
from training.tracking.kept import keep
from training.tracking.links import run_link, run_page
from training.tracking.metrics import log_run, setting_parameters, slugs_of, sustained_measures
from training.tracking.model_card import CARD, model_card, model_description, version_description
from training.tracking.opened import open_run, withdraw_unsealed
from training.tracking.recorded_run import RecordedRun
from training.tracking.resources import ResourceUse, log_resources
from training.tracking.search import log_search


@dataclass(frozen=True)
class RecordingOptions:
    """``model_name`` is the researcher's own name of the registered model; ``use`` is what the training took.

    ``study`` is what the authors answer in ``study.toml``; it is recorded too. ``run_id`` is the run that was opened
    when the training began (``opened``); without it one is opened now. ``pending`` are the figures of its report, if
    somebody has begun to draw them.
    """

    model_name: str | None = None
    use: ResourceUse | None = None
    study: StudyAnswers | None = None
    run_id: str | None = None
    pending: PendingFigures | None = None


def record(
    training: Training,
    evidence: Evidence,
    started: float,
    announce: Callable[[str], None],
    check: CohortCheck | None = None,
    options: RecordingOptions = RecordingOptions(),
) -> RecordedRun:
    """Record a finished training with its evidence and its cohort's check, register its model, and seal the record.

    ``started`` is when the training began (seconds since the epoch), and ``announce`` gets each step. If the store
    fails, the training is kept in a folder, which the ``StoreUnreachableError`` names.
    """
    use_store()
    protocol, source = training.cohort.protocol, evidence.cohort.source
    name = model_name_of(protocol, options.model_name)

    def write(run_id: str | None = None) -> RecordedRun:
        opened = run_id or open_run(name, protocol.name, source, started)
        with store_undisturbed() as may_stop, copies_of_written() as written:
            step = _pausing(announce, may_stop)
            recorded = _record(training, evidence, started, step, check, replace(options, run_id=opened))
            step("the seal")
            seal_run(opened, written)
        with asked_once():
            return replace(recorded, report=report_of(opened), link=run_link(opened))

    try:
        return write(options.run_id)
    except (MlflowException, OSError) as error:
        why = str(unreachable(error, "record the training"))
        withdraw_unsealed(name, options.run_id)
        folder = keep((name, protocol.name), why, write)
        raise StoreUnreachableError(f"{why}; the training is kept, record it with: kap record {folder}") from error


def _pausing(announce: Callable[[str], None], may_stop: Callable[[], None]) -> Callable[[str], None]:
    """Announces a step, before which the command may be stopped."""

    def step(words: str) -> None:
        announce(words)
        may_stop()

    return step


def _record(
    training: Training,
    evidence: Evidence,
    started: float,
    announce: Callable[[str], None],
    check: CohortCheck | None,
    options: RecordingOptions,
) -> RecordedRun:
    protocol, source = training.cohort.protocol, evidence.cohort.source
    name = model_name_of(protocol, options.model_name)
    with mlflow.start_run(run_id=options.run_id) as run, tempfile.TemporaryDirectory() as scratch:
        announce("the run")
        _record_training(run, training, evidence, Path(scratch))
        log_check(check)
        answers = log_study(options.study)
        for landmark in training.landmarks:
            announce(landmark.outcomes.landmark.name)
            _record_landmark(run, training, landmark, evidence.landmark(landmark.outcomes.landmark.name))
        announce("the model")
        digest, version = register(training.bundle, training.provenance, Path(scratch), name)
        log_headline(run, evidence)
        MlflowClient().update_run(run.info.run_id, name=f"version {version} · {source[:200]}")
        announce("the evidence")
        recorded = RecordedRun(run.info.run_id, version, digest, model=name)
        about = replace(_facts(training, recorded, started), answers=answers)
        log_evidence(evidence, about, name, options.pending)
        _log_card(training, evidence, about, name)
        if options.use is not None:
            log_resources(run.info.run_id, options.use)
    return recorded


def _log_card(training: Training, evidence: Evidence, about: ReportFacts, name: str) -> None:
    """Log the model card, and describe the registered model and its version."""
    research_only = bool(training.bundle.research_only)
    mlflow.log_text(model_card(evidence, about, research_only=research_only), CARD)
    of_model = model_description(name, training.cohort.protocol.name, synthetic=evidence.cohort.synthetic)
    of_version = version_description(evidence, about, run_page(about.run_id), research_only=research_only)
    describe(name, str(about.model_version), (of_model, of_version))


def _facts(training: Training, recorded: RecordedRun, started: float) -> ReportFacts:
    """The facts of the report that are not in the evidence."""
    protocol = training.cohort.protocol
    return ReportFacts(
        title=f"{recorded.model}, protocol {protocol.name}",
        model_version=recorded.model_version,
        run_id=recorded.run_id,
        bundle_digest=recorded.bundle_digest,
        written_on=f"{datetime.fromtimestamp(started, UTC):%Y-%m-%d}",
        seed=training.config.seed,
        provenance=training.provenance.as_tags(),
        settings={key: str(value) for key, value in flattened(training.config.as_parameters()).items()},
        features=feature_dictionary(protocol),
        outcomes=outcome_rules(protocol),
        study=protocol.described,
    )


def _record_training(run: Run, training: Training, evidence: Evidence, scratch: Path) -> None:
    cohort, source = training.cohort, evidence.cohort.source
    parameters = (
        setting_parameters(training.config.as_parameters())
        | _winners(training)
        | {
            "seed": training.config.seed,
            "cohort": source,
            "cohort_digest": cohort.digest,
            "protocol": cohort.protocol.name,
            "protocol_digest": cohort.protocol.digest,
            "folds": f"{training.folds.kind}: {', '.join(training.folds.names)}"[:6000],
            "fold_repeats": training.folds.repeats,
        }
    )
    tags = {"level": "training", "synthetic": str(is_synthetic(cohort)).lower(), "cohort_digest": cohort.digest}
    tags |= training.provenance.as_tags() | {"mlflow.note.content": _description(training)}
    log_run(run.info.run_id, parameters=parameters, tags=tags)
    mlflow.log_input(_dataset(training, source), context="training")
    mlflow.log_dict(json.loads(cohort.protocol.document), PROTOCOL)
    mlflow.log_dict({"landmarks": summary(training, evidence)}, SUMMARY)
    mlflow.log_text(reference_of_training(training).as_json(), REFERENCE)
    for name, table in ((HELD_OUT, held_out_table(training)), (HELD_OUT_ANSWERS, held_out_answers(training))):
        table.to_parquet(scratch / name, index=False)
        mlflow.log_artifact(str(scratch / name))


def _winners(training: Training) -> dict[str, str]:
    """The winner of every head as a parameter, so that the list of runs can show and filter it."""
    slugs = slugs_of([landmark.outcomes.landmark.name for landmark in training.landmarks])
    return {
        f"winner.{head}.{slug}": fit.winner or "none"
        for slug, landmark in zip(slugs, training.landmarks, strict=True)
        for head, fit in landmark.heads.items()
    }


def _description(training: Training) -> str:
    """The run's note, in Markdown."""
    lines = ["`report.html` and `model_card.md` are among the artifacts.", ""]
    lines += ["| landmark | head | patients | events | winner | note |", "|---|---|---|---|---|---|"]
    for landmark in training.landmarks:
        for head, fit in landmark.heads.items():
            figures = f"{fit.task.patients} | {fit.task.events} | {fit.winner or 'none'} | {fit.note}"
            lines.append(f"| {landmark.outcomes.landmark.name} | {head} | {figures} |")
    if is_synthetic(training.cohort):
        lines = ["Fitted on a **SYNTHETIC** cohort: it says nothing about real patients.", "", *lines]
    return "\n".join(lines)


def _dataset(training: Training, source: str) -> Any:
    """The cohort as an MLflow dataset: name, size, columns and digest, no values."""
    cohort = training.cohort
    frame = pd.DataFrame({name: np.asarray(values, dtype=np.float64) for name, values in cohort.patients.items()})
    return mlflow.data.from_pandas(frame, name=source, digest=cohort.digest[:36])


def _record_landmark(top: Run, training: Training, landmark: LandmarkFit, evidence: LandmarkEvidence) -> None:
    name = landmark.outcomes.landmark.name
    flow = landmark_flow(training.cohort, landmark.outcomes)
    tags = {
        "level": "landmark",
        "landmark": name,
        "outcomes_digest": outcomes_digest(landmark.outcomes),
        "features_digest": features_digest(landmark.features),
    }
    with run_below(top, name, tags) as run:
        log_run(run.info.run_id, metrics=_flow_metrics(flow) | sustained_measures(evidence))
        for head, fit in landmark.heads.items():
            with run_below(run, head_run_name(head, name), _head_tags(head, fit, evidence)) as below:
                _record_head(below.info.run_id, head, fit, evidence)
                for candidate in fit.candidates.values():
                    _record_candidate(below, training, evidence, fit, candidate)


def _flow_metrics(flow: LandmarkFlow) -> dict[str, float]:
    """Counts of the flow diagram, one metric each."""
    counts = {"patients": flow.patients, "eligible": flow.eligible}
    counts |= {f"left_out.{reason.name.lower()}": count for reason, count in flow.left_out}
    counts |= {
        "remission.yes": flow.remission.yes,
        "remission.no": flow.remission.no,
        "remission.not_observed": flow.remission.not_observed,
    }
    counts |= {f"ended_by.{end.name.lower()}": count for end, count in flow.ended.items()}
    for days, answers in flow.sustained:
        counts |= {f"sustained_{days}.yes": answers.yes, f"sustained_{days}.not_observed": answers.not_observed}
    return {name: float(count) for name, count in counts.items()}


def _head_tags(head: str, fit: HeadFit, evidence: LandmarkEvidence) -> dict[str, str]:
    noted = {"mlflow.note.content": fit.note} if fit.note else {}
    return noted | {"level": "head", "landmark": evidence.name, "head": head, "winner": str(fit.winner)}


def _record_head(run_id: str, head: str, fit: HeadFit, evidence: LandmarkEvidence) -> None:
    metrics = {"n": float(fit.task.patients), "events": float(fit.task.events)}
    if fit.recalibration:
        recalibration = fit.recalibration
        metrics |= {
            "recalibration.shift": recalibration.shift,
            "recalibration.slope": recalibration.slope,
            "recalibration.p_value": recalibration.p_value,
            "recalibration.applied": float(recalibration.supported),
        }
    if fit.winner:
        metrics |= figures(fit, fit.candidates[fit.winner], evidence)
    metrics |= head_metrics(evidence, head)
    log_run(run_id, metrics=metrics)


def _record_candidate(
    head: Run, training: Training, evidence: LandmarkEvidence, fit: HeadFit, candidate: CandidateFit
) -> None:
    tags = {"level": "candidate", "landmark": evidence.name, "head": fit.task.name, "candidate": candidate.name}
    tags["winner"] = str(candidate.name == fit.winner).lower()
    if candidate.research_only:
        tags["research_only"] = candidate.research_only
    assert fit.choice is not None  # noqa: S101 - made wherever there are candidates
    above = fit.choice.differences[candidate.name]
    compared = {"loss": candidate.loss, "loss_above_best": above.estimate, "loss_above_best_se": above.standard_error}
    found = importances(candidate, training.bundle.features)
    kind = "coefficients" if isinstance(candidate.head.score, LinearScore) else "importances"
    with run_below(head, f"{candidate.name} · {head_run_name(fit.task.name, evidence.name)}", tags) as run:
        log_run(
            run.info.run_id,
            parameters={**candidate.parameters, **_parameters_of(candidate.name, training)},
            metrics=figures(fit, candidate, evidence) | compared,
            per_fold=figures_per_fold(fit, candidate),
        )
        log_search(run.info.run_id, candidate.trials)
        if found:
            log_json(run, found, f"{kind}.json")


def _parameters_of(name: str, training: Training) -> dict[str, str]:
    """The parameters of the estimator of a candidate of another package; none of one built in."""
    own = {candidate for candidate, _ in training.provenance.candidates}
    return parameters_of(name, training.config.seed) if name in own else {}
