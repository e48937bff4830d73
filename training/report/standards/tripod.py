"""The items of TRIPOD+AI, each declared once: what it asks, what of it the evidence answers, what is for the authors.

Source: Collins 2024, doi:10.1136/bmj-2023-078378; 27 items with their parts, in our own words. What the evidence
answers is computed in `tripod_answers` and `tripod_results`; an item that it can't answer falls to the authors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from training.report.facts import ReportContent
from training.report.standards import tripod_answers as answers
from training.report.standards import tripod_results as results
from training.report.standards.tripod_answers import Answer

Fill = Callable[[ReportContent], Answer | None]
Status = Literal["from evidence", "by the authors", "in part", "open"]


@dataclass(frozen=True)
class Item:
    """One item. ``authors`` is what remains for them, all of it where ``fill`` answers nothing; empty: nothing.

    ``key`` is that of their answer in ``study.toml``.
    """

    number: str
    asks: str
    fill: Fill | None
    authors: str = ""
    key: str = ""


@dataclass(frozen=True)
class CompletedItem:
    """An item as a report shows it: ``said`` is the authors' answer, ``authors`` what they must still answer."""

    item: Item
    status: Status
    answer: Answer | None
    authors: str
    said: str = ""


ITEMS = (
    Item("1", "Title: development or evaluation, population, outcome", answers.title),
    Item("2", "Structured abstract", answers.abstract),
    Item("3a", "Background: the health problem and existing models", None,
         "The clinical context, the reason for this model, and the models that exist.", "background"),
    Item("3b", "For whom it is meant, for what purpose, and who uses it", answers.intended_use),
    Item("3c", "Known inequalities between groups of patients", None,
         "Inequalities known in this population.", "inequalities"),
    Item("4", "Objective: development, evaluation or both", answers.objective),
    Item("5a", "Where the data come from, and whether they represent the population", answers.source,
         "How the data were collected and whether they represent whom the model is meant for.", "data_source"),
    Item("5b", "Dates of recruitment and follow-up", None,
         "First and last day of recruitment, end of follow-up.", "dates"),
    Item("6a", "Setting: care level, number and place of centres", answers.sites,
         "Kind of care and place of centres.", "setting"),
    Item("6b", "Who could take part", answers.eligibility,
         "Criteria applied before the data reached the cohort.", "recruitment_criteria"),
    Item("6c", "Treatments received, and how they were handled", None,
         "Doses, routes and other treatments given.", "treatments"),
    Item("7", "Preparation and checking of the data, alike for all groups", answers.preparation),
    Item("8a", "The outcome, its horizon, and how it was assessed", answers.outcome),
    Item("8b", "Who assessed the outcome, where judgement is involved", None,
         "Training and background of the raters.", "outcome_raters"),
    Item("8c", "Blinding of those who assessed the outcome", None,
         "Whether raters knew predictors or predictions.", "outcome_blinding"),
    Item("9a", "How the predictors were chosen", answers.predictors),
    Item("9b", "Definition and moment of every predictor", answers.predictor_timing),
    Item("9c", "Who assessed predictors, where judgement is involved", None,
         "Training of those who rated predictors.", "predictor_raters"),
    Item("10", "Size of the study, and how it was arrived at", answers.sample_size,
         "Why no more patients were taken.", "study_size"),
    Item("11", "Missing values and how they were handled", answers.missing,
         "Why values are missing.", "missing_values"),
    Item("12a", "How the data were divided for development and evaluation", answers.division),
    Item("12b", "Form and scaling of the predictors", None,
         "Describe it; see the method that comes with the code.", "predictor_form"),
    Item("12c", "Kind of model, how it was built, tuned and evaluated internally", answers.model_kind),
    Item("12d", "Differences between clusters such as sites", answers.cluster_method),
    Item("12e", "Measures and figures of performance", answers.measures),
    Item("12f", "Updating of the model, where done", answers.updating),
    Item("12g", "How predictions were computed", answers.computation),
    Item("13", "Imbalance between classes, and what was done about it", answers.imbalance),
    Item("14", "What was done for fairness", answers.fairness,
         "Why these groups, and what follows for care.", "fairness"),
    Item("15", "What the model gives out, and thresholds", answers.output),
    Item("16", "Differences between data of development and of evaluation", answers.differences,
         "Differences in setting, treatment and rating between the cohorts.", "cohort_differences"),
    Item("17", "Ethical approval and consent", results.ethics, "Committee, its decision, consent.", "ethics"),
    Item("18a", "Funding", None, "Who paid, and what part they had.", "funding"),
    Item("18b", "Conflicts of interest", None, "All authors' interests.", "conflicts"),
    Item("18c", "Protocol of the study", results.protocol,
         "Where the protocol of the study can be read.", "protocol_availability"),
    Item("18d", "Registration", None, "Register and number, or that there is none.", "registration"),
    Item("18e", "Availability of the data", results.data, "Who can have the data, and how.", "data_availability"),
    Item("18f", "Availability of the code", results.code, "Where the code can be had.", "code_availability"),
    Item("19", "Involvement of patients and the public", None,
         "How they were involved, or that they were not.", "patient_involvement"),
    Item("20a", "Flow of patients, with and without the outcome", results.flow),
    Item("20b", "Characteristics of the patients, and missing values", results.case_mix),
    Item("20c", "Comparison with the development data", results.comparison,
         "Compare the characteristics.", "comparison"),
    Item("21", "Patients and events in every analysis", results.numbers),
    Item("22", "The full model, so that others can use it", results.full_model,
         "How others can obtain it.", "model_availability"),
    Item("23a", "Performance with intervals, overall and per group", results.performance),
    Item("23b", "Differences of performance between clusters", results.cluster_results),
    Item("24", "Results of updating", results.update_results),
    Item("25", "Interpretation, also of fairness, beside earlier studies", None,
         "The meaning of the results.", "interpretation"),
    Item("26", "Limitations", results.limitations, "What else limits these results.", "limitations"),
    Item("27a", "Poor or missing input at the time of use", None,
         "How users learn that input is missing or poor.", "poor_input"),
    Item("27b", "What users must know and do", answers.intended_use,
         "The training and care that users need.", "user_training"),
    Item("27c", "Next steps", None, "What must follow before use, such as other sites and a trial.", "next_steps"),
)  # fmt: skip
"""All parts of the 27 items, in order."""


def fill(content: ReportContent) -> tuple[CompletedItem, ...]:
    """Every item with what the evidence answers of it, and what the authors do."""
    return tuple(_filled(item, item.fill(content) if item.fill else None, content) for item in ITEMS)


def _filled(item: Item, answer: Answer | None, content: ReportContent) -> CompletedItem:
    said = content.about.answers.text(item.key) if item.key else ""
    undeclared = answer.undeclared if answer else ""
    if said and not undeclared:
        return CompletedItem(item, "by the authors", answer, "", said)
    if answer is None:
        return CompletedItem(item, "open", None, item.authors or "The evidence of this run does not answer this.")
    asked = " ".join(words for words in (undeclared, "" if answer.complete or said else item.authors) if words)
    return CompletedItem(item, "in part" if asked else "from evidence", answer, asked, said)
