"""`kap history`: which version was champion, who decided it, on which evidence, and whether any of it was changed."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.decisions.decision_text import champions_text, signatures, table
from training.cli.decisions.options import KEY, MODEL_NAME_OPTION, named
from training.cli.options.errors import EVIDENCE, FILE, RESULT_FILE, answers_for_mistakes
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
from training.cli.options.stored import reads_store

if TYPE_CHECKING:
    from training.registry.decision_log import Chain
    from training.registry.decisions import Decision


@dataclass(frozen=True)
class SealReport:
    """The comparison with earlier seals: what is wrong, and remarks, some of which say what was not checked."""

    findings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    unchecked: bool = False


@click.command()
@click.option("--on", "day", default=None, metavar="YYYY-MM-DD", help="Who was champion on that day (UTC).")
@MODEL_NAME_OPTION
@click.option(
    "--seal",
    type=RESULT_FILE,
    default=None,
    help="File to write a seal of the decisions to; keep it on another system.",
)
@click.option(
    "--since", type=FILE, multiple=True, help="An earlier seal; all that it covers must be there. May be repeated."
)
@click.option("--by", default=None, metavar="NAME", help="Who signs the seal; without it, it is not signed.")
@KEY
@click.option("--trusted-key", type=FILE, default=None, help="The public key (PEM) that must have signed each --since.")
@timestamp_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@answers_for_mistakes
@reads_store
def history(
    *,
    day: str | None,
    model_name: str | None,
    seal: Path | None,
    since: tuple[Path, ...],
    by: str | None,
    key: Path | None,
    trusted_key: Path | None,
    timestamp: str | None,
    certificates: Path | None,
    as_json: bool,
) -> None:
    """List every promotion, override, rollback and refusal, and check that none was changed or lost.

    --on shows which version was champion on that day, who decided it, why, and on which evidence. Each entry holds the
    hash of the previous one and the signature of a person (kap people). If a decision was changed or lost, the command
    names it and the exit code is 4.

    The stores alone do not show whether all of them were put back to an earlier day, or were written anew by somebody
    who holds them. Write a seal regularly with --seal, keep it where the administrator of the stores can't write, and
    give it with --since: the command says who signed it, and --trusted-key demands that signature. --timestamp asks a
    time stamping authority (RFC 3161) to confirm when the seal was written.

    Exit codes: 0 nothing was changed or lost, 4 something was, 5 nothing was found, but a time stamp was not checked.
    """
    from training.promotion.promotion import history as read_history
    from training.registry.decisions import decisions_behind

    require_new_seal(seal, timestamp)
    require_since(since, certificates, trusted_key)
    past_day = None if day is None else _past_day(day)
    chain = read_history(model_name)
    compared = _compared(chain, since, certificates, trusted_key)
    shown = chain.decisions if past_day is None else decisions_behind(chain.decisions, past_day)
    if as_json:
        click.echo(json.dumps(_document(chain, shown, past_day, compared), indent=2))
    elif past_day is None:
        click.echo(table(shown, chain))
        click.echo(_open_proposals(chain), nl=False)
    else:
        click.echo(champions_text(shown, past_day))
    if seal is not None and not chain.findings and not compared.findings:
        write_sealed(seal, _seal_text(chain, by, key), timestamp)
    _report_chain(chain, compared)


def _compared(chain: "Chain", since: Sequence[Path], certificates: Path | None, trusted: Path | None) -> SealReport:
    """The chain against earlier seals, each with its signature and time stamp."""
    if not since:
        return SealReport()
    from training.decisions.seal import read_decision_seal
    from training.promotion.sealing import compared, present_seal

    seals = [read_decision_seal(path.read_bytes()) for path in since]
    findings = compared(chain, present_seal(chain), [seal for seal, _ in seals])
    key_ids = {path.name: key_id for path, (_, key_id) in zip(since, seals, strict=True)}
    signers = _signers(chain, key_ids, trusted)
    stamps = checked_stamps(since, certificates)
    remarks = [stamp_text(check) for check in stamps if check.wrong is None]
    return SealReport(
        findings=(*findings, *signers.findings, *stamp_findings(stamps)),
        remarks=(*signers.remarks, *remarks),
        unchecked=any(not check.checked for check in stamps),
    )


def _signers(chain: "Chain", key_ids: Mapping[str, str | None], trusted: Path | None) -> SealReport:
    """Who signed each seal, by the name of its file; wrong is a key of nobody, or another one than the trusted one."""
    from training.decisions.keys import key_id_of, read_public_key

    wanted = None if trusted is None else key_id_of(read_public_key(trusted))
    findings, remarks = [], []
    for file, key_id in key_ids.items():
        person = None if key_id is None else chain.people.known(key_id)
        if key_id is None:
            said = f"seal {file}: not signed"
        elif person is None:
            said = f"seal {file}: signed with a key ({key_id[:12]}) of nobody in the decision store"
        else:
            said = f"seal {file}: signed by {person.name}'s key ({key_id[:12]})"
        if wanted is not None and key_id != wanted:
            findings.append(f"{said}; --trusted-key is another key ({wanted[:12]})")
        elif key_id is not None and person is None and wanted is None:
            findings.append(said)
        else:
            remarks.append(said)
    return SealReport(tuple(findings), tuple(remarks))


def _seal_text(chain: "Chain", by: str | None, key: Path | None) -> str:
    from training.decisions.seal import seal_text
    from training.promotion.sealing import present_seal
    from training.registry.release import decision_log

    signer = None if by is None else decision_log(chain.model).registered_signer(by, key)
    return seal_text(present_seal(chain), signer)


def _open_proposals(chain: "Chain") -> str:
    """A line for every proposal that may still be approved or promoted, with those who approved it."""
    from training.registry.approvals import live_proposals, proposed

    lines = []
    for entry in chain.entries:
        draft = proposed(entry)
        found = [] if draft is None else live_proposals(chain.entries, draft)
        approvers = next((people for one, people in found if one.number == entry.number), None)
        if draft is not None and approvers is not None and draft.previous_champion == chain.champion:
            names = ", ".join(person.name for person in approvers) or "nobody yet"
            what = f"{draft.action} version {draft.version}, by {draft.by}: {draft.reason}"
            lines.append(f"proposal {entry.number} of {entry.at}: {what}; approved by {names}\n")
    return "".join(lines)


def _past_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        required, found = "a day as YYYY-MM-DD", "another format"
    else:
        if day <= datetime.now(UTC).date():
            return day
        required, found = "today or an earlier day", "a future day"
    raise InputRefusedError([Problem("history", None, "--on", required, found)])


def _document(chain: "Chain", shown: Sequence["Decision"], day: date | None, compared: SealReport) -> dict[str, Any]:
    champion = chain.champion if day is None else shown[-1].version if shown else None
    return {
        "on": None if day is None else day.isoformat(),
        "champion": champion,
        "decisions": [decision.as_document() for decision in shown],
        "signatures": {number: mark.strip(" []") or "signed" for number, mark in signatures(chain).items()},
        "entries": [
            {"number": one.number, "kind": one.kind, "at": one.at, "key_id": one.key_id, "hash": one.hash}
            | {"signed": one.signed_bytes.decode("ascii"), "signature": one.signature}
            for one in chain.entries
        ],
        "proposals": [
            one.content | {"number": one.number, "previous": one.previous, "hash": one.hash}
            for one in chain.entries
            if one.kind == "proposal"
        ],
        "chain": {
            "holds": not chain.findings and not compared.findings,
            "findings": [*map(str, chain.findings), *compared.findings],
            "remarks": compared.remarks,
        },
    }


def _report_chain(chain: "Chain", compared: SealReport) -> None:
    from features.protocol.shortening import shortened

    for remark in compared.remarks:
        click.echo(remark, err=True)
    if not chain.findings and not compared.findings:
        count = len(chain.decisions)
        click.echo(
            f"the history is intact: {count} decision{'' if count == 1 else 's'}, none changed, moved or lost", err=True
        )
        if count and chain.entries and not chain.people.closed:
            click.echo("each name signs with a key of its own; kap people add says who may decide", err=True)
        sys.exit(NOT_CHECKED if compared.unchecked else 0)
    for finding in shortened([*map(str, chain.findings), *compared.findings]):
        click.echo(finding, err=True)
    if chain.unfinished is not None and not compared.findings:
        begun = "is recorded but interrupted: it has not taken effect"
        remedy = "The next kap promote or kap rollback completes it."
        click.echo(f"{named(chain.unfinished)} {begun}. {remedy}", err=True)
    else:
        click.echo(
            "decisions were changed or lost (--json lists all findings); restore the stores from a backup", err=True
        )
    sys.exit(EVIDENCE)
