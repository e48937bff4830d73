"""The policy on the answers at a landmark: calibration, net benefit and subgroups of every question.

A question of which the evidence observed one outcome only, or nobody, is not assessed: no figure of it is defined.
"""

from collections.abc import Callable, Sequence

from training.config import PromotionPolicy
from training.evidence.document import DecisionCurve, Estimate, HeadEvidence, LandmarkEvidence, Question, Subgroup
from training.policy.policy_finding import PolicyFinding, about_question, check_of
from training.registry.policy_check import PolicyCheck
from training.report.wording import patients

IN_THE_LARGE, SLOPE = "calibration_intercept", "calibration_slope"
"""Names of the measures in `Question.measures`."""

SHOWN = 3
"""Miscalibrated groups that are named; the others are counted."""
ROUNDING = 1e-9
"""Differences in net benefit below this count as zero: they are rounding errors."""
_MeetsPolicy = Callable[[Question], tuple[bool, str]]
"""Whether a question meets a requirement, and the text."""


def check_questions(landmark: LandmarkEvidence, policy: PromotionPolicy) -> list[PolicyCheck]:
    """Every requirement on the questions of a landmark."""
    return [
        _in_the_large(landmark, policy),
        _slope(landmark, policy),
        _net_benefit(landmark, policy),
        _subgroups(landmark, policy),
    ]


def as_text(question: Question) -> str:
    """A question's name, such as "relapse by day 91"."""
    if question.head == "remission":
        return "remission"
    return f"{question.head} {'by' if question.head == 'relapse' else 'to'} day {question.horizon_days}"


def _check(name: str, required: str, landmark: LandmarkEvidence, meets: _MeetsPolicy) -> PolicyCheck:
    findings = [_finding(landmark, question, meets) for question in landmark.questions]
    return check_of(f"{name}, {landmark.name}", required, findings, "clinic", landmark.name)


def _finding(landmark: LandmarkEvidence, question: Question, meets: _MeetsPolicy) -> PolicyFinding:
    about = about_question(landmark, question)
    if 0 < question.events < question.n:
        return PolicyFinding(*meets(question), about)
    seen = f"{question.events:,} of {patients(question.n)} with a known outcome"
    return PolicyFinding(None, f"{as_text(question)}, {seen} had it", about)


def _in_the_large(landmark: LandmarkEvidence, policy: PromotionPolicy) -> PolicyCheck:
    limit = policy.in_the_large

    def meets(question: Question) -> tuple[bool, str]:
        found = question.measures.get(IN_THE_LARGE)
        met = found is not None and found.estimate is not None and abs(found.estimate) <= limit
        return met, f"{as_text(question)} {_figure(found)}"

    required = f"between {-limit:.2f} and {limit:.2f} (log-odds; ideal 0)"
    return _check("calibration in the large", required, landmark, meets)


def _slope(landmark: LandmarkEvidence, policy: PromotionPolicy) -> PolicyCheck:
    (low, high), (lowest, highest) = policy.slope, policy.slope_outermost

    def meets(question: Question) -> tuple[bool, str]:
        if not _has_slope(question, landmark.heads):
            return True, _overall(question)
        found = question.measures.get(SLOPE)
        met = _touches(found, low, high) and _touches(_without_limits(found), lowest, highest)
        return met, f"{as_text(question)} {_figure(found)}"

    required = f"the 95% interval overlaps {low} to {high}, and the estimate is in {lowest} to {highest} (ideal 1)"
    return _check("calibration slope", required, landmark, meets)


def _has_slope(question: Question, heads: Sequence[HeadEvidence]) -> bool:
    """Whether predictions differ between patients; those of sustained remission do if either head's do."""
    behind = [head for head in heads if question.head in (head.head, "sustained")]
    return any(head.winner != "no_model" for head in behind)


def _overall(question: Question) -> str:
    return f"{as_text(question)} not applicable, the model gives every patient the average risk"


