"""`kap audit lineage` and `kap replay`: the origin of a logged prediction, and the answers of another model.

Exit codes of `lineage`: 0 every step passed, 4 at least one failed, 5 none failed but some could not be checked.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.audit import MARKS
from training.cli.log import LOG_ARGUMENT, LOG_OPTION, open_whole_log
from training.cli.options.errors import RESULT_FILE, answers_for_mistakes
from training.cli.options.jobs import runs_jobs
from training.cli.options.stored import reads_store

if TYPE_CHECKING:
    from serving.log.feedback import LoggedFeedback
    from serving.storage.state import State
    from serving.verification.rescore import EntryFacts
    from training.audit.prediction_lineage import PredictionLineage
    from training.cli.texts.lineage_text import Answer
    from training.replay.rows import LoggedAnswer
    from training.verdicts import Verdict


@click.command()
@click.argument("prediction_id")
@LOG_OPTION
@click.option(
    "--request", type=click.File("rb"), default=None, help="JSON file to compare with the logged request; - for stdin."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--to", "form", type=click.Choice(["fhir"]), default=None, help="Give Provenance and AuditEvent (FHIR R4)."
)
@click.option("--out", type=RESULT_FILE, default=None, help="File for --to; default: print.")
@answers_for_mistakes
@reads_store
def lineage(
    prediction_id: str, log: str | None, request: IO[bytes] | None, as_json: bool, form: str | None, out: Path | None
) -> None:
    """Find the model, training run and decision behind PREDICTION_ID, and compute its answer again.

    The steps: the entry's own codes (kap audit log checks the whole log); the registered version with the bundle that
    answered; the record of its training, with cohort, code and dependencies; the decision that made it champion at
    that time, and granted what was given; and the answer of the bundle to the logged row.

    PREDICTION_ID may be written as urn:uuid:..., and be the uuid of either card. After the steps come the answer (its
    probabilities, or why there are none, and its cautions) and the feedback on its cards; kap log feedback --comments
    has the comments.

    --to fhir gives a Bundle with a Provenance of the answer's risk assessments and an AuditEvent, from the caller's key
    to the decision, with nothing of the patient. What a step did not confirm is left out.

    Raw requests are not kept; --request compares a file, also one of FHIR, with the logged digest. After an erasure,
    the steps that need the erased content are not checked, and the erasure is named.

    Exit codes: 0 every step that applies passed, 4 at least one failed, 5 none failed but some could not be checked.
    """
    from serving.cds_hooks.card_ids import prediction_named
    from serving.log.feedback import read_feedback_entries
    from serving.storage.log_location import open_log
    from serving.storage.settings import load_settings
    from serving.verification.rescore import differences, facts_of
    from training.audit.prediction_lineage import traced_origin
    from training.cli.texts.lineage_text import answered
    from training.verdicts import exit_code

    _require_one_form(form, out, as_json=as_json)
    state = open_log(log)
    facts = facts_of(state, prediction_named(prediction_id))
    same = None if request is None else _is_the_request(state, facts, request.read())
    verdicts, origin = traced_origin(
        _lineage(facts, same, given=request is not None),
        lambda bundle: differences(bundle, facts.entry),
        load_settings().reload_seconds,
    )
    if form is not None:
        from training.cli.texts.lineage_fhir import lineage_as_fhir

        _give(lineage_as_fhir(facts.entry, verdicts, origin), out)
        sys.exit(exit_code(verdicts))
    feedback = [] if facts.erased else list(read_feedback_entries(state.engine, state.secret, facts.entry))
    answer = answered(facts.entry.answer)
    if as_json:
        shown = {"verdicts": [asdict(verdict) for verdict in verdicts], "answered": answer}
        feedback_shown = {"feedback": [_shown(one) for one in feedback]}
        click.echo(json.dumps({"prediction": facts.entry.prediction_id} | shown | feedback_shown))
    else:
        _print(verdicts, answer, feedback)
    sys.exit(exit_code(verdicts))


def _require_one_form(form: str | None, out: Path | None, *, as_json: bool) -> None:
    """Raise ``InputRefusedError`` for options that exclude each other, or for a file without a form."""
    if form is not None and as_json:
        raise InputRefusedError([Problem("lineage", None, "--to", "one of --to and --json", "both")])
    if out is not None and form is None:
        raise InputRefusedError([Problem("lineage", None, "--out", "--to fhir beside it", "--out alone")])


def _give(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text)
        return
    out.write_text(text + "\n", encoding="utf-8")
    click.echo(f"wrote {out}")


def _print(verdicts: Sequence["Verdict"], answer: "Answer | None", feedback: Sequence["LoggedFeedback"]) -> None:
    from training.cli.texts.lineage_text import answer_lines

    for verdict in verdicts:
        click.echo(f"{MARKS[verdict.outcome]:<13} {verdict.check:<13} {verdict.detail}")
    for line in answer_lines(answer):
        click.echo(f"{'':<13} {'answered':<13} {line}")
    for one in feedback:
        what = f"{one.service}, card of {one.card}, {one.outcome}, {one.reason or 'without a reason'}"
        click.echo(f"{'':<13} {'feedback':<13} {one.at}, {one.caller}: {what}")
    if not feedback:
        click.echo(f"{'':<13} {'feedback:':<13} none")


def _is_the_request(state: "State", facts: "EntryFacts", body: bytes) -> bool | None:
    """Whether a body is the request; one of FHIR is read with the protocol of the model, as on the day of the answer.

    Parameters may name the day and the zone; without them, the zone is that of KAP_TIME_ZONE.
    """
    from serving.fhir.reading.options import ReadingDefaults
    from serving.storage.settings import load_settings
    from serving.verification.rescore import is_fhir, is_fhir_request, is_request
    from training.audit.bundle_lookup import load_by_digest

    if not is_fhir(body):
        return is_request(state.secret, facts.entry, body)
    answered_at = datetime.fromisoformat(facts.entry.at)
    bundle, _ = load_by_digest(facts.entry.model_digest)
    zone = load_settings().time_zone
    defaults = ReadingDefaults(lambda zone: answered_at.astimezone(zone).date(), zone, bundle.protocol)
    return is_fhir_request(state.secret, facts.entry, body, defaults)


def _shown(feedback: "LoggedFeedback") -> dict[str, str | None]:
    """Feedback without the clinician's words, which may name the patient."""
    return {name: value for name, value in asdict(feedback).items() if name != "comment"}


