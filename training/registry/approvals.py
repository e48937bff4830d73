"""Proposals and their approvals: who approved what, whether it is still what they saw, and how many are needed.

An approval counts if it is by a person who was added, by another key than the proposal's and the other approvals', and
if nothing that it names has changed: bundle, evidence, seal, policy, champion, tier and kind of decision.
"""

from collections.abc import Sequence
from typing import Any

from training.decisions.entry import ChainEntry
from training.decisions.people import Person, people_after
from training.registry.decisions import Decision, read_decision

PROPOSAL, APPROVAL = "proposal", "approval"
NAMED = ("bundle_digest", "evidence_digest", "seal_digest", "policy_digest")
"""What an approval names, beside the proposal and its hash."""
_SAME = (*NAMED, "version", "run_id", "previous_champion", "action", "tier", "granted")


def proposal_document(draft: Decision) -> dict[str, Any]:
    """The document of a proposal: the decision as it would be recorded, with all its checks."""
    return draft.as_document()


def approval_document(proposal: ChainEntry) -> dict[str, Any]:
    """The document of an approval: which proposal, by its number and hash, and what it is about."""
    named = {key: proposal.content.get(key) for key in NAMED}
    return {"proposal": proposal.number, "hash": proposal.hash} | named


def proposed(entry: ChainEntry) -> Decision | None:
    """The decision that an entry proposes; ``None`` if it is no proposal."""
    return read_decision(entry.document) if entry.kind == PROPOSAL else None


def approvers(entries: Sequence[ChainEntry], proposal: ChainEntry) -> tuple[Person, ...]:
    """Those whose approvals of a proposal count at the end of these entries, each key once."""
    people = people_after(entries)
    found: dict[str, Person] = {}
    for entry in entries:
        person = people.by_key(entry.key_id)
        if entry.kind != APPROVAL or person is None or not person.added or entry.key_id == proposal.key_id:
            continue
        if entry.number > proposal.number and entry.content == approval_document(proposal):
            found.setdefault(entry.key_id, person)
    return tuple(found.values())


def live_proposals(entries: Sequence[ChainEntry], draft: Decision) -> list[tuple[ChainEntry, tuple[Person, ...]]]:
    """The proposals of exactly this decision since the champion last changed, with their approvers; most first."""
    changed = next((each.number for each in reversed(entries) if _changes_champion(each)), 0)
    since = [each for each in entries if each.number > changed]
    same = [entry for entry in since if (other := proposed(entry)) is not None and _is_same(other, draft)]
    found = [(entry, approvers(entries, entry)) for entry in same]
    return sorted(found, key=lambda pair: -len(pair[1]))


def approvals_in_force(decisions: Sequence[Decision]) -> int:
    """How many approvals the policy of the last promotion demands of the next one."""
    policies = [each.policy for each in decisions if each.changes_champion and each.policy is not None]
    return _approvals(policies[-1]) if policies else 0


def approvals_needed(draft: Decision, before: Sequence[Decision]) -> int:
    """How many approvals a decision needs: those of its own policy or of the last promotion's, whichever is more.

    A rollback and a refusal need none.
    """
    if draft.action not in ("promote", "override"):
        return 0
    return max(_approvals(draft.policy or {}), approvals_in_force(before))


def _approvals(policy: dict[str, Any]) -> int:
    value = policy.get("approvals", 0)
    return value if isinstance(value, int) else 0


def _is_same(one: Decision, other: Decision) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _SAME)


def _changes_champion(entry: ChainEntry) -> bool:
    return entry.kind == "decision" and entry.content.get("action") != "refuse"
