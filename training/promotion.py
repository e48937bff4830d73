"""Promotion, override and rollback: each a decision on evidence, recorded before it takes effect, be it a refusal.

What a version must prove is decided in `policy` and seen by `examination`; the stores are `release`'s.
"""

import getpass
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from unicodedata import category

from features.problems import InputRefusedError, Problem
from models.bundle import Bundle
from training.config import PromotionPolicy
from training.decision_log import Chain
from training.decisions import Decision, PolicyCheck, champion_before
from training.examination import EVIDENCE_DIGEST, examine
from training.policy import policy_digest
from training.release import Registered, checked, decision_log, fetch, hand_over
from training.seal import SEAL_DIGEST

LONGEST_REASON, LONGEST_NAME = 1000, 100
"""Characters of what people say about a decision: it is read in tables, and kept in tags of a limited length."""


@dataclass(frozen=True)
class Proposal:
    """Somebody's wish to make a version champion; ``cohort`` is the folder that the version was learned from."""

    version: str
    reason: str
    policy: PromotionPolicy
    by: str | None = None
    cohort: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """A decision as recorded, and the entry of BentoML's store that serves its version; ``None`` after a refusal."""

    decision: Decision
    serving_tag: str | None


def promote(proposal: Proposal) -> Outcome:
    """Make a version champion if it meets the policy, and record the decision, be it a refusal.

    Raises ``InputRefusedError`` when there is no such version or no fit reason, ``BundleRefusedError`` when its bundle
    is not the one that was registered, ``ChainBrokenError`` when earlier decisions were changed.
    """
    return _decide(proposal, "refuse")


def override(proposal: Proposal) -> Outcome:
    """Make a version champion although it does not meet the policy, by somebody named; recorded as an override.

    A version that meets the policy is simply promoted. Evidence that was changed can't be overridden: that is recorded
    as a refusal. Raises as `promote` does.
    """
    if not (proposal.by or "").strip():
        raise InputRefusedError([Problem("promote", None, "--by", "who answers for the override", "nobody")])
    return _decide(proposal, "override")


def rollback(reason: str, by: str | None = None) -> Outcome:
    """Make the champion before the present one champion again; raises as `promote` does, and when there is none."""
    _require_said("rollback", reason, by)
    log = decision_log()
    chain = log.readable()
    version = champion_before(chain.decisions)
    if version is None:
        required = "a champion before the present one, made by kap promote"
        raise InputRefusedError([Problem("registry", None, None, required, "none")])
    with tempfile.TemporaryDirectory() as scratch:
        restored = fetch(version, Path(scratch))
        bundle = checked(restored.folder, version)
        draft = _draft(restored, bundle, chain, reason, by).model_copy(update={"action": "rollback"})
        return Outcome(*hand_over(restored, bundle.digest, lambda: log.append(draft)))


def history() -> Chain:
    """Every decision, oldest first, and what is wrong with the chain, if anything."""
    return decision_log().read()


def _decide(proposal: Proposal, unless_passed: Literal["refuse", "override"]) -> Outcome:
    _require_said("promote", proposal.reason, proposal.by)
    with tempfile.TemporaryDirectory() as scratch:
        candidate = fetch(proposal.version, Path(scratch) / "candidate")
        bundle = checked(candidate.folder, candidate.version)
        log = decision_log()
        chain = log.readable()
        champion = fetch(chain.champion, Path(scratch) / "champion") if chain.champion else None
        seen = examine(candidate, bundle, champion, proposal.policy, proposal.cohort)
        draft = _draft(candidate, bundle, chain, proposal.reason, proposal.by)
        draft = draft.model_copy(
            update={
                "action": "promote" if seen.passed else unless_passed if seen.sound else "refuse",
                "policy_digest": policy_digest(proposal.policy),
                "checks": seen.checks,
            }
        )
        if not draft.changes_champion:
            return Outcome(log.append(draft), None)
        return Outcome(*hand_over(candidate, bundle.digest, lambda: log.append(draft)))


def _draft(chosen: Registered, bundle: Bundle, chain: Chain, reason: str, by: str | None) -> Decision:
    """A refusal without checks: what is common to all decisions. Its number and link are given when it is recorded."""
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


def _require_said(command: str, reason: str, by: str | None) -> None:
    """Raise ``InputRefusedError`` unless a reason is given, and the stores can keep it and the name."""
    problems = []
    if not _is_line(reason, LONGEST_REASON) or not reason.strip():
        required = f"why this is decided, in one line of at most {LONGEST_REASON:,} characters"
        problems.append(Problem(command, None, "--reason", required, _kind(reason)))
    if by is not None and not _is_line(by, LONGEST_NAME):
        required = f"who decides, in one line of at most {LONGEST_NAME:,} characters"
        problems.append(Problem(command, None, "--by", required, _kind(by)))
    if problems:
        raise InputRefusedError(problems)


def _is_line(text: str, longest: int) -> bool:
    """Neither control characters, which tables and databases refuse, nor bytes that are no text."""
    return len(text) <= longest and not any(category(character) in ("Cc", "Cs") for character in text)


def _kind(text: str) -> str:
    if not text.strip():
        return "nothing"
    return f"{len(text):,} characters" if text.isprintable() else "several lines, or something that is no text"
