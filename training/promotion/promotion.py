"""Promotion, override, rollback and refusal: each is a decision that is recorded before it takes effect.

`policy` has the requirements, `checks` makes the checks, and `release` writes to the stores.
"""

import getpass
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from features.protocol.problems import InputRefusedError, Problem
from models.bundle import Bundle
from training.config import load_policy, looser_keys
from training.promotion.checks import PromotionChecks, run_checks
from training.promotion.policy import policy_digest
from training.promotion.proposal import Proposal, require_proposal
from training.reasons import require_reason
from training.registry.artifacts import EVIDENCE_DIGEST
from training.registry.decision_log import Chain
from training.registry.decisions import Decision, PolicyCheck, champion_before
from training.registry.names import ModelReference
from training.registry.registration import require_registering
from training.registry.release import (
    RegisteredModel,
    checked,
    decision_log,
    fetch,
    finish_interrupted,
    hand_over,
)
from training.registry.seal import SEAL_DIGEST

SERVABLE = "servable"
"""The check that fails for a version that is research only."""


@dataclass(frozen=True)
class Outcome:
    """A decision as recorded, and the entry of BentoML's store that serves its version; ``None`` after a refusal.

    ``finished`` is an earlier decision that had been interrupted and took effect first.
    """

    decision: Decision
    serving_tag: str | None
    finished: Decision | None = None


def promote(proposal: Proposal) -> Outcome:
    """Make a version champion if it meets the policy, and record the decision, also a refusal.

    Raises ``InputRefusedError`` when there is no such version, no fit reason or a policy looser than the default,
    ``BundleRefusedError`` when its bundle is not the one that was registered, ``ChainBrokenError`` when earlier
    decisions were changed.
    """
    require_proposal(proposal, overridden=False)
    return _decide(proposal, "refuse")


def override(proposal: Proposal) -> Outcome:
    """Make a version champion although it does not meet the policy; recorded as an override by a named person.

    A version that meets the policy is promoted as usual, unless the policy is looser than the default. Changed evidence
    can't be overridden, and is recorded as a refusal. Raises as `promote` does, except for a looser policy.
    """
    require_proposal(proposal, overridden=True)
    return _decide(proposal, "override")


def rollback(reason: str, by: str | None = None, model: str | None = None) -> Outcome:
    """Make the previous champion champion again; raises as `promote` does, and when there is none.

    ``model`` is the name of the registered model; without it, the usual one.
    """
    require_reason("rollback", reason, by)
    log = decision_log(model)
    finished = finish_interrupted(log)
    chain = log.readable()
    version = champion_before(chain.decisions)
    if version is None:
        required = "a previous champion, made by kap promote"
        raise InputRefusedError([Problem("registry", None, None, required, "none")])
    with tempfile.TemporaryDirectory() as scratch:
        restored = fetch(str(ModelReference(log.model, version)), Path(scratch))
        bundle = checked(restored.folder, version, restored.name)
        draft = _draft(restored, bundle, chain, reason, by).model_copy(update={"action": "rollback"})
        return Outcome(*hand_over(restored, bundle.digest, lambda: log.append(draft)), finished)


def history(model: str | None = None) -> Chain:
    """Every decision on a registered model, oldest first, and the findings on the chain; see `rollback`."""
    return decision_log(model).read()


def _decide(proposal: Proposal, unless_passed: Literal["refuse", "override"]) -> Outcome:
    with tempfile.TemporaryDirectory() as scratch:
        candidate = fetch(proposal.version, Path(scratch) / "candidate")
        bundle = checked(candidate.folder, candidate.version, candidate.name)
        require_registering(candidate.name)  # before the checks, which take long
        log = decision_log(candidate.name)
        finished = finish_interrupted(log)
        chain = log.readable()
        reference = str(ModelReference(log.model, chain.champion or ""))
        champion = fetch(reference, Path(scratch) / "champion") if chain.champion else None
        seen = servable(bundle) or run_checks(candidate, bundle, champion, proposal.policy, proposal.cohort)
        draft = _draft(candidate, bundle, chain, proposal.reason, proposal.by)
        meets = seen.passed and not looser_keys(proposal.policy, load_policy())
        draft = draft.model_copy(
            update={
                "action": "promote" if meets else unless_passed if seen.sound else "refuse",
                "policy_digest": policy_digest(proposal.policy),
                "policy": proposal.policy.as_document(),
                "checks": seen.checks,
            }
        )
        if not draft.changes_champion:
            return Outcome(log.append(draft), None, finished)
        return Outcome(*hand_over(candidate, bundle.digest, lambda: log.append(draft)), finished)


def servable(bundle: Bundle) -> PromotionChecks | None:
    """The failed check of a version with a winner that no bundle can hold; ``None`` if there is none.

    It can't be overridden, because there is nothing to serve.
    """
    if not bundle.research_only:
        return None
    required = "every winner has a form that a bundle can hold without code"
    seen = f"research only, there is nothing to serve: {bundle.research_only}"
    return PromotionChecks((PolicyCheck(name=SERVABLE, passed=False, required=required, seen=seen),), sound=False)


def _draft(chosen: RegisteredModel, bundle: Bundle, chain: Chain, reason: str, by: str | None) -> Decision:
    """A refusal without checks, from which every decision is made. Recording it adds its number and link."""
    checks: tuple[PolicyCheck, ...] = ()
    return Decision(
        number=0,
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        by=(by or "").strip() or getpass.getuser(),
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
