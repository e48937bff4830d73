"""What a decision lets a version answer, and the file of a served copy that says so.

A decision of a version before 0.10 names no questions: it granted everything for the clinic.
"""

from collections.abc import Iterable, Mapping, Sequence

from models.bundle import Bundle
from models.outcome_model import OutcomeModel
from models.promotion import REMISSION, TIERS, Granted, Promotion, Tier, at_least
from training.registry.decisions import Decision

CLINIC: Tier = "clinic"
OVERRIDE = "promoted_override"
"""The version's tag that names an override and the checks that it passed over."""
_LONGEST = 5000
"""Characters of a version's tag in every database of MLflow."""
MARK = "Promotion: "
"""How the line of a version's description begins that a promotion writes; the others are left as they are."""
LOOSER_POLICY = "the default policy"
"""What an override passed over if every check of its own policy was passed."""


def answered_by(bundle: Bundle) -> dict[str, tuple[str, ...]]:
    """The names of the questions that a model has an answer to, by landmark."""
    return {part.landmark.name: tuple(_answered(part)) for part in bundle.models}


def _answered(part: OutcomeModel) -> Iterable[str]:
    if part.remission is not None:
        yield REMISSION
    if part.relapse is None:
        return
    within = [days for days in part.horizons_days if days <= part.relapse.days[-1]]
    yield from (f"relapse_{days}" for days in within)
    if part.remission is not None or part.in_remission_at_landmark:
        yield from (f"sustained_{days}" for days in within)


def at_tier(questions: Mapping[str, Sequence[str]], tier: Tier) -> dict[str, dict[str, Tier]]:
    """Each of these questions at the same tier."""
    return {landmark: dict.fromkeys(names, tier) for landmark, names in questions.items() if names}


def highest(*granted: Granted) -> dict[str, dict[str, Tier]]:
    """The higher tier of every question."""
    found: dict[str, dict[str, Tier]] = {}
    for each in granted:
        for landmark, tiers in each.items():
            here = found.setdefault(landmark, {})
            here |= {name: tier for name, tier in tiers.items() if not at_least(here.get(name), tier)}
    return found


def decision_in_force(decisions: Sequence[Decision], version: str) -> Decision | None:
    """The last promotion or override of a version, which a rollback restores; ``None`` without any."""
    made = [each for each in decisions if each.version == version and each.action in ("promote", "override")]
    return made[-1] if made else None


def granted_by(decision: Decision | None, bundle: Bundle) -> dict[str, dict[str, Tier]]:
    """What a decision on the version of a bundle granted; without one, everything for the clinic."""
    if decision is None or decision.granted is None:
        return at_tier(answered_by(bundle), CLINIC)
    return decision.granted


def checks_not_met(decision: Decision) -> tuple[str, ...]:
    """The names of the checks that an override passed over; none for another decision."""
    if decision.action != "override":
        return ()
    questions = [
        (landmark, name) for landmark, names in (decision.granted or {"": {"": CLINIC}}).items() for name in names
    ]
    names = [
        check.name
        for check in decision.checks
        if at_least(decision.tier or CLINIC, check.tier) and any(check.blocks(*question) for question in questions)
    ]
    return tuple(names) or (LOOSER_POLICY,)


def source_of(decision: Decision, earlier: Sequence[Decision]) -> Decision:
    """The decision whose grants are in force: of a rollback, the one that it restores."""
    behind = decision_in_force(earlier, decision.version) if decision.action == "rollback" else None
    return behind or decision


def promotion_tags(decision: Decision, earlier: Sequence[Decision]) -> dict[str, str]:
    """The tags of a version that say its last promotion to people who look at it in MLflow."""
    source = source_of(decision, earlier)
    said = {
        "promoted_reason": decision.reason,
        "promoted_by": decision.by,
        "promoted_at": decision.at,
        "promoted_tier": source.tier or CLINIC,
        f"promotion {decision.at}": f"{decision.by}: {decision.reason}",
    }
    not_met = checks_not_met(source)
    if not_met:
        said[OVERRIDE] = f"decision {decision.number}, not met: {', '.join(not_met)}"[:_LONGEST]
    return said


def promotion_of(decision: Decision, earlier: Sequence[Decision], bundle: Bundle) -> Promotion:
    """The promotion as the served copy says it; a rollback restores what the ``earlier`` decisions left in force."""
    source = source_of(decision, earlier)
    return Promotion(
        bundle_digest=decision.bundle_digest,
        decision=decision.number,
        action="rollback" if decision.action == "refuse" else decision.action,
        by=decision.by,
        at=decision.at,
        reason=decision.reason,
        tier=source.tier or CLINIC,
        granted=granted_by(source if decision.granted is None else decision, bundle),
        not_met=checks_not_met(source),
        approved_by=source.approved_by or (),
        version=decision.version,
        run_id=decision.run_id,
    )


def promotion_text(promotion: Promotion) -> str:
    """A promotion in one sentence, for people who look at a version; an override names what was not met."""
    how = {"promote": "Promoted", "override": "Promoted BY AN OVERRIDE", "rollback": "Promoted again by a rollback"}
    counts = {
        tier: sum(each == tier for tiers in promotion.granted.values() for each in tiers.values()) for tier in TIERS
    }
    granted = ", ".join(f"{count} for {tier}" for tier, count in reversed(counts.items()) if count)
    text = (
        f"{how[promotion.action]} by {promotion.by}, {promotion.at} (decision {promotion.decision}): {promotion.reason}"
    )
    said = f"{text}. Questions: {granted or 'none'}."
    return f"{said} Not met: {', '.join(promotion.not_met)}." if promotion.not_met else said


def description_with(described: str, promotion: Promotion) -> str:
    """The description of a version with the line of its last promotion; other lines are kept."""
    return "\n".join(filter(None, [promotion_line(promotion), without_promotion(described)]))


def promotion_line(promotion: Promotion) -> str:
    """The line of a version's description that says its last promotion."""
    return f"{MARK}{promotion_text(promotion)}"


def described_promotion(described: str) -> str:
    """What a description says of the last promotion; empty if nothing."""
    return "\n".join(line for line in described.splitlines() if line.startswith(MARK))


def without_promotion(described: str) -> str:
    """The description of a version as people wrote it, without the line of its last promotion."""
    return "\n".join(line for line in described.splitlines() if not line.startswith(MARK))
