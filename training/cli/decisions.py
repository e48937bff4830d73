"""`kap promote`, `kap rollback` and `kap history`: which version is champion, who decided it, and on which evidence."""

import json
import sys
import textwrap
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.options.errors import EVIDENCE, FILE, FOLDER, answers_for_mistakes
from training.cli.options.promotion import NARROWER, TIER, TIERS, signer_of, signing_options
from training.cli.texts.granted_text import granted_text
from training.registry.names import MODEL_NAME

if TYPE_CHECKING:
    from models.promotion import Tier
    from training.config import PromotionPolicy
    from training.promotion.promotion import Outcome
    from training.registry.decision_log import Chain
    from training.registry.decisions import Decision


def _answers_for_broken_chains(command: Callable[..., None]) -> Callable[..., None]:
    """Refuse a new decision if earlier ones were changed: print the findings, exit code 4."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        from features.protocol.shortening import shortened
        from training.failures import ChainBrokenError

        try:
            command(*args, **kwargs)
        except ChainBrokenError as error:
            for finding in shortened(error.findings):
                click.echo(finding, err=True)
            click.echo(
                "refused: earlier decisions were changed or lost; restore them from a backup of the registry first",
                err=True,
            )
            sys.exit(EVIDENCE)

    return guarded


BY = click.option("--by", default=None, metavar="NAME", help="Who decides; default: your account's name.")
MODEL_NAME_OPTION = click.option(
    "--model-name",
    default=None,
    metavar="NAME",
    help="Registered model; default: kap-outcomes, or the only one in the registry.",
)


@click.command()
@click.argument("version")
@click.option("--reason", required=True, help="Why this version, in one line; kept permanently.")
@BY
@TIER
@NARROWER
@click.option("--override", "overridden", is_flag=True, help="Promote although a check fails; needs --by.")
@click.option("--cohort", type=FOLDER, default=None, help="The cohort that VERSION was trained or updated on.")
@click.option("--policy", "policy_file", type=FILE, default=None, help="TOML file that overrides [policy].")
@signing_options
@answers_for_mistakes
@_answers_for_broken_chains
def promote(
    *,
    version: str,
    reason: str,
    by: str | None,
    tier: "Tier",
    narrower: bool,
    overridden: bool,
    cohort: Path | None,
    policy_file: Path | None,
    sign: str | None,
    sign_certificate: Path | None,
    sign_chain: tuple[Path, ...],
) -> None:
    """Make VERSION of the registered model the champion, for the questions whose evidence meets the policy.

    VERSION is the number that kap train or kap recalibrate printed; NAME/VERSION if the model is not kap-outcomes. The
    champion is the version that kap serve and kap predict use. The policy is in training/default.toml, section
    [policy]. Each check is printed with its requirement and its finding. A question that passes every check of the
    tier is promoted, at each landmark by itself; the others are listed with the checks that they fail. If no question
    passes, the champion stays and the exit code is 4.

    --tier says what for: in the tier clinic the service answers the question, in shadow it logs the answer and does not
    give it, and research is for analyses alone. Lower tiers need fewer checks. A version that would withdraw an answer
    of the champion in the clinic is refused without --narrower.

    A version must also be no worse than the champion on the same patients. Give the cohort of VERSION with --cohort if
    the two have different development cohorts, and for every version of kap recalibrate.

    --override promotes a version for all that it answers although a check fails, unless its evidence was changed.
    Every decision is kept permanently with its reason, its author and all figures, a refusal too: see kap history. A
    --policy that is looser than the default in any key needs --override.

    The promoted model is copied to BentoML's model store, so that the service needs no MLflow. --sign signs the copy
    (OpenSSF Model Signing), so that a service can refuse copies that no key of KAP_TRUSTED_KEYS signed.
    """
    from training.config import load_policy
    from training.promotion.proposal import Proposal, require_proposal

    proposal = Proposal(
        version,
        reason,
        load_policy(policy_file),
        by,
        cohort,
        tier=tier,
        narrower=narrower,
        signer=signer_of(sign, sign_certificate, sign_chain),
    )
    require_proposal(proposal, overridden=overridden)  # before the next imports, which take seconds

    from training.promotion.promotion import override
    from training.promotion.promotion import promote as promote_version

    outcome = (override if overridden else promote_version)(proposal)
    decision = outcome.decision
    whole = decision.action == "promote" and all(check.passed for check in decision.checks)
    click.echo(checks_text(decision) if whole else checks_summary(decision))
    table = granted_text(decision)
    if table:
        click.echo(f"\n{table}\n")
    _report(outcome)


@click.command()
@click.option("--reason", required=True, help="Why the champion is replaced, in one line; kept permanently.")
@BY
@MODEL_NAME_OPTION
@signing_options
@answers_for_mistakes
@_answers_for_broken_chains
def rollback(
    reason: str,
    by: str | None,
    model_name: str | None,
    sign: str | None,
    sign_certificate: Path | None,
    sign_chain: tuple[Path, ...],
) -> None:
    """Make the previous champion champion again, for the questions that it was promoted for.

    Use it when the champion turns out to be wrong. It needs no evidence, because the previous champion was promoted
    before. A second rollback goes back one champion further.
    """
    from training.reasons import require_reason

    require_reason("rollback", reason, by)  # before the next import, which takes seconds

    signer = signer_of(sign, sign_certificate, sign_chain)
    if signer is not None:
        signer.prepared()

    from training.promotion.promotion import rollback as roll_back

    _report(roll_back(reason, by, model_name, signer))


@click.command()
@click.option("--on", "day", default=None, metavar="YYYY-MM-DD", help="Who was champion on that day (UTC).")
@MODEL_NAME_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@answers_for_mistakes
def history(day: str | None, model_name: str | None, as_json: bool) -> None:
    """List every promotion, override, rollback and refusal, and check that none was changed or lost.

    --on shows which version was champion on that day, who decided it, why, and on which evidence. Each decision holds
    the hash of the previous one. If a decision was changed or lost, the command names it and the exit code is 4.
    """
    from training.promotion.promotion import history as read_history
    from training.registry.decisions import decisions_behind

    past_day = None if day is None else _past_day(day)
    chain = read_history(model_name)
    shown = chain.decisions if past_day is None else decisions_behind(chain.decisions, past_day)
    if as_json:
        click.echo(json.dumps(_document(chain, shown, past_day), indent=2))
    elif past_day is None:
        click.echo(_table(shown))
    else:
        click.echo(_champions_text(shown, past_day))
    _report_chain(chain)


def checks_text(decision: "Decision") -> str:
    """Every check of a decision: passed or failed, the requirement, the finding."""
    lines = []
    for check in decision.checks:
        lines += [
            f"{check.verdict}  {check.name}",
            _indented("required: ", check.required),
            _indented("seen:     ", check.seen),
        ]
    return "\n".join(lines)


def checks_summary(decision: "Decision") -> str:
    """The passed checks by name, the failed ones with requirement and finding."""
    passed = [f"passed  {check.name}" for check in decision.checks if check.passed]
    failed = decision.model_copy(update={"checks": tuple(check for check in decision.checks if not check.passed)})
    lines = [*passed, *([checks_text(failed)] if failed.checks else [])]
    return "\n".join([*lines, *(["all figures: kap history --json"] if lines else [])])


def _indented(label: str, text: str) -> str:
    return textwrap.fill(text, 118, initial_indent=" " * 8 + label, subsequent_indent=" " * 18)


def _report(outcome: "Outcome") -> None:
    decision, version = outcome.decision, outcome.decision.version
    if outcome.finished:
        click.echo(f"{_named(outcome.finished)} was interrupted; it is now complete", err=True)
    if not decision.changes_champion:
        failed = sum(not check.passed for check in decision.checks)
        click.echo(
            f"version {version} is not promoted: {failed} of {len(decision.checks)} checks failed. "
            f"Recorded as decision {decision.number}.",
            err=True,
        )
        click.echo(f"next: {next_steps(decision)}", err=True)
        sys.exit(EVIDENCE)
    how = {"promote": "", "override": " by an override", "rollback": " again"}[decision.action]
    click.echo(
        f"version {version} is champion{how}{_extent(decision)}; served as {outcome.serving_tag}, bundle "
        f"{decision.bundle_digest[:12]}, decision {decision.number}"
    )
    served_name = (outcome.serving_tag or "").partition(":")[0]
    if served_name != MODEL_NAME:
        click.echo(f"next: KAP_MODEL={served_name}:latest kap serve")


def _extent(decision: "Decision") -> str:
    """How many questions a decision grants at which tier."""
    tiers = [tier for names in (decision.granted or {}).values() for tier in names.values()]
    counts = [f"{tiers.count(tier)} for {tier}" for tier in reversed(TIERS) if tier in tiers]
    return f", questions: {', '.join(counts)}" if counts else ""


def next_steps(decision: "Decision") -> str:
    """What to do after a refusal: what the failed checks require, or an override if it is possible."""
    failed = {check.name: check.seen for check in decision.checks if not check.passed}
    if "servable" in failed:
        return "train again with candidates that can be exported; an override can't promote what can't be served"
    records = [failed[name] for name in ("evidence", "sealed record") if name in failed]
    if any("train again" not in seen for seen in records):
        return "train again: the evidence or the record was changed, so that an override can't promote this version"
    whole = failed.get("whole training", "")
    steps = {
        "train again": bool(records),
        "train with more patients": any(name.startswith("sample size") for name in failed),
        "train without --quick": "quick" in whole,
        "give the cohort with --cohort DIR": "--cohort" in failed.get("champion", ""),
        "accept with --narrower what is withdrawn": "questions of the champion" in failed,
    }
    wanted = [step for step, applies in steps.items() if applies] or ["train a better model"]
    in_shadow = all(check.passed for check in decision.checks if check.tier != "clinic") and decision.tier == "clinic"
    shadow = "; or let it answer for the log alone with --tier shadow" if in_shadow else ""
    return f"{', '.join(wanted)}; or promote it anyway with --override --by NAME --reason TEXT{shadow}"


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


def _document(chain: "Chain", shown: Sequence["Decision"], day: date | None) -> dict[str, Any]:
    champion = chain.champion if day is None else shown[-1].version if shown else None
    return {
        "on": None if day is None else day.isoformat(),
        "champion": champion,
        "decisions": [decision.as_document() for decision in shown],
        "chain": {"holds": not chain.findings, "findings": [str(finding) for finding in chain.findings]},
    }


def _table(decisions: Sequence["Decision"]) -> str:
    from training.config import load_policy

    if not decisions:
        return "no decisions yet; kap promote makes the first one"
    lines = [f"{'no.':>4}  {'when (UTC)':<20}  {'decision':<9} {'version':>7}  {'failed checks':<13}  who and why"]
    usual = load_policy()
    for decision in decisions:
        failed = sum(not check.passed for check in decision.checks)
        checks = f"{failed} of {len(decision.checks)}" if decision.checks else "-"
        lines.append(
            f"{decision.number:>4}  {decision.at:<20}  {decision.action:<9} {decision.version:>7}  {checks:<13}  "
            f"{decision.by}: {decision.reason}{_policy_text(decision, usual)}{_acknowledged_text(decision)}"
        )
    return "\n".join(lines)


def _policy_text(decision: "Decision", usual: "PromotionPolicy") -> str:
    """A mark for a decision under another policy than the default: the keys that differ, and their values."""
    from training.promotion.policy import policy_digest

    if decision.policy_digest in (None, policy_digest(usual)):
        return ""
    wanted = usual.as_document()
    own = [f"{key} = {value}" for key, value in (decision.policy or {}).items() if value != wanted.get(key)]
    if decision.policy is not None and not own:
        return ""  # a policy of an earlier version, which had fewer settings
    return f" [not the default policy{': ' if own else ''}{', '.join(own)}]"


def _acknowledged_text(decision: "Decision") -> str:
    """A mark for every acknowledged leakage check: which one, by whom and why."""
    from training.leakage.acknowledgement import ACKNOWLEDGED

    marks = [
        f" [leakage check {check.name.removeprefix(ACKNOWLEDGED)} failed, {check.seen}]"
        for check in decision.checks
        if check.name.startswith(ACKNOWLEDGED)
    ]
    return "".join(marks)


def _champions_text(decisions: Sequence["Decision"], day: date) -> str:
    """The champion at the end of the day first, then earlier champions of that day."""
    from training.config import load_policy

    if not decisions:
        return f"no version was champion on {day} (UTC)"
    last = decisions[-1]
    lines = [
        f"on {day} (UTC) version {last.version} was champion, by decision {last.number} ({last.action}) of {last.at}",
        f"decided by {last.by}: {last.reason}{_policy_text(last, load_policy())}{_acknowledged_text(last)}",
        f"run {last.run_id}, bundle {last.bundle_digest}, evidence {last.evidence_digest or 'none'}",
        checks_text(last) or "no checks: a rollback needs none",
    ]
    lines += [
        f"earlier that day version {decision.version} was champion, by decision {decision.number} of {decision.at}"
        for decision in decisions[-2::-1]
    ]
    return "\n".join(lines)


def _report_chain(chain: "Chain") -> None:
    from features.protocol.shortening import shortened

    if not chain.findings:
        count = len(chain.decisions)
        click.echo(
            f"the history is intact: {count} decision{'' if count == 1 else 's'}, none changed, moved or lost", err=True
        )
        return
    for finding in shortened(chain.findings):
        click.echo(finding, err=True)
    if chain.unfinished is not None:
        begun = "is recorded but interrupted: it has not taken effect"
        remedy = "The next kap promote or kap rollback completes it."
        click.echo(f"{_named(chain.unfinished)} {begun}. {remedy}", err=True)
    else:
        click.echo(
            "decisions were changed or lost (--json lists all findings); restore them from a backup of the registry",
            err=True,
        )
    sys.exit(EVIDENCE)


def _named(decision: "Decision") -> str:
    return f"decision {decision.number} ({decision.action} version {decision.version})"
