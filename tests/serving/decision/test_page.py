"""What the page says of every kind of answer; that it asks for nothing outside, and that no value becomes a tag."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from features.protocol.document import Covariate, Protocol
from features.protocol.study import StudyDescription
from models.bundle import Bundle
from models.performance import (
    LandmarkPerformance,
    MeasuredPerformance,
    Performance,
    PerformanceFigure,
    QuestionPerformance,
)
from models.remission import RemissionHead
from serving.contract.response import Applicability, Caution, UnlikeReason
from serving.decision.model_notes import ModelNote, model_notes
from serving.decision.names import PageNames
from serving.decision.page import POLICY, SCRIPT, STYLE, render_page, render_refusal
from serving.decision.phrases import PagePhrases
from serving.decision.study import study_facts
from serving.decision.templating import static_text
from serving.decision.texts import LANGUAGES, texts_in
from serving.decision.view import SUICIDAL, decision_view
from serving.prediction.cautions import RULES
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
    lines_of,
    page_of,
    text_of,
    usual_bundle,
    usual_record,
    view_of,
)
from tests.serving.requests import changed, example
from tests.serving.test_readme import REQUEST
from training.average_risk import AVERAGE_RISK

EVERY_KIND = bundles_of_every_kind()
HOSTILE = "<img src=x onerror=alert(1)>\"'&{{ 7*7 }}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_of_answer_has_a_page_in_every_language(kind: str, language: str) -> None:
    page = page_of(EVERY_KIND[kind], usual_record(), language)
    assert page.startswith(f'<!DOCTYPE html>\n<html lang="{language}">')
    assert "{{" not in page
    assert "None" not in text_of(page).replace("None of it is your fault", "").replace("None from what is", "")
    assert "???" not in page


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            (
                "Of 100 invented people with answers like yours, about 48 have hardly any symptoms left about 1 to 4",
                "weeks after the last session. This is called remission.",
                "About 52 do not. They can be better too, but not as far as this.",
                "It could be from 40 to 56. This number is somewhat unsure.",
                "If you get there: symptoms coming back",
                "This counts only invented people with answers like yours who get to hardly any symptoms.",
                "Of 100 of them, about 70 have symptoms again within 26 weeks from then (relapse).",
                "About 30 of them do not.",
                "Within 12 weeks: about 49 of 100 (41 to 57).",
                "Of the same 100 people as in the first box, about 13 get to hardly any symptoms and stay so for 26",
                "They are part of the 48.",
                "About 87 do not.",
                "before session 2, on 15 October 2026",
            ),
        ),
        (
            "de",
            (
                "Von 100 erfundenen Menschen mit Angaben wie Ihren haben etwa 48 kaum noch Beschwerden, etwa 1 bis 4",
                "Wochen nach der letzten Sitzung. Das nennt man Remission.",
                "Es können 40 bis 56 sein. Diese Zahl ist etwas unsicher.",
                "Gezählt wird nur unter erfundenen Menschen mit Angaben wie Ihren, die so weit kommen.",
                "Von 100 davon haben etwa 70 innerhalb von 26 Wochen danach wieder Beschwerden (Rückfall).",
                "Von denselben 100 Menschen wie im ersten Kasten kommen etwa 13 so weit",
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
    assert text_of(synthetic).index("This is an example: do not decide") < text_of(synthetic).index("For you")
    assert "The numbers are not about you." in text_of(synthetic)
    assert "synthetic (invented)" in text_of(synthetic, "clinician")
    assert "Validated on real patients: none." in text_of(synthetic, "clinician")
    real = page_of(replace(toy_bundle(), training={"synthetic": False, "run_id": "a1b2"}))
    assert "invented" not in text_of(real).lower()
    assert "synthetic" not in text_of(real).lower()
    assert "Validated on real" not in text_of(real)
    assert "Of 100 people like you, about" in text_of(real)


def averages(*notes: str) -> Bundle:
    """A model that gives everybody the average, with the notes of its heads."""
    bundle = without_differences(toy_bundle())
    heads = ("remission", "relapse")
    records = tuple(
        {head: replace(old[head], note=note) for head, note in zip(heads, notes or ("", ""), strict=True)}
        for old in bundle.records
    )
    return replace(bundle, records=records)


def test_a_model_that_tells_nobody_apart_says_of_whom_its_average_is_and_claims_no_likeness() -> None:
    text = text_of(page_of(averages()))
    said = "The model gives everybody this same number: the average of the {} invented people it was built from."
    assert said.format(400) in text
    assert said.format(120) in text
    assert "It follows from the first two numbers." in text
    assert "No facts about you: the model gives everybody the same number." in text
    assert "About 57 of 100 in the group. Nobody knows which." in text
    for never in (
        "like you",
        "with answers like yours",
        "It could be from",
        "The range shows",
        "were on record",
        "Line:",
    ):
        assert never not in text


@pytest.mark.parametrize(
    ("note", "plain", "german"),
    [
        (
            f"no candidate predicted held-out patients better than the average: {AVERAGE_RISK}",
            "No facts about people predicted better than this average.",
            "kein Kandidat sagte Patienten, die nicht zum Anpassen verwendet wurden, gesichert besser voraus",
        ),
        (
            f"the rarer outcome has 8 of 40 patients, and a model needs 20: {AVERAGE_RISK}",
            "Too few people had the rarer result to tell people apart.",
            "das seltenere Ergebnis hatten 8 von 40 Patienten, nötig sind 20",
        ),
    ],
)
def test_why_there_is_only_an_average_is_said_if_the_models_notes_say_it(note: str, plain: str, german: str) -> None:
    bundle = averages(note, "")
    assert text_of(page_of(bundle), "patient").count(plain) == 1
    assert german in text_of(page_of(bundle, language="de"), "clinician")
    assert plain not in text_of(page_of(averages()))


def test_where_everybody_gets_the_average_there_is_no_other_persons_number() -> None:
    assert "<form" not in page_of(averages())
    assert "<form" in page_of(toy_bundle())


def test_icons_of_an_average_are_grey_and_have_no_line_of_a_best_estimate() -> None:
    average, usual = page_of(averages()), page_of(usual_bundle())
    assert average.count(' plain" viewBox') == 3
    assert 'class="estimate"' not in average
    assert ' plain" viewBox' not in usual
    assert usual.count('class="estimate"') == 4, "three numbers and the key"


def test_a_note_that_is_not_known_is_marked_as_english_in_another_language() -> None:
    view = view_of(usual_bundle())
    page = render_page(replace(view, notes=model_notes(["relapse: something new"])), "de")
    assert '<span lang="en">relapse: something new</span> (auf Englisch)' in page


def test_a_number_without_a_range_says_that_there_is_none() -> None:
    assert text_of(page_of(toy_bundle()), "patient").count("This model gives no range") == 3


def test_one_head_alone_gives_what_it_can() -> None:
    only_remission = text_of(page_of(refitted(without(toy_bundle(), "relapse"))), "patient")
    assert "have hardly any symptoms left" in only_remission
    assert "symptoms again" not in only_remission
    assert "When do symptoms come back?" not in only_remission
    only_relapse = text_of(page_of(refitted(without(toy_bundle(), "remission"))), "patient")
    assert "have symptoms again within 26 weeks" in only_relapse
    assert "have hardly any symptoms left" not in only_relapse
    assert "This list is about symptoms coming back." in only_relapse
    assert "More often seen with symptoms coming back" in only_relapse


def test_where_everybody_is_in_remission_the_numbers_count_from_now() -> None:
    text = text_of(page_of(EVERY_KIND["in remission"], example(events=[])), "patient")
    assert "who have hardly any symptoms now. Of 100 of them" in text
    assert "from now (relapse)" in text
    assert "with answers like yours who have hardly any symptoms now, about" in text
    assert "If you get there" not in text
    assert "first box" not in text


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


def test_what_the_estimate_took_into_account_is_in_plain_words_for_the_patient_and_exact_for_the_clinician() -> None:
    page = page_of(refitted(toy_bundle()))
    patient, clinician = text_of(page, "patient"), text_of(page, "clinician")
    assert "This does not mean that these points caused it. None of it is your fault." in patient
    assert "This list is about the first number." in patient
    more = "+ More often seen with remission\nHow things have gone since the first session: most of all how much better"
    assert more in patient
    less = "Less often seen with remission\nHow strong the symptoms were at the start: most of all how far"
    assert f"\N{MINUS SIGN} {less}" in patient
    assert "most of all your age (above the study's average)" in patient
    assert "not a reason to change dose or treatment" in clinician
    assert "improvement since baseline (1.17 reliable changes) +0.90" in clinician
    assert "distance from the baseline score to the remission band (2 reliable changes) \N{MINUS SIGN}0.88" in clinician
    assert "not causes" in clinician


def test_cautions_are_for_the_clinician_with_their_sources() -> None:
    page = page_of(usual_bundle(), usual_record())
    assert "A manic episode is recorded" in text_of(page, "clinician")
    assert "Source: esketamine label; untreated hypertension" in text_of(page, "clinician")
    assert "that a mood may switch (not checked)" in text_of(page, "clinician")
    assert "manic" not in text_of(page, "patient")
    assert "Your record has points about safety." in text_of(page, "patient")
    assert "Your record has points about safety." not in text_of(page_of(usual_bundle()), "patient")
    german = page_of(usual_bundle(), usual_record(), "de")
    assert "Manische Episode eingetragen: das Risiko eines Umschlagens" in text_of(german, "clinician")
    assert '<span lang="en">esketamine label;' in german
    assert "that a mood may switch (nicht geprüft)" in german
    assert "That does not mean no risk" in text_of(page_of(usual_bundle()), "clinician")


@pytest.mark.parametrize(
    ("language", "calm", "strip"),
    [
        (
            "en",
            "If you think of harming yourself, tell the person with you now, or call your local emergency number.",
            "1 caution. Look at it before the numbers",
        ),
        (
            "de",
            "Wenn Sie daran denken, sich etwas anzutun: Sagen Sie es jetzt der Person bei Ihnen, oder rufen Sie den",
            "1 Warnhinweis, vor den Zahlen anzusehen",
        ),
    ],
)
@pytest.mark.parametrize("numbers", [True, False])
def test_with_a_suicidal_caution_help_stands_before_every_number(
    language: str, calm: str, strip: str, *, numbers: bool
) -> None:
    record = changed(("patient", "suicidal_intent"), True) | ({} if numbers else {"assessments": []})
    page = page_of(usual_bundle(), record, language)
    assert lines_of(page, "patient")[1].startswith(calm), "right under the title"
    assert strip in text_of(page)
    usual = text_of(page_of(usual_bundle(), usual_record(), language))
    assert calm not in usual
    assert "before the numbers" not in usual
    assert "vor den Zahlen" not in usual


def test_the_suicidal_cautions_are_those_of_the_rules() -> None:
    assert {rule.code for rule in RULES if "suicid" in rule.code} == set(SUICIDAL)


def test_what_was_not_recorded_is_said_to_both() -> None:
    page = page_of(refitted(toy_bundle()))
    patient, clinician = text_of(page, "patient"), text_of(page, "clinician")
    said = (
        "2 facts were missing:\nhow much of a calming drug (benzodiazepine) you take\ndepression as well\nWith them the"
    )
    assert said in patient
    assert "daily benzodiazepine as diazepam equivalent; comorbid depression. 14 other features" in clinician
    assert "16 of 69 features not recorded." in clinician, "2 and 14"


def test_many_missing_facts_are_counted_for_the_patient_and_named_for_the_clinician() -> None:
    names = [f"fact_{number}" for number in range(5)]
    say = PagePhrases(texts_in("en"), PageNames(texts_in("en")))
    assert say.missing(names)[1] == []
    assert say.missing(names)[0].startswith("5 facts that the model looks at were missing.")
    assert len(say.missing(names[:4])[1]) == 4


def test_the_clinician_reads_how_the_protocol_defines_the_numbers() -> None:
    clinician = text_of(page_of(usual_bundle(), usual_record()), "clinician")
    for said in (
        "Remission: GAD-7 at most 4, at least 6 points better than at baseline, at the reading nearest the middle of",
        "days 7 to 31 after the last acute session.",
        "Relapse: GAD-7 at least 10, at least 6 points worse than the best since remission, confirmed 7 to 28 days",
        "later; or an event (relapse, hospital stay, rescue ketamine, increase of medication).",
        "Day 0 of the relapse clock: the day of the reading that decides remission.",
        "Competing events (death, a new treatment) count neither as relapse nor as lasting remission.",
        "Landmark: before session 3, day 14, 15 October 2026.",
        "This page is not a decision aid",
        "(76% of the scale's range)",
        "(1.11 times the usual dose)",
    ):
        assert said in clinician


def test_a_probability_has_a_decimal_only_below_10_percent() -> None:
    say = PagePhrases(texts_in("en"), PageNames(texts_in("en")))
    shown = [say.percent(p) for p in (0.0004, 0.0604, 0.0994, 0.0996, 0.104, 0.6205, 0.995)]
    assert shown == ["under 0.1%", "6.0%", "9.9%", "10%", "10%", "62%", "over 99%"]
    german = PagePhrases(texts_in("de"), PageNames(texts_in("de")))
    assert [german.percent(p) for p in (0.0004, 0.0604)] == ["unter 0,1 %", "6,0 %"]


@pytest.mark.parametrize(("synthetic", "validated"), [(True, False), (False, True)])
def test_the_performance_for_held_out_patients_is_shown_with_its_limits(*, synthetic: bool, validated: bool) -> None:
    bundle, figure = usual_bundle(), PerformanceFigure(0.7, 0.65, 0.75)
    question = QuestionPerformance("remission", "remission", None, 400, 150, 0.4, figure, figure, None, None, None)
    landmarks = tuple(LandmarkPerformance(model.landmark.name, (question,), None) for model in bundle.models)
    measured = MeasuredPerformance("held out", "r", "e", "c", "d", 400, 4, synthetic, "by site", (), landmarks)
    study = study_facts(bundle, Performance(bundle.digest, (measured,), ()))
    text = text_of(render_page(decision_view(launch_of(bundle), study, TOKEN), "en"), "clinician")
    assert "Remission AUC 0.70 (0.65 to 0.75), calibration slope 0.70 (0.65 to 0.75)." in text
    assert ("Validated on real patients: none." in text) != validated
    assert "No performance is stored" not in text
    assert "No performance is stored with this model." in text_of(page_of(bundle), "clinician")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_questions_are_about_another_person(language: str) -> None:
    page = page_of(usual_bundle(), language=language)
    labels = re.findall(r"<label[^>]*>([^<]*)</label>", page)
    expected = {
        "en": "This person's next anxiety score (GAD-7)",
        "de": "Nächster Wert dieser Person im Angst-Fragebogen (GAD-7)",
    }
    assert expected[language] in labels or expected[language].replace("'", "&#39;") in labels
    assert not [label for label in labels if re.search(r"\b(you|your|Sie|Ihre?)\b", label)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_from_outside_never_becomes_a_tag(language: str) -> None:
    view = view_of(usual_bundle(), usual_record())
    hostile = replace(
        view,
        version=HOSTILE,
        prediction_id=HOSTILE,
        notes=(ModelNote("", HOSTILE),),
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
    assert re.findall(r'<a href="([^#][^"]*)"', page) == [f"?launch={TOKEN}&amp;lang=de"], (
        "a proxy may show it elsewhere"
    )
    assert 'fetch("decide/what-if"' in page
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
    assert (
        "Anderes, wonach diese Studie fragte: vor allem hours of sleep a night (über dem Mittel der Studie)"
        in text_of(page, "patient")
    )


def test_a_model_of_another_study_is_for_what_its_study_says() -> None:
    other = toy_bundle(Protocol(name="anxiety-course", study=StudyDescription(treatment="a course of therapy")))
    english, german = (text_of(page_of(other, language=one), "clinician") for one in ("en", "de"))
    purpose = "To inform a clinician who plans a course of therapy about the probability of remission and of relapse"
    for words in (english, german):
        assert purpose in words
        assert not re.search("ketamine-assisted|ketamingestützt", words)
    assert "it supports your judgement and never replaces it" in english.lower()
    assert "for ketamine-assisted psychotherapy" in text_of(page_of(toy_bundle()), "clinician").lower()


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
