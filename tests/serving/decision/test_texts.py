"""Both languages say everything: each text, name, caution and reason; and neither has a text that nobody shows."""

import datetime as dt
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from fluent.syntax import FluentParser, ast

from features.catalogue import BUILT_IN, catalogue
from features.definitions.display_names import LABELS
from features.protocol.document import Protocol
from features.protocol.own_feature import OWN_UNITS
from models.applicability import WORDS
from serving.contract.response import Caution, Reason
from serving.decision.features import YES_NO, FeatureWeight
from serving.decision.model_notes import NOTE_CODES
from serving.decision.names import OF_SCALE, PageNames, key_of
from serving.decision.texts import LANGUAGES, TextCatalogue, chosen_language, texts_in
from serving.prediction.cautions import RULES
from serving.prediction.no_prediction import REASON_CODES
from tests.places import ROOT

NAMED_IN_CODE = re.compile("(landmark|unit|category|choice|feature|caution|reason|remedy|unlike|note)-")
"""Names that the code has in English; only the other languages have them in their catalogue."""
REVERSED = {
    "en": r"\b(mild|weak|small|little|low|few|less|short|poor|rare|seldom|slow|near|hardly)",
    "de": r"\b(mild|schwach|klein|gering|wenig|niedrig|kurz|selten|langsam|nah|kaum)",
}
"""Beginnings of words that name the low end of a number, of which "above the average" would say the opposite."""
STRONG = {"en": "how strong", "de": "wie stark"}
NO_REMEDY = {
    "age_outside", "died", "withdrew", "ended_before", "baseline_in_remission", "already_decided", "window_over",
}  # fmt: skip
NOT_REASONS = {"reason-title"}


def messages(language: str) -> dict[str, set[str]]:
    """The texts of a language, each with the names of its values."""
    source = files("serving.decision").joinpath(f"texts/{language}.ftl").read_text(encoding="utf-8")
    body = FluentParser().parse(source).body
    assert not [entry for entry in body if isinstance(entry, ast.Junk)]
    named = [entry for entry in body if isinstance(entry, ast.Message)]
    assert len({entry.id.name for entry in named}) == len(named), "a text stands twice"
    return {entry.id.name: values_in(entry) for entry in named}


def values_in(entry: ast.Message) -> set[str]:
    return {found.id.name for found in walk(entry) if isinstance(found, ast.VariableReference)}


def walk(node: object) -> list[object]:
    if isinstance(node, list):
        return [one for part in node for one in walk(part)]
    if isinstance(node, ast.BaseNode):
        return [node, *(one for part in vars(node).values() for one in walk(part))]
    return []


@pytest.mark.parametrize("language", set(LANGUAGES) - {"en"})
def test_each_language_has_the_same_texts_with_the_same_values(language: str) -> None:
    english, other = messages("en"), messages(language)
    assert not {name for name in english if NAMED_IN_CODE.match(name)} - NOT_REASONS, "English is in the code"
    shared = {name: values for name, values in other.items() if name in english}
    assert shared == english
    assert all(NAMED_IN_CODE.match(name) for name in other.keys() - english.keys())


@pytest.mark.parametrize("language", set(LANGUAGES) - {"en"})
def test_each_language_names_every_feature_unit_caution_reason_and_landmark_and_no_other(language: str) -> None:
    protocol = Protocol()
    expected = {key_of("feature", feature.name) for feature in catalogue(protocol)}
    expected |= {key_of("feature", name) for name in LABELS}
    expected |= {key_of("unit", unit) for unit in {"as declared", *OWN_UNITS, *(one.unit for one in BUILT_IN)}}
    expected |= {key_of("caution", rule.code) for rule in RULES}
    expected |= {key_of("reason", code) for code in REASON_CODES} | NOT_REASONS
    expected |= {key_of("remedy", code) for code in set(REASON_CODES) - NO_REMEDY}
    expected |= {key_of("unlike", code) for code in WORDS}
    expected |= {key_of("landmark", landmark.name) for landmark in protocol.landmarks}
    expected |= {key_of("note", code) for code in NOTE_CODES}
    expected |= {key_of("category", "sex"), *(key_of("choice-sex", sex) for sex in ("female", "male", "intersex"))}
    assert {name for name in messages(language) if NAMED_IN_CODE.match(name)} == expected


def test_every_reason_has_a_plain_sentence_for_the_patient() -> None:
    for language in LANGUAGES:
        names = PageNames(texts_in(language))
        sentences = [names.plain_reason(code) for code in REASON_CODES]
        assert len(set(sentences)) == len(REASON_CODES)
        assert names.plain_reason("one_of_a_newer_service") not in sentences


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("feature", [one for one in BUILT_IN if one.unit != YES_NO], ids=lambda one: one.name)
def test_above_the_average_means_more_of_what_the_plain_name_of_a_number_says(feature: Any, language: str) -> None:
    """A patient whose best rating is bad must not read that symptoms were "mild: above the study's average"."""
    name = PageNames(texts_in(language)).plain_feature(feature.name)
    assert not re.search(REVERSED[language], name.lower()), name
    if feature.name in OF_SCALE:
        assert STRONG[language] in name, "severity, as the number is"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plain_name_of_a_yes_or_no_asks_for_no_amount(language: str) -> None:
    names = PageNames(texts_in(language))
    plain = [names.plain_feature(one.name) for one in BUILT_IN if one.unit == YES_NO]
    assert not [name for name in plain if re.match("(how|wie|number|Zahl) ", name)]


