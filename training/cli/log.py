"""`kap audit log` and `kap log`: check the prediction log, erase content from it, back it up and upgrade it.

`open_whole_log` is for commands that refuse a changed log.
"""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.options.errors import EVIDENCE, FILE, RESULT_FILE, Group, answers_for_mistakes
from training.cli.options.sealing import (
    NOT_CHECKED,
    checked_stamps,
    require_new_seal,
    require_since,
    stamp_findings,
    stamp_text,
    timestamp_options,
    write_sealed,
)
from training.failures import EvidenceFailedError

if TYPE_CHECKING:
    from serving.storage.state import State

LOG_ARGUMENT = click.argument("log", required=False)
BY = click.option("--by", required=True, metavar="NAME", help="Who erases; kept permanently.")
LOG_OPTION = click.option("--log", default=None, help="The log; default: the log in KAP_LOG or KAP_STATE.")


@click.command("log")
@LOG_ARGUMENT
@click.option(
    "--seal", type=RESULT_FILE, default=None, help="File to write a seal of the log to; keep it on another system."
)
@click.option("--since", type=FILE, default=None, help="An earlier seal; every entry that it covers must be present.")
@timestamp_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@answers_for_mistakes
def audit_log(
    log: str | None,
    seal: Path | None,
    since: Path | None,
    timestamp: str | None,
    certificates: Path | None,
    as_json: bool,
) -> None:
    """Check the prediction LOG: was any entry changed, removed, added or moved?

    LOG is a file, or a database's URL without its password. Default: the log in KAP_LOG, or in the folder KAP_STATE.
    The check needs the secret that the log was created with: KAP_SECRET_FILE, or the file secret beside LOG.

    The log alone does not show whether a whole older copy replaced it. Write a seal regularly with --seal, keep it
    where the administrator of the log can't write, and give it with --since. --timestamp asks a time stamping authority
    (RFC 3161) to confirm when the seal was written; --since checks it with --timestamp-certificates.

    A remark is no failure: it names an entry whose time is before that of the previous one in its chain.

    Exit codes: 0 the log is unchanged, 4 it was changed, 5 it is unchanged and a time stamp was not checked. --json
    lists every changed place.
    """
    from features.protocol.shortening import shortened
    from serving.log.check import check_log, read_seal, write_seal
    from serving.storage.log_location import open_log

    require_new_seal(seal, timestamp)
    require_since([since] if since else [], certificates)
    known = read_seal(since.read_bytes()) if since else ()
    state = open_log(log)
    checked = check_log(state.engine, state.secret, known)
    stamps = checked_stamps([since] if since else [], certificates)
    checked = replace(
        checked,
        findings=(*checked.findings, *stamp_findings(stamps)),
        remarks=(*checked.remarks, *(stamp_text(stamp) for stamp in stamps if stamp.wrong is None)),
    )
    if seal is not None and not checked.findings:
        write_sealed(seal, write_seal(checked.reached), timestamp)
    if as_json:
        counts = {"predictions": checked.predictions, "erased": checked.erased, "erasures": checked.erasures}
        counts |= {"feedback": checked.feedback, "what_ifs": checked.what_ifs}
        texts = {"findings": checked.findings, "remarks": checked.remarks}
        click.echo(json.dumps(counts | {"writers": len(checked.reached)} | texts))
    else:
        click.echo(
            f"{_number(checked.predictions, 'prediction')} by {_number(len(checked.reached), 'writer')}; "
            f"{_number(checked.erasures, 'erasure')} removed the content of {_number(checked.erased, 'prediction')}"
        )
        if checked.feedback or checked.what_ifs:
            click.echo(f"besides: feedback in {_entries(checked.feedback)}, what-ifs in {_entries(checked.what_ifs)}")
        for finding in shortened(checked.findings):
            click.echo(f"FAILED  {finding}")
        for remark in shortened(checked.remarks):
            click.echo(f"remark  {remark}")
        click.echo("the log was changed" if checked.findings else "passed: every entry is unchanged")
    unchecked = any(not stamp.checked for stamp in stamps)
    sys.exit(EVIDENCE if checked.findings else NOT_CHECKED if unchecked else 0)


def open_whole_log(log: str | None) -> "State":
    """The log and its secret, after a check that every entry is unchanged.

    Raises ``EvidenceFailedError`` with the first findings otherwise.
    """
    from features.protocol.shortening import listed
    from serving.log.check import check_log
    from serving.storage.log_location import open_log

    state = open_log(log)
    findings = check_log(state.engine, state.secret).findings
    if findings:
        raise EvidenceFailedError(
            f"the prediction log was changed, {_number(len(findings), 'finding')}: {listed(findings)}. "
            "Nothing was computed or recorded; kap audit log --json lists every place"
        )
    return state


