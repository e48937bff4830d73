"""What the page says of every kind of answer; that it asks for nothing outside, and that no value becomes a tag."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from features.protocol.document import Covariate, Protocol
from models.remission import RemissionHead
from serving.contract.response import Applicability, Caution, UnlikeReason
from serving.decision.page import POLICY, SCRIPT, STYLE, render_page, render_refusal
from serving.decision.study import study_facts
from serving.decision.templating import static_text
from serving.decision.texts import LANGUAGES
from serving.decision.view import decision_view
from tests.serving.bundles import (
    bundles_of_every_kind,
    linear,
    refitted,
    toy_bundle,
    wavering,
    with_applicability,
    without,
    without_differences,
)
from tests.serving.decision.pages import (
    TOKEN,
    launch_of,
    page_of,
    text_of,
    usual_bundle,
    usual_record,
    view_of,
)
from tests.serving.requests import changed, example
from tests.serving.test_readme import REQUEST

EVERY_KIND = bundles_of_every_kind()
HOSTILE = "<img src=x onerror=alert(1)>\"'&{{ 7*7 }}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_of_answer_has_a_page_in_every_language(kind: str, language: str) -> None:
    page = page_of(EVERY_KIND[kind], usual_record(), language)
    assert page.startswith(f'<!DOCTYPE html>\n<html lang="{language}">')
    assert "{{" not in page
    assert "None" not in text_of(page)
    assert "???" not in page


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            (
                "Of 100 people like you, about 48 have hardly any symptoms left some weeks after the last session.",
                "It could be from 40 to 56.",
                "Of 100 people in remission, about 70 have a relapse within 26 weeks.",
                "Within 12 weeks: about 49 of 100 (41 to 57).",
                "Of 100 people like you, about 13 reach remission and have no relapse for 26 weeks.",
                "before session 2, on 15 October 2026",
            ),
        ),
        (
            "de",
            (
                "Von 100 Menschen wie Ihnen haben etwa 48 einige Wochen nach der letzten Sitzung kaum noch",
                "Es können 40 bis 56 sein.",
                "Von 100 Menschen in Remission haben etwa 70 in 26 Wochen einen Rückfall.",
                "vor Sitzung 2 bekannt war, am 15. Oktober 2026",
            ),
        ),
    ],
)
def test_the_three_numbers_come_first_as_sentences_with_their_ranges(language: str, said: tuple[str, ...]) -> None:
    """The example of the guide, whose answer stands there: 0.4806 (0.4057 to 0.5555) and so on."""
    text = text_of(page_of(wavering(with_applicability(toy_bundle())), json.loads(REQUEST), language), "patient")
    for sentence in said:
        assert sentence in text


def test_a_synthetic_model_says_so_before_anything_else_and_a_real_one_does_not() -> None:
    synthetic = page_of(toy_bundle())
    assert text_of(synthetic).index("Made-up data: do not use this to decide") < text_of(synthetic).index("For you")
    assert "synthetic (made up)" in text_of(synthetic, "clinician")
    real = page_of(replace(toy_bundle(), training={"synthetic": False, "run_id": "a1b2"}))
    assert "made" not in text_of(real).lower().replace("made of", "")
    assert "synthetic" not in text_of(real).lower()


def test_a_model_that_tells_nobody_apart_says_so() -> None:
    text = text_of(page_of(without_differences(toy_bundle())))
    assert text.count("The model gives everyone this same number.") == 3
    assert "It could be from" not in text
    assert "The range (90% interval)" not in text
    assert "Nothing: the model gives everyone the same number." in text


def test_a_number_without_a_range_says_that_there_is_none() -> None:
    assert text_of(page_of(toy_bundle()), "patient").count("This model gives no range") == 3


def test_one_head_alone_gives_what_it_can() -> None:
    only_remission = text_of(page_of(refitted(without(toy_bundle(), "relapse"))), "patient")
    assert "have hardly any symptoms left" in only_remission
    assert "relapse within" not in only_remission
    assert "When do symptoms come back?" not in only_remission
    only_relapse = text_of(page_of(refitted(without(toy_bundle(), "remission"))), "patient")
    assert "have a relapse within 26 weeks" in only_relapse
    assert "have hardly any symptoms left" not in only_relapse
    assert "For no relapse" in only_relapse


@pytest.mark.parametrize(
    ("record", "plain", "exact", "german"),
    [
        (
            example(assessments=[]),
            "There is no rating of the symptoms from before the first session.",
            "Record a rating on or before day 0",
            "Eine Messung von Tag 0 oder davor nachtragen",
        ),
        (
            changed(("patient", "age_years"), 17),
            "The study had no people of your age.",
            "the age is outside the protocol's limits.",
            "Das Alter liegt außerhalb der Grenzen",
        ),
        (
            changed(("patient", "age_years"), 95),
            "You differ too much from the people in the study.",
            "is far outside the range of the training patients",
            "Alter liegt weit außerhalb des Bereichs der Studie",
        ),
    ],
    ids=["no baseline", "too young", "outside"],
)
def test_without_a_prediction_the_page_says_why_and_what_to_do(
    record: dict[str, object], plain: str, exact: str, german: str
) -> None:
    bundle = usual_bundle()
    page = page_of(bundle, record)
    assert "There is no number for you" in text_of(page, "patient")
    assert plain in text_of(page, "patient")
    assert exact in text_of(page, "clinician")
    assert german in text_of(page_of(bundle, record, "de"), "clinician")
    assert "This model can't say" in text_of(page, "patient")
    assert "of 100" not in text_of(page)
    assert "what-if" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


def test_a_patient_at_the_edge_reads_that_the_numbers_are_less_sure() -> None:
    page = page_of(usual_bundle(), changed(("patient", "age_years"), 60.5))
    assert "You differ from most people in the study." in text_of(page, "patient")
    assert "age is outside the range of the training patients" in text_of(page, "clinician")


@pytest.mark.parametrize("language", LANGUAGES)
def test_whether_to_treat_is_a_question_that_the_page_says_it_cant_answer(language: str) -> None:
    said = {
        "en": "This model can't say. All people in the study had this treatment.",
        "de": "Das kann dieses Modell nicht sagen.",
    }
    assert said[language] in text_of(page_of(usual_bundle(), language=language), "patient")


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_no_page_advises_or_claims_an_effect(kind: str) -> None:
    text = text_of(page_of(EVERY_KIND[kind], usual_record()))
    assert not re.search(
        r"\b(we recommend|you should|because of the treatment|treatment works|will get well|benefit from)\b", text
    )


def test_what_speaks_for_and_against_is_in_plain_words_for_the_patient_and_exact_for_the_clinician() -> None:
    page = page_of(refitted(toy_bundle()))
    patient, clinician = text_of(page, "patient"), text_of(page, "clinician")
    assert "They are not the cause of it." in patient
    assert "+ For remission\nHow things have gone since the first session (most of all: how much better" in patient
    assert (
        "\N{MINUS SIGN} Against remission\nHow strong the symptoms were at the start (most of all: how far" in patient
    )
    assert "improvement since baseline (1.17 reliable changes) +0.90" in clinician
    assert "distance from the baseline score to the remission band (2 reliable changes) \N{MINUS SIGN}0.88" in clinician
    assert "not causes" in clinician


def test_cautions_are_for_the_clinician_with_their_sources() -> None:
    page = page_of(usual_bundle(), usual_record())
    assert "A manic episode is recorded" in text_of(page, "clinician")
    assert "Source: esketamine label [seen]" in text_of(page, "clinician")
    assert "manic" not in text_of(page, "patient")
    german = page_of(usual_bundle(), usual_record(), "de")
    assert "Eine manische Episode ist eingetragen" in text_of(german, "clinician")
    assert '<span lang="en">esketamine label [seen]' in german
    assert "That does not mean no risk" in text_of(page_of(usual_bundle()), "clinician")


def test_what_was_not_recorded_is_said_to_both() -> None:
    page = page_of(refitted(toy_bundle()))
    assert "2 facts that the model looks at were not on record." in text_of(page, "patient")
    said = "Used by the model: daily benzodiazepine as diazepam equivalent, comorbid depression. 14 more features"
    assert said in text_of(page, "clinician")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_from_outside_never_becomes_a_tag(language: str) -> None:
    view = view_of(usual_bundle(), usual_record())
    hostile = replace(
        view,
        version=HOSTILE,
        prediction_id=HOSTILE,
        notes=(HOSTILE,),
        not_recorded=(HOSTILE,),
        cautions=(Caution(code=HOSTILE, message=HOSTILE, source=HOSTILE),),
        applicability=Applicability(
            verdict="at_the_edge", reasons=[UnlikeReason(code=HOSTILE, feature=HOSTILE, message=HOSTILE)]
        ),
        landmark=replace(view.landmark, name=HOSTILE) if view.landmark else None,
        remission=replace(
            view.remission, raising=(replace(view.remission.raising[0], name=HOSTILE, meaning=HOSTILE, unit=HOSTILE),)
        )
        if view.remission
        else None,
        questions=tuple(replace(question, meaning=HOSTILE, unit=HOSTILE) for question in view.questions),
    )
    page = render_page(hostile, language)
    assert page.count("&lt;img src=x") >= 8
    assert "<img" not in page
    assert "49" not in page[page.index("<footer") :]


def test_the_page_asks_for_nothing_outside_and_runs_only_what_its_policy_names() -> None:
    page = page_of(usual_bundle(), usual_record())
    markup = page.replace(static_text(STYLE), "").replace(static_text(SCRIPT), "")
    assert not re.search(r"https?://|//[a-z]", page.replace("http://www.w3.org", "")), "no address"
    assert not re.search(r"<(link|img|iframe|object|embed|base)\b|\s(on\w+|style|src|srcset|action)=", markup)
    assert re.findall(r"<script[^>]*>", markup) == ["<script>"]
    assert re.findall(r"<style[^>]*>", markup) == ["<style>"]
    assert "default-src 'none'" in POLICY
    assert "unsafe" not in POLICY
    assert not re.search(r"url\(|@import", static_text(STYLE))
    assert not re.search(r"innerHTML|eval|document\.cookie|localStorage", static_text(SCRIPT))


def test_the_address_of_the_other_language_holds_the_token_and_nothing_of_the_patient() -> None:
    page = page_of(usual_bundle())
    assert re.findall(r'<a href="(/[^"]*)"', page) == [f"/decide?launch={TOKEN}&amp;lang=de"]
    assert "c1-0042" not in page


def test_without_a_launch_there_is_neither_a_link_nor_a_what_if() -> None:
    page = page_of(usual_bundle(), token=None)
    assert "<form" not in page
    assert "<script" not in page
    assert "/decide" not in page


def test_without_the_date_of_day_0_the_day_of_the_course_is_shown() -> None:
    bundle = usual_bundle()
    view = decision_view(launch_of(bundle, first_dose_date=None), study_facts(bundle), TOKEN)
    assert "before session 3, on day 14 of the course" in text_of(render_page(view, "en"))


def test_an_answer_of_a_model_that_was_replaced_says_nothing_of_the_present_one() -> None:
    bundle = usual_bundle()
    other = replace(study_facts(bundle), bundle_digest="0" * 64)
    page = render_page(decision_view(launch_of(bundle), other, TOKEN), "en")
    assert "fitted on" not in text_of(page)
    assert "c5e99e9f9d5a" in text_of(page)
    assert "<form" not in page


def test_a_studys_own_covariate_is_called_as_the_study_calls_it() -> None:
    protocol = Protocol(covariates=(Covariate("hours_of_sleep", "number", "Hours of sleep a night.", 0, 24),))
    toy = refitted(toy_bundle(protocol))
    score = linear(protocol, {"hours_of_sleep": 0.2})
    bundle = replace(toy, models=tuple(replace(one, remission=RemissionHead(score, 0.3, 1.1)) for one in toy.models))
    page = page_of(bundle, changed(("patient", "covariates"), {"hours_of_sleep": 6}), "de")
    assert "Anderes, wonach diese Studie fragte (vor allem: hours of sleep a night)" in text_of(page, "patient")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("why", ["over", "unknown", "gone", "busy"])
def test_instead_of_a_page_a_person_reads_what_to_do(why: str, language: str) -> None:
    page = render_refusal(why, language)  # type: ignore[arg-type]
    assert f'<html lang="{language}">' in page
    assert re.search(r"Open|Load|Öffnen|Laden", text_of(page))
    assert "<script" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_headings_are_in_order_and_every_part_has_one(language: str) -> None:
    page = page_of(usual_bundle(), usual_record(), language)
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - level <= 1 for level, later in pairwise(levels))
    named = re.findall(r'<section[^>]*aria-labelledby="([^"]+)"', page)
    assert len(named) == page.count("<section")
    assert all(f'id="{name}"' in page for name in named)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(set(ids)) == len(ids)
