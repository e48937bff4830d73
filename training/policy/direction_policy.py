"""The policy on directions: one step of a clinical fact moves no patient's answer against its declared sign."""

from collections.abc import Sequence

from features.protocol.shortening import shortened
from training.config import PromotionPolicy
from training.evidence.document import Direction
from training.policy.policy_finding import PolicyFinding, QuestionNames, check_of, resting_on
from training.registry.policy_check import PolicyCheck


def direction_check(rows: Sequence[Direction], asked: QuestionNames, policy: PromotionPolicy) -> PolicyCheck:
    """The check of the directions; ``asked`` has the questions of every landmark, by whose heads it is made."""
    return check_of("directions", direction_requirement(policy), direction_findings(rows, asked, policy), "clinic")


def direction_requirement(policy: PromotionPolicy) -> str:
    """The requirement as a text."""
    patients = "no patient" if not policy.direction_patients else f"at most {policy.direction_patients:,} patients"
    return (
        f"one step of a clinical fact moves the answer of {patients} against its declared sign by more than "
        f"{policy.direction_margin:g}, at every landmark"
    )


def direction_findings(rows: Sequence[Direction], asked: QuestionNames, policy: PromotionPolicy) -> list[PolicyFinding]:
    """Whether each finding meets the policy, and its text; those farthest against first. Empty without rows."""
    taken = [row for row in rows if row.patients]
    against = sorted((row for row in taken if not _keeps(row, policy)), key=lambda row: -row.largest_against)
    about: dict[str, dict[str, None]] = {}
    for row in against:
        about.setdefault(row.landmark, {}).update(dict.fromkeys(resting_on(row.head, asked.get(row.landmark, ()))))
    blocked = {landmark: tuple(names) for landmark, names in about.items()}
    findings = [PolicyFinding(False, text, blocked) for text in shortened([_against_text(row) for row in against])]
    kept = len(taken) - len(against)
    if kept:
        findings.append(PolicyFinding(True, f"{kept} of {len(taken)} steps keep their direction"))
    if len(taken) < len(rows):
        text = f"{len(rows) - len(taken)} of {len(rows)} steps do not apply: no record holds the fact"
        findings.append(PolicyFinding(True, text))
    return findings


def _keeps(row: Direction, policy: PromotionPolicy) -> bool:
    """Whether few enough answers move against the sign; none may if ``margin`` is wider than the policy's."""
    if row.largest_against <= policy.direction_margin:
        return True
    return row.margin <= policy.direction_margin and row.against <= policy.direction_patients


def _against_text(row: Direction) -> str:
    answer = "remission" if row.horizon_days is None else f"relapse by day {row.horizon_days}"
    return (
        f"{row.landmark}, {row.fact.replace('_', ' ')}: {answer} should become {row.expected} likely, but moves "
        f"against this for {row.against:,} of {row.patients:,} patients, by up to {row.largest_against:.3f}"
    )
