"""Which questions a version is promoted for: those that pass every check of the tier that was asked for.

An override grants everything that the version answers, in the name of a person. What the champion answers for the
clinic is not given up unnoticed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from models.bundle import Bundle, BundleRefusedError, load_bundle
from models.promotion import Granted, Tier, at_least, rests_on
from training.config import load_policy, looser_keys
from training.handover.granted import answered_by, at_tier, decision_in_force, granted_by, highest
from training.policy.policy_finding import QuestionNames
from training.promotion.checks import PromotionChecks
from training.promotion.proposal import Proposal
from training.registry.decisions import Decision
from training.registry.policy_check import PolicyCheck
from training.registry.release import RegisteredModel

CHAMPIONS_QUESTIONS = "questions of the champion"
"""The check that fails if an answer of the clinic would be withdrawn."""


@dataclass(frozen=True)
class GrantRequest:
    """What is asked for: a tier for each of the ``answered`` questions.

    ``champions`` is what the champion may answer; ``own`` what an earlier promotion of the same version granted, which
    stays. ``narrower`` accepts that answers of the clinic are withdrawn, ``looser`` says that the policy is looser than
    the default, which only an override may be.
    """

    tier: Tier
    answered: QuestionNames
    champions: Granted = field(default_factory=dict)
    own: Granted = field(default_factory=dict)
    overridden: bool = False
    narrower: bool = False
    looser: bool = False


@dataclass(frozen=True)
class Grant:
    """What follows from the checks: action and granted tiers; ``checks`` has one more, on the champion's answers."""

    action: Literal["promote", "override", "refuse"]
    granted: dict[str, dict[str, Tier]]
    checks: tuple[PolicyCheck, ...]


def request_of(
    proposal: Proposal,
    champion: RegisteredModel | None,
    decisions: Sequence[Decision],
    bundle: Bundle,
    *,
    overridden: bool,
) -> GrantRequest:
    """The request of a proposal for the version of ``bundle``, after the ``decisions``, with ``champion`` in force.

    An earlier promotion of the same version stays. What an override of it granted must meet the policy, or be
    overridden again.
    """
    in_force = None if champion is None else decision_in_force(decisions, champion.version)
    champions = {} if champion is None else _champions(champion, in_force, bundle)
    stays = in_force is not None and in_force.action == "promote" and in_force.bundle_digest == bundle.digest
    return GrantRequest(
        tier=proposal.tier,
        answered=answered_by(bundle),
        champions=champions,
        own=champions if stays else {},
        overridden=overridden,
        narrower=proposal.narrower,
        looser=bool(looser_keys(proposal.policy, load_policy())),
    )


def _champions(champion: RegisteredModel, in_force: Decision | None, bundle: Bundle) -> Granted:
    """What the champion may answer; if an old one can't be loaded, as much as the candidate answers."""
    if in_force is not None and in_force.granted is not None:
        return in_force.granted
    try:
        return granted_by(None, load_bundle(champion.folder))
    except BundleRefusedError:
        return granted_by(None, bundle)


def grant(seen: PromotionChecks, asked: GrantRequest) -> Grant:
    """The decision on a version: promoted for what meets the policy, overridden, or refused."""
    passing = grants(seen.checks, asked.answered, asked.tier)
    granted = highest(asked.own, passing)
    kept = _champions_questions(asked, granted)
    checks = (*seen.checks, *([kept] if kept else []))
    whole = passing == at_tier(asked.answered, asked.tier)
    if asked.overridden and (not whole or asked.looser or (kept is not None and not kept.passed)):
        everything = highest(asked.own, at_tier(asked.answered, asked.tier))
        kept = _champions_questions(asked, everything)
        checks = (*seen.checks, *([kept] if kept else []))
        return Grant("override", everything, checks) if seen.sound else Grant("refuse", {}, checks)
    if not seen.sound or not passing or asked.looser or (kept is not None and not kept.passed):
        return Grant("refuse", {}, checks)
    return Grant("promote", granted, checks)


def grants(checks: Sequence[PolicyCheck], answered: QuestionNames, tier: Tier) -> dict[str, dict[str, Tier]]:
    """The questions that pass every check of a tier; sustained remission needs remission and relapse beside it."""
    needed = [check for check in checks if at_least(tier, check.tier)]
    found = {
        landmark: {name: tier for name in names if not any(check.blocks(landmark, name) for check in needed)}
        for landmark, names in answered.items()
    }
    kept = {
        landmark: {name: tier for name in tiers if all(one in tiers for one in rests_on(name, answered[landmark]))}
        for landmark, tiers in found.items()
    }
    return {landmark: tiers for landmark, tiers in kept.items() if tiers}


def _champions_questions(asked: GrantRequest, granted: Granted) -> PolicyCheck | None:
    """Whether every answer that the champion gives in the clinic is given on; ``None`` without any such answer."""
    clinic = [
        (landmark, name)
        for landmark, tiers in asked.champions.items()
        for name, tier in tiers.items()
        if tier == "clinic"
    ]
    lost = [f"{landmark}, {name}" for landmark, name in clinic if granted.get(landmark, {}).get(name) != "clinic"]
    if not clinic:
        return None
    given_up = "given up, as --narrower says: " if asked.narrower else "not met: "
    return PolicyCheck(
        name=CHAMPIONS_QUESTIONS,
        passed=not lost or asked.narrower,
        required="every question that the champion answers for the clinic is answered on, or given up with --narrower",
        seen=f"{given_up}{'; '.join(lost)}" if lost else f"each is answered on ({len(clinic)})",
        tier="research",
    )


def reasons(decision: Decision) -> dict[str, dict[str, tuple[str, ...]]]:
    """The checks that keep questions from the tier that was asked for, by landmark and question."""
    tier = decision.tier or "clinic"
    needed = [check for check in decision.checks if at_least(tier, check.tier)]
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for landmark, names in _questions(decision).items():
        for name in names:
            if at_least((decision.granted or {}).get(landmark, {}).get(name), tier):
                continue
            blocking = tuple(check.name for check in needed if check.blocks(landmark, name))
            found.setdefault(landmark, {})[name] = blocking or ("remission and relapse are not both promoted",)
    return found


def _questions(decision: Decision) -> Mapping[str, Sequence[str]]:
    """Every question that a decision names, granted or not, by landmark."""
    named: dict[str, dict[str, None]] = {}
    for part in (
        decision.granted,
        *(found for check in decision.checks for found in (check.not_met, check.not_assessed)),
    ):
        for landmark, names in (part or {}).items():
            named.setdefault(landmark, {}).update(dict.fromkeys(names))
    return {landmark: tuple(names) for landmark, names in named.items()}
