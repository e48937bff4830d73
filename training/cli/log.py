"""`kap audit log`, `kap log erase` and `kap log prune`: is the prediction log as it was written, and what must go.

`open_whole_log` is for the commands that draw conclusions from a log: from one that was changed nothing follows.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.errors import EVIDENCE, EXISTING_FILE, Group, answers_for_mistakes
from training.failures import EvidenceFailedError

if TYPE_CHECKING:
    from serving.storage.state import State

REQUIRED = "a reference of which the log holds something, written as the clinic's software sends it"
LOG_ARGUMENT = click.argument("log", required=False)
BY = click.option("--by", required=True, metavar="NAME", help="Who erases; kept for ever.")
LOG_OPTION = click.option("--log", default=None, help="The log; that of KAP_LOG, or of KAP_STATE, when absent.")


@click.command("log")
@LOG_ARGUMENT
@click.option(
    "--seal", type=EXISTING_FILE, default=None, help="Write here how far the log has come; keep it elsewhere."
)
@click.option(
    "--since", type=EXISTING_FILE, default=None, help="A seal written earlier: all that it knew must be there."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@answers_for_mistakes
def audit_log(log: str | None, seal: Path | None, since: Path | None, as_json: bool) -> None:
    """Check the prediction LOG: was any entry changed, removed or put in another place?

    LOG is a file, or a database's URL without its password; when absent, the log of KAP_LOG, or of the folder
    KAP_STATE. The secret must be the one that the log was begun with.

    A log that was put back whole to an earlier day can't be told from inside. So write a seal now and then, keep it
    where whoever runs the log can't write, and give it with --since.

    Exit code 0: the log is as it was written. 4: it is not, and every place is named.
    """
    from serving.log.check import check_log, read_seal, write_seal
    from serving.storage.log_location import open_log

    if seal is not None and seal.exists():
        raise InputRefusedError([Problem(seal.name, None, None, "a file that is not there yet", "an earlier seal")])
    known = read_seal(since.read_bytes()) if since else ()
    state = open_log(log)
    checked = check_log(state.engine, state.secret, known)
    if seal is not None and not checked.findings:
        seal.write_text(write_seal(checked.reached), encoding="utf-8")
        click.echo(f"seal written to {seal}", err=True)
    if as_json:
        counts = {"predictions": checked.predictions, "erased": checked.erased, "erasures": checked.erasures}
        click.echo(json.dumps(counts | {"writers": len(checked.reached), "findings": checked.findings}))
    else:
        click.echo(
            f"{_number(checked.predictions, 'prediction')} by {_number(len(checked.reached), 'writer')}; the content "
            f"of {checked.erased} was erased, by {_number(checked.erasures, 'erasure')}"
        )
        for finding in checked.findings:
            click.echo(f"FAILED  {finding}")
        click.echo("the log does not hold" if checked.findings else "passed: every entry is as it was written")
    sys.exit(EVIDENCE if checked.findings else 0)


def open_whole_log(log: str | None) -> "State":
    """The log and its secret, once every entry was found to be as it was written.

    Raises ``EvidenceFailedError`` with the first findings where any is not.
    """
    from serving.log.check import check_log
    from serving.storage.log_location import open_log
    from training.verdicts import listed

    state = open_log(log)
    findings = check_log(state.engine, state.secret).findings
    if findings:
        raise EvidenceFailedError(
            f"the prediction log is not as it was written, {_number(len(findings), 'finding')}: {listed(findings)}. "
            "Nothing was computed or recorded; kap audit log names every place"
        )
    return state


@click.group("log", cls=Group)
def log_group() -> None:
    """Erase from the prediction log what must go; the log stays whole and tells of it."""


@log_group.command()
@click.argument("patient_ref")
@LOG_OPTION
@BY
@click.option("--reason", required=True, help="Why, in one line that does not name the patient; kept for ever.")
@answers_for_mistakes
def erase(patient_ref: str, log: str | None, by: str, reason: str) -> None:
    """Erase what the log holds of PATIENT_REF: feature rows, answers, digests and the hashed reference.

    PATIENT_REF is the reference that the clinic's software sent; give - to type it or pipe it in, which keeps it out
    of the shell's history. Of each entry its place, time, model and codes stay, so that `kap audit log` can still
    check the rest; an entry of its own says what was erased, when, by whom and why. It can't be undone.
    """
    from serving.log.erasure import erase_patient
    from serving.storage.log_location import open_log

    reference = sys.stdin.readline().rstrip("\r\n") if patient_ref == "-" else patient_ref
    _require_words(by, reason, reference)
    state = open_log(log)
    number = erase_patient(state.engine, state.secret, reference, by=by, reason=reason)
    if not number:
        raise InputRefusedError([Problem("PATIENT_REF", None, None, REQUIRED, "one of which it holds nothing")])
    click.echo(f"erased the content of {_number(number, 'prediction')}")


@log_group.command()
@LOG_OPTION
@BY
@click.option("--older-than-days", type=click.IntRange(min=1), required=True, help="Days that entries are kept whole.")
@answers_for_mistakes
def prune(log: str | None, by: str, older_than_days: int) -> None:
    """Erase the content of every prediction that is older than so many days, as `kap log erase` does for a patient."""
    from serving.log.erasure import prune as prune_log
    from serving.storage.log_location import open_log

    _require_words(by)
    state = open_log(log)
    before = (datetime.now(UTC) - timedelta(days=older_than_days)).isoformat(timespec="microseconds")
    number = prune_log(state.engine, state.secret, before, by=by)
    click.echo(f"erased the content of {_number(number, 'prediction')} made before {before[:10]}")


def _require_words(by: str, reason: str = "retention", reference: str = "") -> None:
    """Raise ``InputRefusedError`` for a name or reason that can't be kept for ever, or that names the patient."""
    from training.reasons import require_reason

    require_reason("log", reason, by)
    for option, text in (("--by", by), ("--reason", reason)):
        if not text.strip():
            raise InputRefusedError([Problem("log", None, option, "who erases, by name", "nothing")])
        if reference and reference in text:
            raise InputRefusedError(
                [Problem("log", None, option, "words that do not name the patient", "the reference")]
            )


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
