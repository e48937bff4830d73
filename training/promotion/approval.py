"""Who decides, and who must approve: the signer of a decision, proposals, and the approvals that a policy demands."""

import getpass
from dataclasses import dataclass, replace
from pathlib import Path

from features.protocol.problems import InputRefusedError, Problem
from training.config import PromotionPolicy
from training.decisions.entry import ChainEntry
from training.decisions.keys import Signer, key_file
from training.failures import EvidenceFailedError
from training.promotion.proposal import Proposal
from training.registry.approvals import (
    approval_document,
    approvals_in_force,
    approvals_needed,
    approvers,
    live_proposals,
    proposal_document,
    proposed,
)
from training.registry.decision_log import Chain, DecisionLog
from training.registry.decisions import Decision


@dataclass(frozen=True)
class DecisionSigner:
    """Who signs a decision; ``first_key`` is the file of the key if it was made for this decision."""

    signer: Signer
    first_key: Path | None = None


@dataclass(frozen=True)
class Approval:
    """An approval as recorded: of which proposal, and how many of the approvals that it needs there are now.

    ``later`` is how many the next promotion needs if this one is made.
    """

    number: int
    proposal: Decision
    there: int
    needed: int
    later: int


def find_signer(log: DecisionLog, by: str | None, key: Path | None) -> DecisionSigner:
    """The signer of who decides, by default the account's name; see `DecisionLog.signer`."""
    name = (by or "").strip() or getpass.getuser()
    usual = key_file(name)
    was_there = usual.exists()
    signer = log.signer(name, key)
    return DecisionSigner(signer, None if was_there or key is not None else usual)


def kept_policy(proposal: Proposal, in_force: int, *, overridden: bool) -> PromotionPolicy:
    """The policy of a proposal with as many approvals as the last promotion demands; fewer only by an override.

    The override must give a policy of its own, and needs the approvals that are in force.
    """
    if overridden and proposal.own_policy:
        return proposal.policy
    return replace(proposal.policy, approvals=max(proposal.policy.approvals, in_force))


def approved_by(draft: Decision, chain: Chain) -> tuple[str, ...] | None:
    """The names of those who approved exactly this decision; ``None`` if it needs nobody and nobody did.

    Raises ``EvidenceFailedError`` if approvals are missing.
    """
    needed = approvals_needed(draft, chain.decisions)
    found = live_proposals(chain.entries, draft)
    people = found[0][1] if found else ()
    if len(people) >= needed:
        return tuple(person.name for person in people) or None
    if not found:
        what = f"no proposal of version {draft.version} with this policy, evidence and champion is open"
    else:
        what = f"proposal {found[0][0].number} has {len(people)}"
    raise EvidenceFailedError(
        f"version {draft.version} is not promoted: it needs {needed} approval{'s' if needed > 1 else ''} by people "
        f"other than who proposes it, and {what}. Next: kap propose {draft.version} --reason TEXT --by NAME, then "
        "kap approve NUMBER --by ANOTHER"
    )


def record_proposal(log: DecisionLog, draft: Decision, signer: Signer) -> int:
    """Record a proposal, and return the number of its entry."""
    with log.recording(signer) as (writer, _):
        return writer.add("proposal", proposal_document(draft), signer).number


def approve(log: DecisionLog, number: int, by: str, key: Path | None = None) -> Approval:
    """Record that a person approves a proposal, by the number of its entry.

    Raises ``InputRefusedError`` if there is no such proposal or the person may not approve it, ``ChainBrokenError`` if
    the chain is broken.
    """
    chain = log.readable()
    signer = log.signer(by.strip(), key)
    with log.recording(signer) as (writer, decisions):
        entry = next((each for each in writer.entries if each.number == number), None)
        draft = proposed(entry) if entry is not None else None
        if entry is None or draft is None:
            raise _refused("NUMBER", "the number of a proposal, as kap propose printed it", "another number")
        _require_approver(chain, entry, writer.entries, signer)
        if entry not in [found for found, _ in live_proposals(writer.entries, draft)]:
            raise _refused("NUMBER", "a proposal since the champion last changed", "an earlier one; propose again")
        writer.add("approval", approval_document(entry), signer)
        there = len(approvers(writer.entries, entry))
        needed = approvals_needed(draft, decisions)
        return Approval(number, draft, there, needed, approvals_in_force([draft]))


def _require_approver(chain: Chain, proposal: ChainEntry, entries: tuple[ChainEntry, ...], signer: Signer) -> None:
    person = chain.people.by_key(signer.key_id)
    if person is None or not person.added:
        raise _refused("--by", "a person who was added with kap people add", "another name")
    if signer.key_id == proposal.key_id:
        raise _refused("--by", "another person than the one who proposed it, with a key of their own", "the same key")
    if signer.key_id in {one.key_id for one in approvers(entries, proposal)}:
        raise _refused("--by", "a person who has not approved it yet", "one who has")


def _refused(column: str, required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem("approve", None, column, required, found)])