@click.group("log", cls=Group)
def log_group() -> None:
    """Back up or upgrade the prediction log, or erase content from it; its chain stays valid."""


@log_group.command()
@click.argument("patient_ref")
@LOG_OPTION
@BY
@click.option("--reason", required=True, help="Why, in one line without the patient's name; kept permanently.")
@answers_for_mistakes
def erase(patient_ref: str, log: str | None, by: str, reason: str) -> None:
    """Erase the content that the log holds of PATIENT_REF: feature rows, answers, feedback, digests and the reference.

    PATIENT_REF is the reference that the clinic's software sent. Give - to type or pipe it, so that it is not in the
    shell's history. An erasure can't be undone.

    Of each entry stay, so that `kap audit log` can still check the log: its place in its chain, prediction id, time,
    the caller's key, model and run, landmark and its day, the time that the answer took, and codes. A new entry records
    the prediction ids, when, by whom and why.

    Nothing of the content stays in the database's files. If the command says that something does, repeat it when the
    reason is gone. Not reached are backups, replicas, archives of the write-ahead log, snapshots of the disk, the
    service's log lines and traces, files of `kap replay --out`, cohorts for training, and the clinic's own record.
    """
    from serving.log.erasure import erase_patient
    from serving.log.overwriting import leftovers
    from serving.storage.log_location import open_log

    reference = sys.stdin.readline().rstrip("\r\n") if patient_ref == "-" else patient_ref
    _require_text(by, reason, reference)
    state = open_log(log)
    left = leftovers(state.engine)
    number = erase_patient(state.engine, state.secret, reference, by=by, reason=reason)
    _say_what_is_kept(state)
    if not number and left is not None and leftovers(state.engine) is None:
        click.echo("no entry of this patient is in the log; what earlier erasures left in its files is overwritten now")
        return
    if not number:
        required = "the reference spelled as the clinic's software sends it"
        raise InputRefusedError([Problem("PATIENT_REF", None, None, required, "no entry of this patient in the log")])
    click.echo(f"erased the content of {_entries(number)}")


@log_group.command()
@LOG_OPTION
@BY
@click.option(
    "--older-than-days", type=click.IntRange(min=1), required=True, help="Age in days from which content is erased."
)
@click.option("--override", is_flag=True, help="Erase also what is younger than 183 days; recorded in the log.")
@answers_for_mistakes
def prune(log: str | None, by: str, older_than_days: int, override: bool) -> None:
    """Erase the content of every entry older than a number of days, as `kap log erase` does for a patient.

    Logs are kept for at least 183 days: the EU's AI Act (Regulation (EU) 2024/1689) has providers and deployers of
    high-risk systems keep them for six months or longer (Articles 19(1) and 26(6)). Fewer days need --override, and the
    erasure records who overrode it. A patient's own right to erasure does not wait: use `kap log erase`.
    """
    from serving.log.erasure import KEPT_DAYS
    from serving.log.erasure import prune as prune_log
    from serving.storage.log_location import open_log

    _require_text(by)
    early = older_than_days < KEPT_DAYS
    if early and not override:
        required = f"{KEPT_DAYS} or more, or --override: logs are kept for at least six months"
        raise InputRefusedError([Problem("log", None, "--older-than-days", required, f"{older_than_days}")])
    state = open_log(log)
    before = (datetime.now(UTC) - timedelta(days=older_than_days)).isoformat(timespec="microseconds")
    number = prune_log(state.engine, state.secret, before, by=by, override=early)
    _say_what_is_kept(state)
    click.echo(f"erased the content of {_entries(number)} made before {before[:10]}")


@log_group.command()
@LOG_OPTION
@click.option("--csv", "in_csv", is_flag=True, help="Print CSV with a header in place of JSON lines.")
@click.option("--comments", is_flag=True, help="Also what clinicians wrote, which may name a patient.")
@answers_for_mistakes
def feedback(log: str | None, in_csv: bool, comments: bool) -> None:
    """Print what clinicians did with the cards of predictions: one JSON object a line, without the patient.

    Each has the prediction's id, when it was logged, by which caller, the CDS service, the card (cautions or
    numbers), the outcome (accepted or overridden), the code of the reason, and when the clinician acted. What was
    erased is not there.
    """
    from dataclasses import asdict, fields

    from serving.log.feedback import LoggedFeedback, read_feedback_entries
    from serving.storage.log_location import open_log
    from training.cli.texts.feedback_text import as_csv

    state = open_log(log)
    names = [field.name for field in fields(LoggedFeedback) if comments or field.name != "comment"]
    found = map(asdict, read_feedback_entries(state.engine, state.secret))
    if in_csv:
        click.echo(as_csv(list(found), names), nl=False)
        return
    for one in found:
        click.echo(json.dumps({name: one[name] for name in names}))


