"""The page says for which numbers the model was released, what is not shown, and that checks were passed over."""

import re

import pytest

from models.promotion import Promotion
from serving.decision.page import render_page
from serving.decision.study import study_facts
from serving.decision.view import decision_view
from serving.storage.launches import Launch
from tests.serving.decision.pages import FIRST_DOSE, TOKEN, text_of, usual_bundle
from tests.serving.promotions import NOT_MET, PARTLY, described, met, promotion_of, reply_under
from tests.serving.requests import example, read

BUNDLE = usual_bundle()
REQUEST = read(example())
IN_SHADOW = {model.landmark.name: dict.fromkeys(PARTLY, "shadow") for model in BUNDLE.models}
CLEARED = {
    "en": "The numbers on this page are cleared for use in the clinic.",
    "de": "Die Zahlen auf dieser Seite sind für die Klinik freigegeben.",
}
PASSED_OVER = {
    "en": "The model is in use although it did not pass all its checks.",
    "de": "Das Modell ist im Einsatz, obwohl es nicht alle Prüfungen bestanden hat.",
}
BY = {
    "en": "by A. Tester on 30 November 2026 (decision 7)",
    "de": "von A. Tester am 30. November 2026 (Entscheidung 7)",
}


def page_under(promotion: Promotion, language: str) -> str:
    reply = reply_under(promotion, BUNDLE, REQUEST)
    launch = Launch("id-0", REQUEST.model_dump_json().encode(), FIRST_DOSE, reply.body)
    return render_page(
        decision_view(launch, study_facts(BUNDLE, None, described(BUNDLE, promotion)), TOKEN, 15), language
    )


@pytest.mark.parametrize(
    ("language", "to_patient", "to_clinician"),
    [
        (
            "en",
            "Some numbers are not shown, because they are not cleared for use yet.",
            (
                "Not given, because the model is not promoted for it here: Relapse within 26 weeks; "
                "Remission, no relapse for 26 weeks."
            ),
        ),
        (
            "de",
            "Einige Zahlen stehen hier nicht, weil sie noch nicht freigegeben sind.",
            (
                "Nicht angegeben, weil das Modell hier nicht dafür freigegeben ist: Rückfall innerhalb von 26 Wochen; "
                "Remission, 26 Wochen ohne Rückfall."
            ),
        ),
    ],
)
def test_what_is_withheld_is_said_to_the_patient_and_named_to_the_clinician(
    language: str, to_patient: str, to_clinician: str
) -> None:
    page = page_under(met(BUNDLE), language)
    assert to_patient in text_of(page, "patient")
    assert to_clinician in text_of(page, "clinician")
    assert not re.search("26 [wW]", text_of(page, "patient")), "nothing of the later horizon is left in it"
    whole = page_under(
        promotion_of(BUNDLE, granted={name: dict.fromkeys(PARTLY, "clinic") for name in IN_SHADOW}), language
    )
    assert to_patient not in text_of(whole)
    assert to_clinician.partition(":")[0] not in text_of(whole)


@pytest.mark.parametrize("language", ["en", "de"])
def test_an_override_is_said_to_everybody_and_its_checks_to_the_clinician(language: str) -> None:
    page = page_under(promotion_of(BUNDLE), language)
    assert PASSED_OVER[language] in text_of(page)
    assert CLEARED[language] not in text_of(page)
    clinician = text_of(page, "clinician")
    assert BY[language] in clinician
    assert all(name in clinician for name in NOT_MET)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_rollback_to_an_override_is_said_as_one(language: str) -> None:
    assert PASSED_OVER[language] in text_of(page_under(promotion_of(BUNDLE, action="rollback"), language))


@pytest.mark.parametrize("language", ["en", "de"])
def test_numbers_that_met_every_check_are_called_cleared(language: str) -> None:
    page = text_of(page_under(met(BUNDLE), language))
    assert CLEARED[language] in page
    assert BY[language] in page
    assert PASSED_OVER[language] not in page


@pytest.mark.parametrize(
    ("language", "why", "for_the_clinic"),
    [
        ("en", "The model is not cleared for use at this point of the course.", "Promoted for the clinic"),
        ("de", "Das Modell ist für diesen Zeitpunkt noch nicht freigegeben.", "Für die Klinik freigegeben"),
    ],
)
def test_a_page_without_numbers_does_not_call_them_cleared(language: str, why: str, for_the_clinic: str) -> None:
    page = page_under(promotion_of(BUNDLE, granted=IN_SHADOW, action="promote", not_met=()), language)
    assert why in text_of(page, "patient")
    assert CLEARED[language] not in text_of(page)
    assert for_the_clinic not in text_of(page)
    assert BY[language] in text_of(page, "clinician")
