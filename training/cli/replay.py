"""`kap audit lineage` and `kap replay`: what stands behind a logged prediction, and what another model answers.

Exit codes of `lineage`: 0 every step holds, 4 any does not, 5 none failed but some could not be checked.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from training.cli.audit import MARKS
from training.cli.errors import EXISTING_FILE, answers_for_mistakes
from training.cli.log import LOG_ARGUMENT, LOG_OPTION, open_whole_log

if TYPE_CHECKING:
    from serving.storage.state import State
    from serving.verification.rescore import EntryFacts
    from training.audit.prediction_lineage import PredictionLineage
    from training.replay.rows import LoggedAnswer


@click.command()
@click.argument("prediction_id")
@LOG_OPTION
@click.option("--request", type=click.File("rb"), default=None, help="JSON file: was this the request? - for stdin.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@answers_for_mistakes
def lineage(prediction_id: str, log: str | None, request: IO[bytes] | None, as_json: bool) -> None:
    """Walk PREDICTION_ID to the model, training run and decision behind it, and compute its answer anew.

    The entry's own codes are checked (kap audit log checks the whole log), then: which registered version has the
    bundle that answered; whether its training's record is as it was sealed, with cohort, code and dependencies; which
    decision had made it champion at that time; and whether the bundle gives the logged answer to the logged row.

    Raw requests are not kept: --request compares a file with the digest that is. Where the content was erased, what
    needs it is not checked, and the erasure is named.

    Exit code 0: every step that applies holds. 4: any does not. 5: none failed, but some could not be checked.
    """
    from serving.storage.log_location import open_log
    from serving.storage.settings import load_settings
    from serving.verification.rescore import differences, facts_of, is_request
    from training.audit.prediction_lineage import lineage_verdicts as prediction_lineage
    from training.verdicts import exit_code

    state = open_log(log)
    facts = facts_of(state, prediction_id)
    asked = None if request is None else is_request(state.secret, facts.entry, request.read())
    verdicts = prediction_lineage(
        _lineage(facts, asked, given=request is not None),
        lambda bundle: differences(bundle, facts.entry),
        load_settings().reload_seconds,
    )
    if as_json:
        click.echo(json.dumps({"prediction": prediction_id, "verdicts": [asdict(verdict) for verdict in verdicts]}))
    else:
        for verdict in verdicts:
            click.echo(f"{MARKS[verdict.outcome]:<13} {verdict.check:<13} {verdict.detail}")
    sys.exit(exit_code(verdicts))


def _lineage(facts: "EntryFacts", asked: bool | None, *, given: bool) -> "PredictionLineage":
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
        request="not given" if not given else "same" if asked else "another",
    )


@click.command()
@LOG_ARGUMENT
@click.option("--model", required=True, help="The candidate: a registered version, or an alias.")
@click.option("--out", type=EXISTING_FILE, default=None, help="CSV or Parquet file: both answers of every prediction.")
@click.option(
    "--differ-by",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="A probability that changes by more is another answer.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@answers_for_mistakes
def replay(log: str | None, model: str, out: Path | None, differ_by: float, as_json: bool) -> None:
    """Ask a candidate model about the rows of the prediction LOG, and tell who would get a different answer.

    LOG is named as for kap audit log, and checked as by it first. Nothing is written to the log, and
    nobody is told anything.

    Counted are all predictions, and the latest of each patient at each landmark. A prediction can't be asked again
    once its content was erased, where there was nothing to predict, or where the candidate means something else by its
    landmark or its features. --out gets ids, times and answers; no features and no patients.

    Exit code 0: everybody was asked who could be. 4: the log is not as it was written, and nobody was asked.
    """
    from training.audit.bundle_lookup import origin_of
    from training.cli.progress import Progress
    from training.cli.replay_text import as_text
    from training.registry.release import load_registered
    from training.replay.replay import replay as ask_again
    from training.replay.replay import require_table, write_answers
    from training.replay.summary import summarise

    if out is not None:
        require_table(out)
    with Progress() as progress:
        progress.step("checking the log")
        state = open_whole_log(log)
        progress.step("loading the candidate")
        candidate, version = load_registered(model)
        progress.step("asking again")
        found = ask_again(candidate, _logged(state), origin_of)
    if out is not None:
        write_answers(found, out)
    summary = summarise(found, differ_by)
    click.echo(json.dumps({"model": version} | asdict(summary)) if as_json else as_text(summary, version))


def _logged(state: "State") -> Iterator["LoggedAnswer"]:
    from serving.log.queries import read_entries
    from training.replay.rows import LoggedAnswer

    names = LoggedAnswer.__dataclass_fields__
    for entry in read_entries(state.engine):
        yield LoggedAnswer(**{name: getattr(entry, name) for name in names})
