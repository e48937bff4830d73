"""What the promotion policy asks of directions: one step of a clinical fact moves nobody's answer against its sign."""

from collections.abc import Sequence

from training.config import PromotionPolicy
from training.evidence.document import Direction

SHOWN = 3
"""Steps that are named of those that go against their sign."""


def direction_requirement(policy: PromotionPolicy) -> str:
    """The requirement in words."""
    patients = "nobody" if not policy.direction_patients else f"at most {policy.direction_patients:,} patients"
    return (
        f"one step of a clinical fact moves the answer of {patients} against its declared sign by more than "
        f"{policy.direction_margin:g}, at every landmark"
    )


def direction_findings(rows: Sequence[Direction], policy: PromotionPolicy) -> list[tuple[bool, str]]:
    """Whether each finding meets the policy, and in words; those farthest against first. None without rows."""
    taken = [row for row in rows if row.patients]
    against = sorted((row for row in taken if not _keeps(row, policy)), key=lambda row: -row.largest_against)
    findings = [(False, _moved(row)) for row in against[:SHOWN]]
    if len(against) > SHOWN:
        findings.append((False, f"and {len(against) - SHOWN} more"))
    kept = len(taken) - len(against)
    if kept:
        findings.append((True, f"{kept} of {len(taken)} steps keep their direction"))
    if len(taken) < len(rows):
        findings.append((True, f"{len(rows) - len(taken)} steps could not be taken: no record holds the fact"))
    return findings


def _keeps(row: Direction, policy: PromotionPolicy) -> bool:
    """Whether few enough move against the sign; where they were counted by a wider margin, nobody may at all."""
    if row.largest_against <= policy.direction_margin:
        return True
    return row.margin <= policy.direction_margin and row.against <= policy.direction_patients


def _moved(row: Direction) -> str:
    answer = "remission" if row.horizon_days is None else f"relapse by day {row.horizon_days}"
    return (
        f"{row.landmark}, {row.fact.replace('_', ' ')}: {answer} should become {row.expected} likely, and moves the "
        f"other way for {row.against:,} of {row.patients:,} patients, at most by {row.largest_against:.3f}"
    )
