"""The policy on the champion: a version is not worse than the champion on the same patients."""

from training.config import PromotionPolicy
from training.experiment.champion_comparison import HeadComparison
from training.report.wording import patients


def champion_requirement(policy: PromotionPolicy) -> str:
    """The requirement as a text."""
    return (
        f"on the same patients, the one-sided 95% limit is not worse than the champion by more than "
        f"{policy.champion_log_loss_margin} log loss (remission) or {policy.champion_brier_margin} squared error "
        f"(relapse)"
    )


def champion_finding(head: HeadComparison, policy: PromotionPolicy) -> tuple[bool, str]:
    """Whether a head meets the requirement, and the text; differences that round to 0 are the same."""
    margins = {"remission": policy.champion_log_loss_margin, "relapse": policy.champion_brier_margin}
    by, error = f"{abs(head.difference):.4f}", f"{head.standard_error:.4f}"
    what = f"{head.landmark}, {head.head}: {head.loss}"
    met = head.at_least <= margins[head.head]
    if by == error == "0.0000":
        return met, f"{what} the same ({patients(head.patients)})"
    side = "the same on average" if by == "0.0000" else f"{'worse' if head.difference > 0 else 'better'} by {by}"
    return met, f"{what} {side} (standard error {error}, {patients(head.patients)})"
