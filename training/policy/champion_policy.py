"""The policy on the champion: a version is not worse than the champion on the same patients."""

from training.config import PromotionPolicy
from training.experiment.champion_comparison import ChampionComparison, HeadComparison, ImpossibleComparison
from training.policy.policy_finding import PolicyFinding, QuestionNames, check_of, resting_on
from training.registry.policy_check import PolicyCheck
from training.report.wording import patients

HEADS = ("remission", "relapse")


def champion_check(comparison: ChampionComparison, asked: QuestionNames, policy: PromotionPolicy) -> PolicyCheck:
    """The check of a comparison; ``asked`` has the questions of every landmark, by whose heads it was made."""
    if comparison.champion is None:
        findings = [PolicyFinding(True, "there is no other champion")]
        return check_of("champion", champion_requirement(policy), findings, "clinic")
    findings = [PolicyFinding(False, str(one), _about(one, asked)) for one in comparison.impossible]
    findings += [
        PolicyFinding(*champion_finding(head, policy), _of_head(head.landmark, head.head, asked))
        for head in comparison.heads
    ]
    findings += [
        PolicyFinding(True, f"{landmark}, {head}: the champion does not answer it", _of_head(landmark, head, asked))
        for landmark, head in comparison.unrivalled
    ]
    check = check_of("champion", champion_requirement(policy), findings, "clinic")
    return check.model_copy(update={"seen": f"{check.seen}. {comparison.caveat}"}) if comparison.caveat else check


def _about(impossible: ImpossibleComparison, asked: QuestionNames) -> QuestionNames | None:
    if impossible.landmark is None or impossible.question is None:
        return None
    if impossible.question in HEADS:
        return _of_head(impossible.landmark, impossible.question, asked)
    return {impossible.landmark: (impossible.question,)}


def _of_head(landmark: str, head: str, asked: QuestionNames) -> QuestionNames:
    return {landmark: resting_on(head, asked.get(landmark, ()))}


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