def _net_benefit(landmark: LandmarkEvidence, policy: PromotionPolicy) -> PolicyCheck:
    required = (
        f"at most {policy.net_benefit_margin} below the better of treating all and treating none, and the upper 95% "
        f"limit of the difference is not below 0 (net true positives per patient)"
    )

    def meets(question: Question) -> tuple[bool, str]:
        # With one risk for all patients the model treats all or none, so that this comparison says nothing about it.
        return _benefit(question, policy) if _has_slope(question, landmark.heads) else (True, _overall(question))

    return _check("net benefit", required, landmark, meets)


def _benefit(question: Question, policy: PromotionPolicy) -> tuple[bool, str]:
    """A question's net benefit at each of its thresholds."""
    thresholds = {
        "remission": policy.remission_thresholds,
        "relapse": policy.relapse_thresholds,
        "sustained": policy.sustained_thresholds,
    }[question.head]
    if question.decision is None:
        return False, f"{as_text(question)} not computed"
    found = [_benefit_at(question.decision, threshold, policy.net_benefit_margin) for threshold in thresholds]
    return all(met for met, _ in found), f"{as_text(question)} {', '.join(words for _, words in found)}"


def _benefit_at(curve: DecisionCurve, threshold: float, margin: float) -> tuple[bool, str]:
    where = next((place for place, at in enumerate(curve.thresholds) if abs(at - threshold) < 1e-6), None)
    if where is None or where >= min(len(curve.difference), len(curve.difference_high)):
        return False, f"not computed at {threshold:.0%}"
    model, difference, high = curve.model[where], curve.difference[where], curve.difference_high[where]
    if model is None or difference is None:
        return False, f"not computed at {threshold:.0%}"
    high = difference if high is None else high
    met = difference >= -margin - ROUNDING and high >= -ROUNDING
    words = f"{model:.3f} (treat all or none: {model - difference:.3f}) at {threshold:.0%}"
    return met, f"{words}{'' if met else f' (difference {difference:.3f}, upper limit {high:.3f})'}"


def _subgroups(landmark: LandmarkEvidence, policy: PromotionPolicy) -> PolicyCheck:
    fewest, limit = policy.subgroup_patients, policy.subgroup_in_the_large
    required = (
        f"no group of at least {fewest} patients has a calibration in the large whose 95% interval is "
        f"entirely beyond {limit} log-odds"
    )

    def meets(question: Question) -> tuple[bool, str]:
        evaluated = [group for group in question.subgroups if group.n is not None and group.n >= fewest]
        return _worst_groups(question, evaluated, limit)

    return _check("worst subgroup", required, landmark, meets)


def _worst_groups(question: Question, groups: Sequence[Subgroup], limit: float) -> tuple[bool, str]:
    """The miscalibrated groups, the worst three by name; without any, the group that is farthest from 0."""
    known = [(group, found) for group in groups if (found := group.calibration_in_the_large) is not None]
    known = [(group, found) for group, found in known if found.estimate is not None]
    if not known:
        return True, f"{as_text(question)}: no group is large enough"
    known.sort(key=lambda pair: -abs(pair[1].estimate or 0.0))
    off = [(group, found) for group, found in known if not _touches(found, -limit, limit)]
    shown = (off or known[:1])[:SHOWN]
    words = [f"{group.variable} {group.group} (n {group.n}) {_figure(found)}" for group, found in shown]
    rest = len(off) - SHOWN
    more = f", and {rest} more group{'' if rest == 1 else 's'}" if rest > 0 else ""
    return not off, f"{as_text(question)}, {', '.join(words)}{more}"


def _touches(found: Estimate | None, low: float, high: float) -> bool:
    """Whether an interval, or else the estimate, lies at least partly within a range."""
    if found is None or found.estimate is None:
        return False
    lower = found.estimate if found.low is None else found.low
    upper = found.estimate if found.high is None else found.high
    return lower <= high and upper >= low


def _without_limits(found: Estimate | None) -> Estimate | None:
    return None if found is None else Estimate(estimate=found.estimate)


def _figure(found: Estimate | None) -> str:
    if found is None or found.estimate is None:
        return "not defined"
    if found.low is None or found.high is None:
        return f"{found.estimate:.2f}"
    return f"{found.estimate:.2f} ({found.low:.2f} to {found.high:.2f})"
