"""The questions of a landmark side by side: one table for all measures, one for all sites, one for all groups.

The full tables of each question are in `question_tables`.
"""

from collections.abc import Callable, Sequence

from training.evidence.document import Estimate, LandmarkEvidence, Question, SiteMetaAnalysis
from training.report.page.question_tables import TREATMENTS, longest
from training.report.templating import Table
from training.report.wording import count, group_title, interval, measure_good, measure_title, number, ordered


def measures_by_question(landmark: LandmarkEvidence) -> Table:
    """Every measure of every question with its interval, a column for each question."""
    names = ordered({name for question in landmark.questions for name in question.measures})
    rows = [
        (
            _with_good(name),
            *(_or_dash(question.measures.get(name), 3) for question in landmark.questions),
        )
        for name in names
        if any(_known(question.measures.get(name)) for question in landmark.questions)
    ]
    header = ("measure", *(question.name for question in landmark.questions))
    return Table(f"All measures, with 95% intervals: {landmark.name}", header, rows, "wide")


def _with_good(name: str) -> str:
    good = measure_good(name)
    return f"{measure_title(name)}; good: {good}" if good else measure_title(name)


def sites_by_question(landmark: LandmarkEvidence) -> Table:
    """Sites at the longest horizon of each head; the random-effects mean and what a new site should expect last."""
    questions = [question for question in longest(landmark) if question.sites]
    names = list(dict.fromkeys(site.site for question in questions for site in question.sites))
    rows = [(name, *(cell for question in questions for cell in _site_cells(question, name))) for name in names]
    if any(question.across_sites for question in questions):
        rows.append(("mean of sites", *(cell for question in questions for cell in _across(question, _mean))))
        rows.append(("a new site (95%)", *(cell for question in questions for cell in _across(question, _expected))))
    return Table(f"Sites: {landmark.name}", _header("site", questions), rows, "wide")


def groups_by_question(landmark: LandmarkEvidence) -> Table:
    """Groups of patients at the longest horizon of each head; those of fewer than ten have no figures."""
    questions = [question for question in longest(landmark) if question.subgroups]
    keys = list(dict.fromkeys((one.variable, one.group) for question in questions for one in question.subgroups))
    titles = {(one.variable, one.group): group_title(one) for question in questions for one in question.subgroups}
    rows = [
        (titles[key], *(cell for question in questions for cell in _group_cells(question, key)))
        for key in keys
        if key[0] != "site"  # they have a table of their own
    ]
    return Table(f"Groups of patients: {landmark.name}", _header("group", questions), rows, "wide")


def sensitivities(landmark: LandmarkEvidence) -> Table:
    """The main measures of every question under each treatment of outcomes that were not observed."""
    all_rows = [row for question in landmark.questions for row in question.sensitivity]
    names = [name for name in _MAIN if any(name in row.measures for row in all_rows)]
    rows = [
        (
            question.name,
            TREATMENTS.get(row.treatment, row.treatment),
            count(row.n),
            *(_or_dash(row.measures.get(name)) for name in names),
        )
        for question in landmark.questions
        for row in question.sensitivity
    ]
    header = ("question", "unobserved outcomes", "patients", *(measure_title(name) for name in names))
    return Table(f"Sensitivity to unobserved outcomes: {landmark.name}", header, rows, "wide")


_MAIN = ("observed_rate", "auc", "calibration_slope", "oe")
"""Measures that stand side by side for all questions; the full tables have the others."""


def _header(first: str, questions: Sequence[Question]) -> tuple[str, ...]:
    each = ("patients", "c-statistic", "in the large")
    return (first, *(f"{question.name}: {measure}" for question in questions for measure in each))


def _site_cells(question: Question, name: str) -> tuple[str, str, str]:
    found = next((site for site in question.sites if site.site == name), None)
    if found is None:
        return "-", "-", "-"
    return count(found.n), _or_dash(found.discrimination), _or_dash(found.calibration_in_the_large)


def _group_cells(question: Question, key: tuple[str, str]) -> tuple[str, str, str]:
    found = next((group for group in question.subgroups if (group.variable, group.group) == key), None)
    if found is None or found.n is None:
        return ("-" if found is None else count(None)), "-", "-"
    return count(found.n), _or_dash(found.discrimination), _or_dash(found.calibration_in_the_large)


def _mean(found: SiteMetaAnalysis) -> str:
    return interval(found.mean)


def _expected(found: SiteMetaAnalysis) -> str:
    return f"{number(found.new_site_low)} to {number(found.new_site_high)}"


def _across(question: Question, words: Callable[[SiteMetaAnalysis], str]) -> tuple[str, ...]:
    known = {found.measure: found for found in question.across_sites if found.mean.estimate is not None}
    cells = (words(known[name]) if name in known else "-" for name in ("auc", "calibration_intercept"))
    return ("", *cells)


def _or_dash(found: Estimate | None, digits: int = 2) -> str:
    return interval(found, digits) if _known(found) else "-"


def _known(found: Estimate | None) -> bool:
    return found is not None and found.estimate is not None
