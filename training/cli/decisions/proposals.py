"""`kap propose` and `kap approve`: a promotion that other people look at before it is made."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli.decisions.decision_text import checks_summary, checks_text
from training.cli.decisions.options import KEY, MODEL_NAME_OPTION, WHO, answers_for_broken_chains, say_first_key
from training.cli.decisions.promotion import report
from training.cli.options.errors import answers_for_mistakes
from training.cli.options.promotion import COHORT, NARROWER, POLICY, REASON, TIER
from training.cli.texts.granted_text import granted_text

if TYPE_CHECKING:
    from models.promotion import Tier


@click.command()
@click.argument("version")
@REASON
@WHO
@KEY
@TIER
@NARROWER
@click.option("--override", "overridden", is_flag=True, help="Propose an override: a check fails.")
@COHORT
@POLICY
@answers_for_mistakes
@answers_for_broken_chains
def propose(
    version: str,
    *,
    reason: str,
    by: str,
    key: Path | None,
    tier: "Tier",
    narrower: bool,
    overridden: bool,
    cohort: Path | None,
    policy_file: Path | None,
) -> None:
    """Propose VERSION as champion: make all checks and record them for others to approve.

    Nothing changes yet. Others look at the checks and approve with kap approve. Then kap promote promotes, with the
    same options. An approval holds for exactly this proposal: it ends if bundle, evidence, seal, policy or champion
    change. If no question passes, and --override is not given, nothing is proposed: the refusal is recorded, exit
    code 4.
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
    )
    require_proposal(proposal, overridden=overridden)  # before the next imports, which take seconds

    from training.promotion.promotion import propose as propose_version

    outcome = propose_version(proposal, overridden=overridden)
    draft = outcome.decision
    click.echo(checks_text(draft) if draft.action == "promote" else checks_summary(draft))
    click.echo(f"\n{granted_text(draft)}\n")
    if outcome.proposal is None:
        report(outcome)
        return
    say_first_key(draft.by, outcome.first_key)
    click.echo(f"proposal {outcome.proposal}: {draft.action} version {draft.version}, by {draft.by}")
    click.echo(f"next: kap approve {outcome.proposal} --by ANOTHER")


@click.command()
@click.argument("number", type=click.IntRange(min=1))
@WHO
@KEY
@MODEL_NAME_OPTION
@answers_for_mistakes
@answers_for_broken_chains
def approve(number: int, by: str, key: Path | None, model_name: str | None) -> None:
    """Approve proposal NUMBER, as kap propose printed it.

    Only people who were added with kap people add approve, none their own proposal, and each once; a key counts once,
    whatever names it has. Look at the checks first: kap history --json.
    """
    from training.promotion.approval import approve as approve_proposal
    from training.registry.release import decision_log

    found = approve_proposal(decision_log(model_name), number, by, key)
    draft = found.proposal
    click.echo(
        f"{by} approves proposal {number}: {draft.action} version {draft.version}, by {draft.by}; "
        f"{found.there} of {found.needed} approvals that it needs"
    )
    if found.later < found.needed:
        click.echo(f"after it, a promotion needs {found.later} approvals, not {found.needed}", err=True)
    if found.there >= found.needed:
        override = " --override" if draft.action == "override" else ""
        click.echo(f"next: kap promote {draft.version} --reason TEXT --by NAME{override}")
