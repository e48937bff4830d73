"""A patient can read the patient's part: at most grade 9 by the formula of the language, whatever the answer."""

from dataclasses import replace

import pyphen  # type: ignore[import-untyped]
import pytest

from models.bundle import Bundle
from serving.prediction.description import INTENDED_USE
from tests.serving.bundles import bundles_of_every_kind, without_differences
from tests.serving.decision.pages import Document, lines_of, page_of, usual_bundle, usual_record
from tests.serving.decision.reading_level import (
    english_syllables,
    flesch_kincaid_grade,
    sentences_of,
    wiener_sachtextformel,
)
from tests.serving.requests import changed, example

MOST_GRADE = 9
HARD_GERMAN = (
    "Die Entwicklungskohorte bestimmt die Wahrscheinlichkeit anhaltender Symptomfreiheit im Beobachtungszeitraum."
)
CASES: dict[str, tuple[Bundle, Document]] = {
    "usual": (usual_bundle(), usual_record()),
    "averages": (without_differences(usual_bundle()), usual_record()),
    "no baseline": (usual_bundle(), example(assessments=[])),
    "outside": (usual_bundle(), changed(("patient", "age_years"), 95)),
    "suicidal": (usual_bundle(), changed(("patient", "suicidal_intent"), True)),
    "at the edge": (usual_bundle(), changed(("patient", "age_years"), 60.5)),
    **{name: (bundle, usual_record()) for name, bundle in bundles_of_every_kind().items() if name != "beyond reach"},
}


@pytest.mark.parametrize("case", CASES)
def test_the_patients_part_reads_at_grade_9_at_most(case: str) -> None:
    bundle, document = CASES[case]
    assert flesch_kincaid_grade(lines_of(page_of(bundle, document), "patient")) <= MOST_GRADE
    assert wiener_sachtextformel(lines_of(page_of(bundle, document, "de"), "patient")) <= MOST_GRADE


def test_no_sentence_of_the_patients_part_has_more_than_25_words() -> None:
    record = changed(("patient", "suicidal_intent"), True)
    for language in ("en", "de"):
        page = page_of(replace(usual_bundle()), record, language)
        assert max(map(len, sentences_of(lines_of(page, "patient")))) <= 25


def test_a_text_for_clinicians_would_not_pass() -> None:
    """So that the measure can fail."""
    assert flesch_kincaid_grade([INTENDED_USE]) > MOST_GRADE
    assert wiener_sachtextformel([HARD_GERMAN]) > MOST_GRADE


def test_the_counted_rule_finds_as_many_syllables_as_a_dictionary_of_hyphens_or_more() -> None:
    hyphens = pyphen.Pyphen(lang="en_US")
    words = [word for sentence in sentences_of(lines_of(page_of(usual_bundle()), "patient")) for word in sentence]
    counted = sum(map(english_syllables, words))
    assert counted >= sum(len(hyphens.positions(word)) + 1 for word in words)


@pytest.mark.parametrize(
    ("word", "syllables"),
    [("remission", 3), ("people", 2), ("relapse", 2), ("made", 1), ("fitted", 2), ("called", 1), ("the", 1), ("49", 1)],
)
def test_syllables_are_counted_as_one_speaks(word: str, syllables: int) -> None:
    assert english_syllables(word) == syllables
