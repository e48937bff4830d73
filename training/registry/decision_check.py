"""What contradicts itself among decisions: a promotion over failed checks, another signer, approvals that lack."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from features.protocol.shortening import listed
from training.decisions.canonical import digest_of
from training.decisions.entry import ChainEntry
from training.decisions.entry_check import Finding, entry_findings, place_of
from training.decisions.people import people_after
from training.registry.approvals import approvals_in_force, approvals_needed, live_proposals
from training.registry.decisions import Decision, Head, champion_before, verify_decisions
from training.registry.policy_check import grants_not_allowed
from training.registry.recorded_decisions import DECISION, TAKEN_OVER, RecordedDecision, recorded_decisions


@dataclass(frozen=True)
class EntriesCheck:
    """The decisions of the entries of a decision store, and what is wrong.

    ``found`` is wrong with the entries themselves, ``mirrored`` with what is kept elsewhere: the champion, the hashes.
    """

    decisions: tuple[Decision, ...]
    found: tuple[Finding, ...]
    mirrored: tuple[Finding, ...]


def check_entries(entries: Sequence[ChainEntry], champion: str | None, heads: Sequence[Head]) -> EntriesCheck:
    """Every check of a decision store's entries, wherever they were read from."""
    recorded, unread = recorded_decisions(entries)
    decisions = tuple(each.decision for each in recorded)
    wrong = [*entry_findings(entries), *unread, *_taken_over_later(entries), *signed_wrongly(entries, recorded)]
    wrong += contradictions(decisions)
    return EntriesCheck(decisions, tuple(wrong), tuple(verify_decisions(decisions, champion, heads)))


def _taken_over_later(entries: Sequence[ChainEntry]) -> Iterator[Finding]:
    """Decisions of an earlier version are taken over once, before the first decision of the store."""
    decided = False
    for entry in entries:
        if entry.kind == TAKEN_OVER and decided:
            yield Finding(place_of(entry), "takes decisions over, although the store had decisions already")
        decided = decided or entry.kind in (TAKEN_OVER, DECISION)


def contradictions(decisions: Sequence[Decision]) -> list[Finding]:
    """What contradicts itself in decisions, wherever they are kept."""
    found: list[Finding] = []
    last: dict[str, Decision] = {}
    for decision in decisions:
        own = [*_own(decision), *_unproven(decision, last.get(decision.version))]
        found += [Finding(decision.key, wrong) for wrong in own]
        if decision.action in ("promote", "override"):
            last[decision.version] = decision
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


def _unproven(decision: Decision, before: Decision | None) -> Iterator[str]:
    """Questions that a decision promotes by the policy although its own checks say otherwise.

    What the promotion of the same version ``before`` granted stays; what an override granted must pass the checks.
    """
    if decision.action != "promote" or decision.granted is None:
        return
    kept = before.granted if before is not None and before.action == "promote" else {}
    found = grants_not_allowed(decision.granted, decision.checks, decision.granted if kept is None else kept)
    if found:
        yield f"grants what its own checks do not allow: {listed(found)}"


def _against_entries(
    each: RecordedDecision, before: Sequence[Decision], earlier: Sequence[ChainEntry]
) -> Iterator[str]:
    decision, entry = each.decision, each.entry
    person = people_after(earlier).by_key(entry.key_id)
    if person is not None and person.name != decision.by:
        yield f"says that {decision.by} decided, and is signed by {person.name}"
    if decision.at != entry.at:
        yield "has another time than its entry"
    yield from (
        _without_policy(decision) if decision.action in ("promote", "override") else _rolled_back(decision, before)
    )
    needed = approvals_needed(decision, before)
    proposals = live_proposals(earlier, decision) if needed or decision.approved_by else []
    found = proposals[0][1] if proposals else ()
    if len(found) < needed:
        yield f"needs {needed} approvals, and has {len(found)}"
    if (decision.approved_by or ()) and {one.name for one in found} != set(decision.approved_by or ()):
        yield "names others as approvers than those who approved"
    if decision.action == "promote" and approvals_in_force([decision]) < approvals_in_force(before):
        yield "asks for fewer approvals from now on, and is no override"


def _without_policy(decision: Decision) -> Iterator[str]:
    """A promotion or override names the policy by which its checks were made, and has checks."""
    if decision.policy is None or decision.policy_digest != digest_of(decision.policy):
        yield "names no policy, or another one than the policy that it has"
    if not decision.checks:
        yield "has no checks"


def _rolled_back(decision: Decision, before: Sequence[Decision]) -> Iterator[str]:
    """A rollback restores the champion before, for what its last promotion granted; a refusal restores nothing."""
    if decision.action != "rollback":
        return
    if decision.version != champion_before(before):
        yield "goes back to another version than the champion before"
    made = [each for each in before if each.version == decision.version and each.action in ("promote", "override")]
    if decision.granted != (made[-1].granted if made else None):
        yield "grants something else than the last promotion of its version"
