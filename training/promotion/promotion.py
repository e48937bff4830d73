"""Promotion, override, rollback and refusal: each is a decision that is recorded before it takes effect.

`policy` has the requirements, `checks` makes the checks, `approval` counts those who approved, and `release` writes to
the stores.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from features.protocol.problems import InputRefusedError, Problem
from models.bundle import Bundle
from training.decisions.entry import now
from training.handover.granted import decision_in_force
from training.handover.hand_over import finish_interrupted, hand_over
from training.handover.signing import CopySigner
from training.policy.evidence_policy import policy_digest
from training.promotion.approval import DecisionSigner, approved_by, find_signer, kept_policy, record_proposal
from training.promotion.checks import PromotionChecks, run_checks
from training.promotion.granting import grant, request_of
from training.promotion.proposal import Proposal, require_proposal
from training.reasons import require_reason
from training.registry.approvals import approvals_in_force
from training.registry.artifacts import EVIDENCE_DIGEST
from training.registry.decision_log import Chain, DecisionLog
from training.registry.decisions import Decision, champion_before
from training.registry.names import ModelReference
from training.registry.policy_check import PolicyCheck
from training.registry.registration import require_registering
from training.registry.release import RegisteredModel, checked, decision_log, fetch
from training.registry.seal import SEAL_DIGEST
from training.stores.registry_client import asked_once

SERVABLE = "servable"
"""The check that fails for a version that is research only."""


@dataclass(frozen=True)
class Outcome:
    """A decision as recorded, and the entry of BentoML's store that serves its version; ``None`` after a refusal.

    ``finished`` is an earlier decision that had been interrupted and took effect first. ``first_key`` is the file of a
    key that was made for who decided; ``proposal`` is the number of a proposal that was recorded in place of one.
    """

    decision: Decision
    serving_tag: str | None
    finished: Decision | None = None
    first_key: Path | None = None
    proposal: int | None = None


def promote(proposal: Proposal) -> Outcome:
    """Make a version champion for the questions that meet the policy, and record the decision, also a refusal.

    If no question does, the version is refused.

    Raises ``InputRefusedError`` when there is no such version, no fit reason or a policy looser than the default,
    ``BundleRefusedError`` when its bundle is not the one that was registered, ``ChainBrokenError`` when earlier
    decisions were changed.
    """
    require_proposal(proposal, overridden=False)
    return _decide(proposal, "refuse")


def override(proposal: Proposal) -> Outcome:
    """Make a version champion for all that it answers, whether or not it meets the policy, by a named person.

    A version that meets the policy is promoted as usual, unless the policy is looser than the default. Changed evidence
    can't be overridden, and is recorded as a refusal. Raises as `promote` does, except for a looser policy.
    """
    require_proposal(proposal, overridden=True)
    return _decide(proposal, "override")


def propose(proposal: Proposal, *, overridden: bool = False) -> Outcome:
    """Record a proposal to make a version champion, with all checks; others approve it, and it changes nothing.

    If it does not meet the policy and is no override, the refusal is recorded, as by `promote`. Raises as that does.
    """
    require_proposal(proposal, overridden=overridden)
    return _decide(proposal, "override" if overridden else "refuse", _recorded_proposal)


@asked_once()
def rollback(
    reason: str,
    by: str | None = None,
    model: str | None = None,
    key: Path | None = None,
    copy_signer: CopySigner | None = None,
) -> Outcome:
    """Make the previous champion champion again, for what its last promotion granted.

    It needs no approvals, because it must be fast. ``model`` is the name of the registered model; without it, the usual
    one. ``key`` is the file of the key of ``by``, and ``copy_signer`` signs the served copy. Raises as `promote` does,
    and when there is no previous champion.
    """
    require_reason("rollback", reason, by)
    log = decision_log(model)
    finished = finish_interrupted(log, copy_signer)
    chain = log.readable()
    version = champion_before(chain.decisions)
    if version is None:
        required = "a previous champion, made by kap promote"
        raise InputRefusedError([Problem("registry", None, None, required, "none")])
    who = find_signer(log, by, key)
    with tempfile.TemporaryDirectory() as scratch:
        restored = fetch(str(ModelReference(log.model, version)), Path(scratch))
        bundle = checked(restored.folder, version, restored.name)
        behind = decision_in_force(chain.decisions, version)
        again = {"action": "rollback", "tier": behind and behind.tier, "granted": behind and behind.granted}
        draft = _draft(restored, bundle, chain, reason, who).model_copy(update=again)
        record = partial(log.append, draft, who.signer)
        made = hand_over(restored, bundle, record, chain.decisions, copy_signer)
        return Outcome(*made, finished, who.first_key)


def history(model: str | None = None) -> Chain:
    """Every decision on a registered model, oldest first, and the findings on the chain; see `rollback`.

    Raises ``InputRefusedError`` if nothing is known of a model that was named.
    """
    chain = decision_log(model).read()
    if model is not None and not (chain.registered or chain.decisions or chain.findings):
        problem = Problem("registry", None, "--model-name", "the name of a registered model", "one that is not there")
        raise InputRefusedError([problem])
    return chain


@dataclass(frozen=True)
class _PreparedDecision:
    """A decision that is ready to be recorded."""

    draft: Decision
    candidate: RegisteredModel
    bundle: Bundle
    log: DecisionLog
    chain: Chain
    who: DecisionSigner
    finished: Decision | None
    copy_signer: CopySigner | None


@asked_once()
def _decide(
    proposal: Proposal,
    unless_passed: Literal["refuse", "override"],
    record: Callable[[_PreparedDecision], Outcome] | None = None,
) -> Outcome:
    """Make the checks, then record the result: by default as a decision, a refusal always as one."""
    with tempfile.TemporaryDirectory() as scratch:
        candidate = fetch(proposal.version, Path(scratch) / "candidate")
        bundle = checked(candidate.folder, candidate.version, candidate.name)
        require_registering(candidate.name)  # before the checks, which take long
        log = decision_log(candidate.name)
        finished = finish_interrupted(log, proposal.copy_signer)
        chain = log.readable()
        who = find_signer(log, proposal.by, proposal.key)
        in_force = approvals_in_force(chain.decisions)
        policy = kept_policy(proposal, in_force, overridden=unless_passed == "override")
        reference = str(ModelReference(log.model, chain.champion or ""))
        champion = fetch(reference, Path(scratch) / "champion") if chain.champion else None
        seen = servable(bundle) or run_checks(candidate, bundle, champion, policy, proposal.cohort)
        draft = _draft(candidate, bundle, chain, proposal.reason, who)
        overridden = unless_passed == "override"
        asked = request_of(replace(proposal, policy=policy), champion, chain.decisions, bundle, overridden=overridden)
        made = grant(seen, replace(asked, looser=asked.looser or policy.approvals < in_force))
        draft = draft.model_copy(
            update={
                "action": made.action,
                "tier": proposal.tier,
                "granted": made.granted or None,
                "policy_digest": policy_digest(policy),
                "policy": policy.as_document(),
                "checks": made.checks,
            }
        )
        prepared = _PreparedDecision(draft, candidate, bundle, log, chain, who, finished, proposal.copy_signer)
        if not draft.changes_champion:
            return Outcome(log.append(draft, who.signer), None, finished, who.first_key)
        return (record or _recorded_decision)(prepared)


def _recorded_decision(ready: _PreparedDecision) -> Outcome:
    draft = ready.draft.model_copy(update={"approved_by": approved_by(ready.draft, ready.chain)})
    record = partial(ready.log.append, draft, ready.who.signer)
    made = hand_over(ready.candidate, ready.bundle, record, ready.chain.decisions, ready.copy_signer)
    return Outcome(*made, ready.finished, ready.who.first_key)


def _recorded_proposal(ready: _PreparedDecision) -> Outcome:
    number = record_proposal(ready.log, ready.draft, ready.who.signer)
    return Outcome(ready.draft, None, ready.finished, ready.who.first_key, number)


def servable(bundle: Bundle) -> PromotionChecks | None:
    """The failed check of a version with a winner that no bundle can hold; ``None`` if there is none.

    It can't be overridden, because there is nothing to serve.
    """
    if not bundle.research_only:
        return None
    required = "every winner has a form that a bundle can hold without code"
    seen = f"research only, there is nothing to serve: {bundle.research_only}"
    check = PolicyCheck(name=SERVABLE, passed=False, required=required, seen=seen, tier="research")
    return PromotionChecks((check,), sound=False)


def _draft(chosen: RegisteredModel, bundle: Bundle, chain: Chain, reason: str, who: DecisionSigner) -> Decision:
    """A refusal without checks, from which every decision is made. Recording it adds its number and link."""
    checks: tuple[PolicyCheck, ...] = ()
    return Decision(
        number=0,
        at=now(),
        by=who.signer.name,
        action="refuse",
        version=chosen.version,
        previous_champion=chain.champion,
        reason=reason,
        run_id=chosen.run_id,
        bundle_digest=bundle.digest,
        evidence_digest=chosen.tags.get(EVIDENCE_DIGEST),
        seal_digest=chosen.tags.get(SEAL_DIGEST),
        policy_digest=None,
        checks=checks,
        previous="",
    )