def _lineage(facts: "EntryFacts", same: bool | None, *, given: bool) -> "PredictionLineage":
    from serving.verification.rescore import tiers_in
    from training.audit.answered_tiers import LoggedTiers
    from training.audit.prediction_lineage import ErasedContent, PredictionLineage

    entry, erasure = facts.entry, facts.erasure
    return PredictionLineage(
        prediction_id=entry.prediction_id,
        place=f"writer {entry.writer}, entry {entry.number}",
        at=entry.at,
        caller=entry.caller,
        model_digest=entry.model_digest,
        model_version=entry.model_version,
        run_id=entry.run_id,
        landmark=entry.landmark,
        landmark_day=entry.landmark_day,
        findings=facts.findings,
        content="erased" if facts.erased else "no row" if entry.row is None else "row",
        erased=None
        if erasure is None
        else ErasedContent(erasure.prediction_id, erasure.at, erasure.by, erasure.reason),
        request="not given" if not given else "same" if same else "another",
        answered=LoggedTiers(*tiers_in(entry)),
    )


@click.command()
@LOG_ARGUMENT
@click.option("--model", required=True, help="The version to compare with: its number, or an alias.")
@click.option(
    "--out", type=RESULT_FILE, default=None, help="CSV or Parquet file to write both answers of every prediction to."
)
@click.option(
    "--differ-by",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Change of a probability from which an answer counts as different.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@answers_for_mistakes
@reads_store
@runs_jobs
def replay(log: str | None, model: str, out: Path | None, differ_by: float, as_json: bool, *, workers: int) -> None:
    """Predict with another model for the rows of the prediction LOG, and count the answers that change.

    LOG is given as for kap audit log, and checked in the same way first. The command does not write to the log.

    It counts all predictions, and the latest one of each patient at each landmark. A prediction can't be repeated if
    its content was erased, if nothing was predicted, or if the model defines the landmark or the features differently.
    --out writes ids, times and answers, but no features and no patients.

    The log is read where the command runs. The candidate predicts on --workers processes or on the --cluster, which
    then get features, answers and pseudonyms of the logged patients.

    Exit codes: 0 every possible prediction was repeated, 4 the log was changed and nothing was predicted.
    """
    from training.audit.bundle_lookup import origin_of
    from training.cli.options.progress import Progress
    from training.cli.texts.replay_text import as_text
    from training.exports.table_file import describe_marked, require_table_file
    from training.registry.release import load_registered
    from training.replay.replay import replay as predict_again
    from training.replay.replay import write_answers
    from training.replay.summary import summarise

    if out is not None:
        require_table_file(out)
    with Progress() as progress:
        progress.step("checking the log")
        state = open_whole_log(log)
        progress.step("loading the version to compare with")
        candidate, version = load_registered(model)
        progress.step("predicting again")
        found = predict_again(candidate, _logged(state), origin_of, workers)
    if out is not None:
        for sentence in describe_marked(write_answers(found, out)):
            click.echo(sentence, err=True)
    summary = summarise(found, differ_by)
    click.echo(json.dumps({"model": version} | asdict(summary)) if as_json else as_text(summary, version))


def _logged(state: "State") -> Iterator["LoggedAnswer"]:
    """The log's predictions, each with the answers that were given and those in shadow."""
    from serving.log.queries import read_entries
    from serving.log.shadow import whole_answer
    from training.replay.rows import LoggedAnswer

    names = LoggedAnswer.__dataclass_fields__
    for entry in read_entries(state.engine, state.secret):
        found = {name: getattr(entry, name) for name in names}
        yield LoggedAnswer(**found | {"answer": whole_answer(entry.answer, entry.shadow)})
