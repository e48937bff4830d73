"""`kap monitor`: drift of patients and predictions, and calibration in use, from the prediction log."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from training.cli.log import LOG_ARGUMENT, open_whole_log
from training.cli.options.errors import EVIDENCE, FOLDER, RESULT_FILE, answers_for_mistakes
from training.cli.options.reading import STRICT_OPTION, read_for_command

if TYPE_CHECKING:
    from serving.log.queries import LogEntry
    from training.monitoring.statistics.document import Monitoring
    from training.monitoring.statistics.logged import LoggedPrediction


@click.command("monitor")
@LOG_ARGUMENT
@click.option("--outcomes", type=FOLDER, default=None, help="A cohort's folder with the patients' later records.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="Leave out predictions before this day, for example after a correction.",
)
@click.option("--out", type=RESULT_FILE, default=None, help="HTML file to write the page to.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@STRICT_OPTION
@answers_for_mistakes
def monitor_command(
    log: str | None, outcomes: Path | None, since: datetime | None, *, out: Path | None, as_json: bool, strict: bool
) -> None:
    """Check the prediction LOG for drift of patients and predictions, and for miscalibration.

    LOG is a file, or a database's URL without its password. Default: the log in KAP_LOG, or in the folder KAP_STATE.
    Each version in it is compared with the reference that its training recorded. Run the command every month or every
    day: over the life of a version without any change, the chance of a false alarm is at most 5%.

    Outcomes are joined to predictions by the patient: `patient_id` in the tables is `patient_ref` in the requests.
    The tables are read under the model's own protocol.

    The findings become an MLflow run with a page and figures, linked to the version used last.

    Exit codes: 0 in order, watch, or too little to tell; 4 act, for the version used last, with the reasons printed.
    The log is checked first. If it was changed, nothing is evaluated or recorded and the exit code is 4.
    """
    from training.cli.options.progress import Progress
    from training.monitoring.recording import PAGE, record
    from training.monitoring.report.figures import draw
    from training.monitoring.report.page import render_page
    from training.monitoring.report.text import as_text
    from training.provenance import collect_provenance
    from training.tracking.evidence import artifact_of
    from training.tracking.links import run_link

    with Progress() as progress:
        found = _found(log, outcomes, since, progress.step, strict=strict)
        progress.step("drawing")
        figures = [draw(model) for model in found.models]
        page = render_page(found, figures)
        progress.step("recording")
        run_id = record(found, page, figures, collect_provenance()) if found.models else None
    if out is not None:
        out.write_text(page, encoding="utf-8")
    if as_json:
        click.echo(json.dumps(json.loads(found.as_json()) | {"state": found.state, "run_id": run_id}))
    else:
        click.echo(
            as_text(found) + (f"\nin MLflow: {run_link(run_id)}\npage: {artifact_of(run_id, PAGE)}" if run_id else "")
        )
    sys.exit(EVIDENCE if found.state == "act" else 0)


def _found(
    log: str | None, outcomes: Path | None, since: datetime | None, announce: Callable[[str], None], *, strict: bool
) -> "Monitoring":
    """The findings from the log and the outcomes."""
    from serving.log.queries import read_entries
    from training.monitoring.monitor import MonitoringRequest, OutcomeSource, monitor
    from training.monitoring.recording import find_model

    announce("checking the log")
    state = open_whole_log(log)
    announce("reading the log")
    predictions = list(logged_predictions(read_entries(state.engine, state.secret)))
    announce("evaluating the predictions")
    joined = None
    if outcomes is not None:
        joined = OutcomeSource(
            lambda protocol: read_for_command(outcomes, protocol, strict=strict).cohort, state.secret.patient
        )
    now, first_day = datetime.now(UTC), None if since is None else since.date()
    return monitor(predictions, MonitoringRequest(find_model, joined, now, first_day))


def logged_predictions(entries: "Iterable[LogEntry]") -> "Iterator[LoggedPrediction]":
    """Entries of the log in the form that monitoring reads; an answer in shadow counts as one that was given."""
    from serving.log.shadow import whole_answer
    from training.monitoring.statistics.logged import LoggedPrediction

    for entry in entries:
        yield LoggedPrediction(
            prediction_id=entry.prediction_id,
            at=datetime.fromisoformat(entry.at),
            model_digest=entry.model_digest,
            model_version=entry.model_version,
            run_id=entry.run_id,
            landmark=entry.landmark,
            landmark_day=entry.landmark_day,
            patient=entry.patient,
            row=None if entry.row is None else json.loads(entry.row),
            answer=_kept(whole_answer(entry.answer, entry.shadow)),
        )


def _kept(text: str | None) -> dict[str, Any] | None:
    """The parts of an answer that monitoring reads; its curve and explanation would fill the memory."""
    if text is None:
        return None
    answer: dict[str, Any] = json.loads(text)
    parts = {name: answer.get(name) for name in ("outcome", "applicability", "remission")}
    if answer.get("outcome") != "predicted":
        return parts | {"reasons": answer.get("reasons")}
    relapse = answer.get("relapse")
    return parts | {"relapse": relapse and {"at_horizons": relapse.get("at_horizons")}}
