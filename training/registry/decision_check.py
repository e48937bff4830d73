"""What contradicts itself among decisions: a promotion over failed checks, another signer, approvals that lack."""

from collections.abc import Iterator, Sequence

from models.promotion import Granted, at_least
from training.decisions.entry import ChainEntry
from training.decisions.entry_check import Finding
from training.decisions.people import people_after
from training.registry.approvals import approvals_in_force, approvals_needed, live_proposals
from training.registry.decisions import Decision
from training.registry.recorded_decisions import RecordedDecision


def contradictions(decisions: Sequence[Decision]) -> list[Finding]:
    """What contradicts itself in decisions, wherever they are kept."""
    found: list[Finding] = []
    granted: dict[str, Granted] = {}
    for decision in decisions:
        own = [*_own(decision), *_unproven(decision, granted.get(decision.version, {}))]
        found += [Finding(decision.key, wrong) for wrong in own]
        if decision.changes_champion:
            granted[decision.version] = decision.granted or {}
    return found


def signed_wrongly(entries: Sequence[ChainEntry], recorded: Sequence[RecordedDecision]) -> list[Finding]:
    """What contradicts the signatures and approvals of the decision store."""
    found: list[Finding] = []
    before: list[Decision] = []
    for each in recorded:
        if not each.taken_over:
            wrongs = _against_entries(each, before, [one for one in entries if one.number < each.entry.number])
            found += [Finding(each.decision.key, wrong) for wrong in wrongs]
        before.append(each.decision)
    return found


def _own(decision: Decision) -> Iterator[str]:
    failed = [check.name for check in decision.checks if not check.passed]
    if decision.action == "promote" and failed and decision.granted is None:
        yield f"is a promotion by the policy, although its own checks failed: {', '.join(failed)}"
    if (
        decision.action in ("promote", "override")
        and decision.granted is not None
        and not any(decision.granted.values())
    ):
        yield "makes a version champion and promotes none of its questions"
    if not decision.by.strip():
        yield "names nobody who decided"


def _unproven(decision: Decision, before: Granted) -> Iterator[str]:
    """Questions that a decision promotes by the policy although its own checks say otherwise.

    What an earlier decision on the version granted, ``before``, stays.
    """
    if decision.action != "promote":
        return
    for landmark, tiers in (decision.granted or {}).items():
        for question, tier in tiers.items():
            needed = [check for check in decision.checks if at_least(tier, check.tier)]
            failed = [check.name for check in needed if check.blocks(landmark, question)]
            if failed and not at_least(before.get(landmark, {}).get(question), tier):
                yield f"promotes {question}, {landmark}, although its own checks failed: {', '.join(failed)}"


def _against_entries(
    each: RecordedDecision, before: Sequence[Decision], earlier: Sequence[ChainEntry]
) -> Iterator[str]:
    decision, entry = each.decision, each.entry
    person = people_after(earlier).by_key(entry.key_id)
    if person is not None and person.name != decision.by:
        yield f"says that {decision.by} decided, and is signed by {person.name}"
    if decision.at != entry.at:
        yield "has another time than its entry"
    needed = approvals_needed(decision, before)
    proposals = live_proposals(earlier, decision) if needed or decision.approved_by else []
    found = proposals[0][1] if proposals else ()
    if len(found) < needed:
        yield f"needs {needed} approvals, and has {len(found)}"
    if (decision.approved_by or ()) and {one.name for one in found} != set(decision.approved_by or ()):
        yield "names others as approvers than those who approved"
    if decision.action == "promote" and approvals_in_force([decision]) < approvals_in_force(before):
        yield "asks for fewer approvals from now on, and is no override"