@pytest.mark.parametrize(
    ("unit", "value", "english", "german"),
    [
        ("treatments", 0, "0 treatments", "0 Behandlungen"),
        ("treatments", 1, "1 treatment", "1 Behandlung"),
        ("treatments", 2, "2 treatments", "2 Behandlungen"),
        ("days", 1, "1 day", "1 Tag"),
        ("reliable changes", -1, "\N{MINUS SIGN}1 reliable change", "\N{MINUS SIGN}1 verlässliche Änderung"),
        (
            "reliable changes",
            -0.972,
            "\N{MINUS SIGN}0.972 reliable changes",
            "\N{MINUS SIGN}0,972 verlässliche Änderungen",
        ),
        ("share", -0.12, "\N{MINUS SIGN}12%", "\N{MINUS SIGN}12 %"),
    ],
)
def test_one_of_a_unit_is_singular_and_a_negative_number_has_a_minus_sign(
    unit: str, value: float, english: str, german: str
) -> None:
    weight = FeatureWeight("f", "F.", unit, value, 0.1)
    shown = [PageNames(texts_in(language)).value(weight) for language in ("en", "de")]
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in shown] == [english, german]


def test_every_unit_that_has_a_plural_has_a_singular() -> None:
    shown_otherwise = {YES_NO, "usual doses", "share of the limit"}
    plural = {one for one in {*OWN_UNITS, *(one.unit for one in BUILT_IN)} if re.search(r"s\b", one)} - shown_otherwise
    assert plural
    for language in LANGUAGES:
        assert not [unit for unit in plural if not texts_in(language).has(key_of("one", unit))]


def test_a_sentence_of_a_caution_has_the_limits_of_its_rule() -> None:
    german = PageNames(texts_in("de"))
    for rule in RULES:
        sentence = german.caution(Caution(code=rule.code, message=rule.message, source=rule.source))
        assert sentence != rule.message
        limits = re.findall(r"(?<![\w-])\d+(?:\.\d+)?", rule.message)
        assert re.findall(r"(?<![\w-])\d+(?:,\d+)?", sentence) == [limit.replace(".", ",") for limit in limits], rule


def test_what_this_page_does_not_know_is_shown_as_the_answer_says_it() -> None:
    german = PageNames(texts_in("de"))
    assert german.caution(Caution(code="newer", message="A newer one.", source="s")) == "A newer one."
    assert german.landmark("week 3") == "week 3"
    assert german.feature("hours_of_sleep", "Hours of sleep a night; by diary.") == "hours of sleep a night"
    assert german.reason(Reason(code="newer", message="a newer reason", remedy="do this")) == "A newer reason."


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_shown_somewhere(language: str) -> None:
    folder = ROOT / "serving" / "decision"
    written = "".join(
        path.read_text(encoding="utf-8") for kind in ("*.py", "templates/*") for path in folder.glob(kind)
    )
    put_together = re.compile(
        "(plain|nothing|group|sentence|sooner|outcome|exact|sure|refused|contributions|model-head|what-if|like"
        "|weighing|weeks|days|complement|why|value|one|score|ask|event|figure|measured)-"
    )
    unused = [
        name
        for name in messages(language)
        if not re.search(rf"[\"']{name}[\"']", written)
        and not NAMED_IN_CODE.match(name)
        and not put_together.match(name)
    ]
    assert not unused


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("de", "en", "de"),
        ("", "de", "de"),
        ("", "de-CH, en;q=0.5", "de"),
        ("", "fr, de;q=0.9, en;q=0.8", "de"),
        ("", "en;q=0.8, de;q=0.8", "en"),
        ("", "DE", "de"),
        ("", "fr", "en"),
        ("", "de;q=0", "en"),
        ("", "", "en"),
        ("fr", "de", "de"),
        ("", ";;,,q=1,de;q=9,*", "en"),
        ("", "de," * 10_000, "de"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_one_that_the_browser_prefers(
    asked: str, accepted: str, language: str
) -> None:
    assert chosen_language(asked, accepted) == language


@pytest.mark.parametrize(
    ("language", "date", "number"), [("en", "5 October 2026", "1.17"), ("de", "5. Oktober 2026", "1,17")]
)
def test_dates_and_numbers_are_written_as_the_language_writes_them(language: str, date: str, number: str) -> None:
    texts: TextCatalogue = texts_in(language)
    assert texts.text("date", date=dt.date(2026, 10, 5)) == date
    assert texts.text("number-unit", number=1.17, unit="x") == f"{number} x"


def test_the_catalogue_is_installed_with_the_package() -> None:
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    built = (ROOT / "bentofile.yaml").read_text(encoding="utf-8")
    for folder in ("texts", "templates", "static"):
        assert f"{folder}/*" in declared
        assert f"serving/decision/{folder}/*" in built
        assert list(Path(ROOT / "serving" / "decision" / folder).iterdir())
