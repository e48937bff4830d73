"""The first page answers a reader who knows no statistics, and contradicts itself nowhere."""

import re
from dataclasses import replace
from html import unescape

import pytest

from features.protocol.document import Protocol
from tests.training.evidence_examples import about, bare_evidence, external_evidence, training_evidence
from training.evidence.caveats import FITTED_ON_SYNTHETIC, MODEL_FROM_SYNTHETIC
from training.evidence.document import CalibrationCurve, Estimate, Evidence
from training.report.content.blocks import Paragraph
from training.report.facts import outcome_rules
from training.report.figures.report_figures import draw
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
    assert (
        "Patients of any site other than those of the cohort, until the model has been checked there"
        in found["Who it is not for"]
    )
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
    assert (
        "Each of these at each landmark is a question, 15 in all; the table below has the 9 with the longest time "
        "ahead, and the rest follow later." in found["What it predicts"]
    )
    assert "one moment, the landmark: after surgery" in sections_of(EVIDENCE["external"])["What it predicts"]
    assert re.search(
        r"for how many of the questions that are right .*\(too (low|high) for 15 of 15\)", found["Who it is not for"]
    )


def test_terms_stand_with_their_meaning() -> None:
    found = sections_of(EVIDENCE["training"])
    assert "fewer patients than the usual rule asks for (Riley and colleagues, 2020)" in found["How sure that is"]
    assert "Refit check (does a second fit give the same model?): the same, byte for byte." in found["Who checked"]
    assert "Leakage (did the model see what it has to predict?): all 5 checks passed." in found["Who checked"]
    assert "Net benefit: patients rightly acted for, less those needlessly" in found["What to do with it"]
    assert TERMS in found["How good it is"]


def test_outcomes_and_the_start_of_their_days_are_defined_in_the_words_of_the_protocol() -> None:
    found = sections_of(EVIDENCE["training"])
    assert "Relapse is predicted for patients if they reach remission." in found["What it predicts"]
    assert (
        "Relapse: the primary scale in the relapse band, confirmed 7 to 28 days later; or an event: relapse"
        in (found["For whom it is"])
    )
    assert (
        "Sustained: remission and neither relapse nor a competing event within 84 or 182 days of it. Days: counted "
        "from the rating that shows remission." in found["For whom it is"]
    )


def test_where_all_are_in_remission_days_count_from_the_landmark() -> None:
    assert "Relapse is predicted for patients in remission." in sections_of(EVIDENCE["external"])["What it predicts"]
    at_landmark = replace(Protocol(), remission=replace(Protocol().remission, at_landmark=True))
    assert outcome_rules(at_landmark)["days"] == "counted from the landmark"


def test_what_excludes_nobody_is_a_question_of_how_sure_the_figures_are() -> None:
    evidence = with_groups(EVIDENCE["training"], Estimate(estimate=0.0, low=-0.2, high=0.2))
    optimistic = "The models were chosen by the same held-out patients: their figures are slightly optimistic."
    found = sections_of(evidence.model_copy(update={"caveats": [FITTED_ON_SYNTHETIC, optimistic]}))
    for words in ("No group's predictions are off beyond chance.", optimistic):
        assert words in found["How sure that is"]
        assert words not in found["Who it is not for"]
    assert FITTED_ON_SYNTHETIC not in " ".join(found.values())


def test_a_synthetic_model_is_said_to_be_one_where_the_cohort_is_real() -> None:
    found = sections_of(EVIDENCE["external"].model_copy(update={"caveats": [MODEL_FROM_SYNTHETIC]}))
    assert MODEL_FROM_SYNTHETIC in found["How sure that is"]


def with_groups(evidence: Evidence, large: Estimate) -> Evidence:
    """The evidence with one calibration in the large for each group that was evaluated."""
    landmarks = []
    for landmark in evidence.landmarks:
        questions = [
            question.model_copy(
                update={
                    "subgroups": [
                        group if group.n is None else group.model_copy(update={"calibration_in_the_large": large})
                        for group in question.subgroups
                    ]
                }
            )
            for question in landmark.questions
        ]
        landmarks.append(landmark.model_copy(update={"questions": questions}))
    return evidence.model_copy(update={"landmarks": landmarks})


