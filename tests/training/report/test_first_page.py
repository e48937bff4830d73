"""The first page answers a reader who knows no statistics, and contradicts itself nowhere."""

import re
from html import unescape

import pytest

from tests.training.evidence_examples import about, bare_evidence, external_evidence, training_evidence
from training.evidence.document import Evidence
from training.report.content.blocks import Paragraph
from training.report.page.first_page import first_page_sections
from training.report.page.page import ReportDocument, compose_report, render_report
from training.report.page.summary import TERMS

EVIDENCE = {"training": training_evidence(), "external": external_evidence(), "bare": bare_evidence()}
every_kind = pytest.mark.parametrize("name", list(EVIDENCE))


def composed(evidence: Evidence) -> ReportDocument:
    return compose_report(evidence, about(), ())


def sections_of(evidence: Evidence) -> dict[str, str]:
    """What stands below each heading of the first page, as text without tags."""
    page = render_report(evidence, about(), ()).partition('<div class="first-page">')[2].partition("<nav")[0]
    parts = re.findall(r"<h2[^>]*>(.*?)</h2>(.*?)</section>", page, flags=re.DOTALL)
    return {title: " ".join(unescape(re.sub(r"<[^>]+>", " ", inner)).split()) for title, inner in parts}


@every_kind
def test_it_answers_five_questions(name: str) -> None:
    found = sections_of(EVIDENCE[name])
    asked = ("For whom it is", "How good it is", "How sure that is", "What to do with it", "Who checked")
    assert all(found[title] for title in asked)


@every_kind
def test_another_site_must_be_checked_first_wherever_the_page_speaks_of_one(name: str) -> None:
    found = sections_of(EVIDENCE[name])
    assert "Patients of any other site, until the model has been checked there" in found["Who it is not for"]
    assert "must be checked there before use" in found["How sure that is"]


def test_the_range_for_another_site_is_that_of_a_check_there() -> None:
    words = sections_of(EVIDENCE["training"])["How sure that is"]
    assert (
        "Other sites: the model must be checked there before use. From how 6 sites here differ, such a check may find "
        "a c-statistic of remission before session 3 between 0.67 and 0.81." in words
    )


def test_without_a_range_the_page_says_that_another_site_is_not_known() -> None:
    assert "Other sites: how the model does there is not known." in sections_of(EVIDENCE["bare"])["How sure that is"]


def test_landmarks_and_questions_are_explained_before_they_are_counted() -> None:
    found = sections_of(EVIDENCE["training"])
    assert found["What it predicts"].startswith(
        "The model predicts at 3 moments, the landmarks: before session 1, before session 2 and before session 3."
    )
    assert "Each of these at each landmark is a question, 15 in all." in found["What it predicts"]
    assert "one moment, the landmark: after surgery" in sections_of(EVIDENCE["external"])["What it predicts"]
    assert re.search(
        r"for how many of the questions that are right .*\(too (low|high) for 15 of 15\)", found["Who it is not for"]
    )


def test_terms_stand_with_their_meaning() -> None:
    found = sections_of(EVIDENCE["training"])
    assert "fewer patients than the usual rule asks for (Riley and colleagues, 2020)" in found["How sure that is"]
    assert "Refit check (does a second fit give the same model?): the same, byte for byte." in found["Who checked"]
    assert "Leakage (did the model see what it has to predict?): all 5 checks passed." in found["Who checked"]
    assert "Net benefit: patients rightly acted on, less the false alarms" in found["What to do with it"]
    assert TERMS in found["How good it is"]


def test_a_second_fit_that_differs_is_loud() -> None:
    evidence = EVIDENCE["training"]
    assert evidence.refit_check is not None
    other = evidence.refit_check.model_copy(update={"identical": False})
    changed = evidence.model_copy(update={"refit_check": other})
    assert "same model?): NOT the same." in sections_of(changed)["Who checked"]


def test_the_first_page_for_word_explains_its_table_too() -> None:
    (section,) = (one for one in first_page_sections(composed(EVIDENCE["training"])) if one.anchor == "how-well")
    assert [block.words for block in section.blocks if isinstance(block, Paragraph)] == [TERMS]
