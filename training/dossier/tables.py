"""The tables of a dossier: groups, sites and net benefit of every question, and the short one of the cover."""

from collections.abc import Iterator, Mapping, Sequence

from training.evidence.document import DecisionCurve, Estimate, Evidence, Question
from training.report.page.landmark_tables import groups_by_question, sites_by_question
from training.report.templating import Table
from training.report.wording import count, group_title, interval, number, percent

IN_THE_LARGE = "calibration_intercept"
"""The measure of calibration in the large."""
MOST_QUESTIONS = 20
"""Rows on the cover [judgement: what fits a sheet of A4 with the texts]."""


def detailed_tables(evidence: Evidence, policy: Mapping[str, object]) -> list[Table]:
    """All groups, all sites, and net benefit at the policy's thresholds, a table of each for every landmark."""
    found: list[Table] = []
    for landmark in evidence.landmarks:
        found += [groups_by_question(landmark), sites_by_question(landmark)]
        found.append(_net_benefit_table(landmark.name, landmark.questions, policy))
    return [table for table in found if table.rows]


def cover_table(evidence: Evidence, policy: Mapping[str, object]) -> Table:
    """A row for each question: its patients, two measures, the worst group, the sites and net benefit."""
    header = (
        "question",
        "patients (events)",
        "c-statistic",
        "in the large",
        "group farthest from 0 in the large",
        "c-statistic of sites",
        "net benefit less the better of all and none",
    )
    rows = [
        (
            f"{landmark.name}: {question.name}",
            f"{question.n:,} ({question.events:,})",
            interval(question.measures.get("auc")),
            interval(question.measures.get(IN_THE_LARGE)),
            _worst_group(question),
            _sites(question),
            _differences(question, policy),
        )
        for landmark in evidence.landmarks
        for question in landmark.questions
    ]
    more = f" (the first {MOST_QUESTIONS} of {len(rows)} questions)" if len(rows) > MOST_QUESTIONS else ""
    return Table(f"Every question, with 95% intervals{more}", header, rows[:MOST_QUESTIONS], "prose")


def _worst_group(question: Question) -> str:
    known = [
        (abs(found.estimate), group, found)
        for group in question.subgroups
        if group.variable != "site"  # sites have a column of their own
        and (found := group.calibration_in_the_large) is not None
        and found.estimate is not None
    ]
    if not known:
        return "no group is large enough"
    _, group, found = max(known, key=lambda one: one[0])
    return f"{group_title(group)}, {count(group.n)}: {interval(found)}"


def _sites(question: Question) -> str:
    known = [site.discrimination.estimate for site in question.sites if site.discrimination.estimate is not None]
    if not known:
        return "not estimated"
    return f"{number(min(known))} to {number(max(known))} ({len(known)} site{'' if len(known) == 1 else 's'})"


def _differences(question: Question, policy: Mapping[str, object]) -> str:
    if question.decision is None:
        return "not computed"
    found = [f"{percent(at)}: {number(each.estimate, 3)}" for at, each in _at_thresholds(question, policy)]
    return ", ".join(found) or "not computed"


def _net_benefit_table(landmark: str, questions: Sequence[Question], policy: Mapping[str, object]) -> Table:
    header = (
        "question",
        "threshold",
        "net benefit of the model",
        "of acting for all",
        "less the better of all and none",
    )
    rows = [
        (question.name, percent(at), *_benefits(question.decision, at), interval(difference, 3))
        for question in questions
        if question.decision is not None
        for at, difference in _at_thresholds(question, policy)
    ]
    return Table(f"Net benefit at the policy's thresholds: {landmark}", header, rows)


def _benefits(curve: DecisionCurve, at: float) -> tuple[str, str]:
    """The net benefit of the model with its interval, and of acting for all; that of acting for none is 0."""
    place = _place(curve, at)
    if place is None:
        return "not computed", "not computed"
    model = Estimate(estimate=curve.model[place], low=curve.low[place], high=curve.high[place])
    return interval(model, 3), number(curve.treat_all[place], 3)


def _at_thresholds(question: Question, policy: Mapping[str, object]) -> Iterator[tuple[float, Estimate]]:
    """The policy's thresholds of a question that are on its curve, with the difference there."""
    wanted = policy.get(f"{question.head}_thresholds", ())
    for at in wanted if isinstance(wanted, list | tuple) else ():
        place = None if question.decision is None else _place(question.decision, at)
        if question.decision is not None and place is not None and place < len(question.decision.difference):
            curve = question.decision
            yield (
                at,
                Estimate(
                    estimate=curve.difference[place], low=curve.difference_low[place], high=curve.difference_high[place]
                ),
            )


def _place(curve: DecisionCurve, at: float) -> int | None:
    return next((place for place, found in enumerate(curve.thresholds) if abs(found - at) < 1e-6), None)