EXTREME = "predictions may be too extreme for new patients"
AVERAGE = "where every patient gets the average risk, that average may be off"


@pytest.mark.parametrize(
    ("winners", "met", "said"),
    [
        (("xgboost", "logistic"), (False, False), f"All 6 models {{}} had fewer patients than {{}}: {EXTREME}."),
        (
            ("xgboost", "no_model"),
            (False, False),
            f"All 6 models {{}} had fewer patients than {{}}: {EXTREME}; {AVERAGE}.",
        ),
        (("xgboost", "no_model"), (False, True), f"3 of the 6 models {{}} had fewer patients than {{}}: {EXTREME}."),
        (
            ("xgboost", "no_model"),
            (True, False),
            "3 of the 6 models {} had fewer patients than {}: the average risk that every patient gets may be off.",
        ),
        (("xgboost", "no_model"), (True, True), "All models {} had as many patients as {}."),
    ],
)
def test_too_few_patients_make_fitted_predictions_extreme_and_an_average_wrong(
    winners: tuple[str, str], met: tuple[bool, bool], said: str
) -> None:
    landmarks = []
    for landmark in EVIDENCE["training"].landmarks:
        heads = []
        for head, winner, enough in zip(landmark.heads, winners, met, strict=True):
            assert head.sample_size is not None
            sizes = head.sample_size.model_copy(update={"met": enough})
            heads.append(head.model_copy(update={"winner": winner, "sample_size": sizes}))
        landmarks.append(landmark.model_copy(update={"heads": heads}))
    evidence = EVIDENCE["training"].model_copy(update={"landmarks": landmarks})
    rule = "the usual rule asks for (Riley and colleagues, 2020)"
    assert said.format("(remission and relapse at each landmark)", rule) in sections_of(evidence)["How sure that is"]


def test_instability_is_said_of_patients() -> None:
    assert (
        "more than 10 percentage points for up to 6 of 100 patients."
        in sections_of(EVIDENCE["training"])["How sure that is"]
    )


def test_use_and_the_banner_agree() -> None:
    words = sections_of(EVIDENCE["training"])["What to do with it"]
    assert words.startswith("Intended use, once the model is validated where it is used: to inform a clinician")
    assert "false alarm" not in words


def test_the_caption_of_a_calibration_quotes_only_points_with_ten_patients_and_their_limits() -> None:
    question = EVIDENCE["training"].landmarks[-1].questions[0]
    assert question.calibration is not None
    counts = [None, 30, *[12] * 5, *[None] * 13]
    (words,) = captions(question.calibration.model_copy(update={"counts": counts}))
    # bins are 5 points wide: the second begins at 5%, the last with patients ends at 35%; points are at even percents
    assert (
        "Where 6% were predicted, 7% (95% interval 3% to 11%) were observed; where 34% were predicted, 33% (95% "
        "interval 29% to 37%)." in words
    )
    (without,) = captions(question.calibration.model_copy(update={"counts": [None] * 20}))
    assert "Nowhere are there ten patients with about the same prediction." in without


def captions(curve: CalibrationCurve) -> list[str]:
    """The captions of the calibration figures of evidence that has one question, with this curve."""
    evidence = EVIDENCE["training"]
    question = evidence.landmarks[-1].questions[0].model_copy(update={"calibration": curve})
    landmark = evidence.landmarks[-1].model_copy(update={"questions": [question]})
    drawn = draw(evidence.model_copy(update={"landmarks": [landmark]}))
    return [one.caption.description for one in drawn if one.caption.name.startswith("calibration-")]


def test_a_second_fit_that_differs_is_loud() -> None:
    evidence = EVIDENCE["training"]
    assert evidence.refit_check is not None
    other = evidence.refit_check.model_copy(update={"identical": False})
    changed = evidence.model_copy(update={"refit_check": other})
    assert "same model?): NOT the same." in sections_of(changed)["Who checked"]


def test_the_first_page_for_word_explains_its_table_too() -> None:
    (section,) = (one for one in first_page_sections(composed(EVIDENCE["training"])) if one.anchor == "how-well")
    assert [block.words for block in section.blocks if isinstance(block, Paragraph)] == [TERMS]
