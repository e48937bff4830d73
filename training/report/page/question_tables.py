"""Questions as tables: all numbers, with and without a figure."""

from collections.abc import Sequence

from training.evidence.document import Estimate, LandmarkEvidence, Question, Subgroup
from training.report.templating import Table
from training.report.wording import (
    by_chance_alone,
    count,
    group_title,
    interval,
    measure_good,
    measure_title,
    number,
    ordered,
    percent,
)


def is_fitted(landmark: LandmarkEvidence, question: Question) -> bool:
    """Whether a question's probabilities differ between patients; those of sustained remission may by either head."""
    winners: dict[str, str | None] = {head.head: head.winner for head in landmark.heads}
    heads = ("remission", "relapse") if question.head == "sustained" else (question.head,)
    return any(winners.get(name) not in (None, "no_model") for name in heads)


TREATMENTS = {
    "weights": "weighted for those not observed",
    "all-no": "not observed counted as no",
    "excluded": "not observed left out",
    "worse by 0.5": "worse than predicted by 0.5 on the log-odds",
    "worse by 1.0": "worse than predicted by 1 on the log-odds",
}
"""How outcomes that were not observed are treated, by the name in the evidence."""


def question_tables(question: Question) -> dict[str, Table]:
    """All tables of a question, by the names under which templates place them."""
    return {
        "measures": measures_table(question),
        "sites": sites_table(question),
        "over_sites": over_sites_table(question),
        "subgroups": subgroups_table(question),
        "sensitivity": sensitivity_table(question),
    }


def measures_table(question: Question) -> Table:
    """All measures of a question with their intervals."""
    rows = [
        (measure_title(name), interval(question.measures[name], 3), _good(name, question.measures[name]))
        for name in ordered(question.measures)
    ]
    return Table(f"All measures: {question.name}", ("measure", "estimate (95% interval)", "good is"), rows)


def _good(name: str, found: Estimate) -> str:
    chance = by_chance_alone(name, found)
    return measure_good(name) + ("" if chance is None else f"; by chance alone up to {number(chance, 3)}")


def sites_table(question: Question) -> Table:
    """Figures of each site."""
    header = ("site", "patients", "events", "c-statistic", "calibration in the large", "calibration slope")
    rows = [
        (
            site.site,
            count(site.n),
            count(site.events),
            interval(site.discrimination),
            interval(site.calibration_in_the_large),
            interval(site.calibration_slope),
        )
        for site in question.sites
    ]
    return Table(f"Sites: {question.name}", header, rows)


def over_sites_table(question: Question) -> Table:
    """The mean over sites and what a new one should expect; no row where there is none."""
    header = ("measure", "sites", "random-effects mean", "tau", "a new site should expect (95%)")
    rows = [
        (
            measure_title(found.measure),
            str(found.sites),
            interval(found.mean),
            number(found.tau),
            f"{number(found.new_site_low)} to {number(found.new_site_high)}",
        )
        for found in question.across_sites
        if found.mean.estimate is not None
    ]
    return Table(f"Over sites: {question.name}", header, rows)


def subgroups_table(question: Question) -> Table:
    """Figures of each group; those of fewer than ten have none, and fewer than five events are not counted."""
    benefit = f"net benefit at {percent(question.subgroup_threshold)}"
    header = ("group", "patients", "events", "predicted", "observed", "c-statistic", "in the large", benefit)
    rows = [
        (
            group_title(group),
            *(count(group.n), _group_events(group), percent(group.mean_predicted)),
            *(_or_dash(found) for found in (group.observed, group.discrimination)),
            *(_or_dash(group.calibration_in_the_large), _or_dash(group.net_benefit, 3)),
        )
        for group in question.subgroups
    ]
    return Table(f"Groups of patients: {question.name}", header, rows)


def _group_events(group: Subgroup) -> str:
    if group.n is None:
        return "-"
    return "fewer than 5" if group.events is None else count(group.events)


def sensitivity_table(question: Question) -> Table:
    """All measures under each treatment of outcomes that were not observed."""
    names = ordered({name for row in question.sensitivity for name in row.measures})
    rows = [
        (TREATMENTS.get(row.treatment, row.treatment), count(row.n), *(interval(row.measures.get(n)) for n in names))
        for row in question.sensitivity
    ]
    header = ("unobserved outcomes", "patients", *(measure_title(name) for name in names))
    return Table(f"Sensitivity to unobserved outcomes: {question.name}", header, rows)


def _or_dash(found: Estimate | None, digits: int = 2) -> str:
    return "-" if found is None else interval(found, digits)


def questions_table(landmark: LandmarkEvidence) -> Table:
    """How well the questions of a landmark are answered, a line each."""
    rows = [(question.name, *_performance(question)) for question in landmark.questions]
    return Table(f"All questions, {landmark.name}", ("question", *_PERFORMANCE), rows)


def longest_table(landmarks: Sequence[LandmarkEvidence]) -> Table:
    """How well one question per landmark and head is answered, that of the longest horizon."""
    rows = [
        (landmark.name, question.name, *_performance(question))
        for landmark in landmarks
        for question in longest(landmark)
    ]
    return Table(
        "Each outcome at its longest time ahead, with 95% intervals", ("landmark", "question", *_PERFORMANCE), rows
    )


def longest(landmark: LandmarkEvidence) -> list[Question]:
    """One question per head, that of the longest horizon."""
    found = {question.head: question for question in sorted(landmark.questions, key=lambda one: one.horizon_days or 0)}
    return [question for question in landmark.questions if found[question.head] is question]


_PERFORMANCE = ("patients", "events", "c-statistic", "slope", "in the large", "O:E")


def _performance(question: Question) -> tuple[str, ...]:
    """Discrimination and calibration."""
    names = ("auc", "calibration_slope", "calibration_intercept", "oe")
    return (*(count(question.n), count(question.events)), *(interval(question.measures.get(name)) for name in names))