@log_group.command()
@click.argument("file", type=FILE)
@LOG_OPTION
@answers_for_mistakes
def backup(file: Path, log: str | None) -> None:
    """Copy the prediction log to FILE while the service runs, check the copy, and write a seal beside it.

    For PostgreSQL it checks the log, writes the seal and prints the pg_dump command to type. Keep the backup and the
    secret apart; to check a copy, name the secret in KAP_SECRET_FILE. A backup also holds what is erased later: delete
    it when its time is over. A log that an earlier version made is copied without a check or seal.

    Exit codes: 0 the copy is unchanged, 4 the log was changed; then no seal is written.
    """
    from features.protocol.shortening import listed
    from serving.log.backup import back_up, pg_dump_command, report, seal_path
    from serving.log.check import write_seal
    from serving.storage.log_location import open_log, settings_for

    if (seal := seal_path(file)).exists():
        raise InputRefusedError([Problem(seal.name, None, None, "the name of a new file", "an existing file")])
    state = open_log(log, earlier=True)
    in_file = state.engine.dialect.name == "sqlite"
    checked = back_up(state.engine, state.secret, file) if in_file else report(state.engine, state.secret)
    if checked is None:
        click.echo(f"copied the log to {file}" if in_file else pg_dump_command(state.engine.url, file))
        click.echo("the copy is neither checked nor sealed, because an earlier version made the log", err=True)
        return
    if checked.findings:
        raise EvidenceFailedError(
            f"the prediction log was changed, {_number(len(checked.findings), 'finding')}: {listed(checked.findings)}. "
            + ("The copy is written, but no seal" if in_file else "No seal was written")
        )
    seal.write_text(write_seal(checked.reached), encoding="utf-8")
    if in_file:
        click.echo(f"backed up {_number(checked.predictions, 'prediction')} to {file}", err=True)
    else:
        click.echo(pg_dump_command(state.engine.url, file))
    secret = quote(str(settings_for(log).secret_path.absolute()))
    check = (
        f"KAP_SECRET_FILE={secret} kap audit log {quote(str(file)) if in_file else 'URL'} --since {quote(str(seal))}"
    )
    click.echo(f"seal written to {seal}; check {'a' if in_file else 'a restored'} copy with {check}", err=True)


@log_group.command()
@LOG_OPTION
@answers_for_mistakes
def upgrade(log: str | None) -> None:
    """Bring a prediction log that an earlier version made to the tables of this version.

    Stop every service that uses the log, and run `kap log backup` first. An upgrade that was interrupted goes on when
    the command runs again. The log's chains, codes and seals stay valid.
    """
    from serving.log.upgrade import upgrade as upgrade_log
    from serving.storage.log_location import open_log

    state = open_log(log, earlier=True)
    migrated = upgrade_log(state.engine, state.secret)
    _say_what_is_kept(state)
    click.echo(
        "the log has this version already"
        if migrated is None
        else f"upgraded the log: {migrated:,} {'entry' if migrated == 1 else 'entries'} migrated; "
        "check it with kap audit log"
    )


def _say_what_is_kept(state: "State") -> None:
    """Print what an erasure could not overwrite on the server."""
    from serving.log.overwriting import kept_elsewhere

    if kept := kept_elsewhere(state.engine):
        click.echo(kept, err=True)


def _require_text(by: str, reason: str = "retention", reference: str = "") -> None:
    """Raise ``InputRefusedError`` for a name or reason that can't be stored, or that contains the reference."""
    from training.reasons import require_reason

    require_reason("log", reason, by)
    for option, text in (("--by", by), ("--reason", reason)):
        if not text.strip():
            raise InputRefusedError([Problem("log", None, option, "the name of the person who erases", "no text")])
        if reference and reference in text:
            raise InputRefusedError(
                [Problem("log", None, option, "a text without the patient's reference", "the reference")]
            )


def _entries(number: int) -> str:
    return f"{number} {'entry' if number == 1 else 'entries'}"


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
