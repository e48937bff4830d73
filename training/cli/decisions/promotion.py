"""`kap promote` and `kap rollback`: which version is champion, and what to do after a refusal."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli.decisions.decision_text import checks_summary, checks_text
from training.cli.decisions.options import (
    BY,
    KEY,
    MODEL_NAME_OPTION,
    answers_for_broken_chains,
    named,
    say_first_key,
)
from training.cli.options.errors import EVIDENCE, answers_for_mistakes
from training.cli.options.promotion import COHORT, NARROWER, POLICY, REASON, TIER, TIERS, signer_of, signing_options
from training.cli.texts.granted_text import granted_text
from training.registry.names import MODEL_NAME

if TYPE_CHECKING:
    from models.promotion import Tier
    from training.promotion.promotion import Outcome
    from training.registry.decisions import Decision


@click.command()
@click.argument("version")
@REASON
@BY
@KEY
@TIER
@NARROWER
@click.option("--override", "overridden", is_flag=True, help="Promote although a check fails; needs --by.")
@COHORT
@POLICY
@signing_options
@answers_for_mistakes
@answers_for_broken_chains
def promote(
    version: str,
    *,
    reason: str,
    by: str | None,
    key: Path | None,
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

    The decision is signed with the key of --by. In a store without people (kap people add) a new name gets a key. If
    the policy demands approvals, or the last promotion's did, others approve first: see kap propose.

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
        key=key,
        own_policy=policy_file is not None,
        copy_signer=signer_of(sign, sign_certificate, sign_chain),
    )
    require_proposal(proposal, overridden=overridden)  # before the next imports, which take seconds

    from training.promotion.promotion import override
    from training.promotion.promotion import promote as promote_version

    outcome = (override if overridden else promote_version)(proposal)
    decision = outcome.decision
    whole = decision.action == "promote" and all(check.passed for check in decision.checks)
    click.echo(checks_text(decision) if whole else checks_summary(decision))
    granted = granted_text(decision)
    if granted:
        click.echo(f"\n{granted}\n")
    report(outcome)


@click.command()
@click.option("--reason", required=True, help="Why the champion is replaced, in one line; kept permanently.")
@BY
@KEY
@MODEL_NAME_OPTION
@signing_options
@answers_for_mistakes
@answers_for_broken_chains
def rollback(
    *,
    reason: str,
    by: str | None,
    key: Path | None,
    model_name: str | None,
    sign: str | None,
    sign_certificate: Path | None,
    sign_chain: tuple[Path, ...],
) -> None:
    """Make the previous champion champion again, for the questions that it was promoted for.

    Use it when the champion turns out to be wrong. It needs no evidence, because the previous champion was promoted
    before, and no approvals. A second rollback goes back one champion further.
    """
    from training.reasons import require_reason

    require_reason("rollback", reason, by)  # before the next import, which takes seconds

    signer = signer_of(sign, sign_certificate, sign_chain)
    if signer is not None:
        signer.prepared()

    from training.promotion.promotion import rollback as roll_back

    report(roll_back(reason, by, model_name, key, signer))


def report(outcome: "Outcome") -> None:
    """Print what was decided; a refusal ends the command with exit code 4."""
    decision, version = outcome.decision, outcome.decision.version
    say_first_key(decision.by, outcome.first_key)
    if outcome.finished:
        click.echo(f"{named(outcome.finished)} was interrupted; it is now complete", err=True)
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
