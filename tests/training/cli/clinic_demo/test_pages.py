"""What a stranger's card may do to the EHR's page: be read, and nothing else."""

from typing import Any

import jwt
import pytest

from training.cli.clinic_demo.cards import read_cards
from training.cli.clinic_demo.pages import markdown
from training.cli.clinic_demo.risks import FhirReply, RiskLine, read_reply
from training.cli.clinic_demo.signing import ALGORITHM, EhrSigningKey


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("**48%**", "<strong>48%</strong>"),
        ("* one\n* two", "<li>one</li>"),
        ("|a|b|\n|-|-|\n|1|2|", "<td>1</td>"),
        ("[more](https://kap.example/x)", '<a href="https://kap.example/x">more</a>'),
    ],
)
def test_the_detail_of_a_card_is_markdown(written: str, html: str) -> None:
    assert html in markdown(written)


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://elsewhere.example/pixel.png)",
    ],
)
def test_a_detail_brings_no_tag_image_or_script(written: str) -> None:
    html = str(markdown(written)).lower()
    assert not [tag for tag in ("<script", "<img", 'href="javascript', 'href="data') if tag in html]


@pytest.mark.parametrize("answer", [None, [], {"cards": None}, {"cards": "none"}, {"services": []}])
def test_an_answer_that_is_not_as_specified_has_no_cards(answer: Any) -> None:
    assert read_cards("kap", answer) == ()


def test_a_smart_link_and_one_that_leads_nowhere_are_named_only() -> None:
    links = [
        {"label": "page", "url": "https://kap.example/decide", "type": "absolute"},
        {"label": "app", "url": "https://kap.example/launch", "type": "smart"},
        {"label": "script", "url": "javascript:alert(1)", "type": "absolute"},
    ]
    (card,) = read_cards("kap", {"cards": [{"summary": "s", "links": links}]})
    assert [link.is_absolute for link in card.links] == [True, False, False]


def test_an_answer_over_fhir_is_listed_as_text() -> None:
    period = {"low": {"value": 0, "unit": "days"}, "high": {"value": 84, "unit": "days"}}
    relapse = {"outcome": {"text": "relapse"}, "whenRange": period}
    limits = {"low": {"value": 17.2, "unit": "%"}, "high": {"value": 56.8, "unit": "%"}}
    risk = {
        "resourceType": "RiskAssessment",
        "mitigation": "This is no order.",
        "prediction": [
            {"outcome": {"coding": [{"display": "remission"}]}, "probabilityDecimal": 48.06},
            relapse | {"probabilityDecimal": 36.0},
            relapse | {"probabilityRange": limits},
        ],
    }
    issue = {"severity": "error", "code": "required", "details": {"text": "a date"}, "expression": ["Bundle.entry[0]"]}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue, issue | {"severity": "information"}]}
    caution = {"resourceType": "DetectedIssue", "detail": "Weigh sedation."}
    entries = [{"resource": one} for one in (risk, outcome, caution)]
    reply = read_reply({"resourceType": "Bundle", "entry": entries})
    assert reply.risks == [
        RiskLine("remission", "48%", "", ""),
        RiskLine("relapse", "36%", "17 to 57%", "0 to 84 days"),
    ]
    assert (reply.mitigations, reply.cautions) == (["This is no order."], ["Weigh sedation."])
    assert reply.refusals == reply.unused == read_reply(outcome).refusals == ["Bundle.entry[0]: a date"]


def test_an_answer_that_is_no_fhir_lists_nothing() -> None:
    assert read_reply(None) == read_reply([]) == FhirReply([], [], [], [], [])


def test_a_token_is_signed_for_one_address_and_five_minutes_with_the_published_key() -> None:
    key = EhrSigningKey.new("http://127.0.0.1:1")
    token = key.token("http://127.0.0.1:2/cds-services")
    (public,) = jwt.PyJWKSet.from_json(key.key_set()).keys
    read = jwt.decode(token.text, public, [ALGORITHM], audience="http://127.0.0.1:2/cds-services", issuer=key.issuer)
    assert read["exp"] - read["iat"] == 5 * 60
    assert jwt.get_unverified_header(token.text) == dict(token.header) | {"kid": public.key_id}
    assert read["jti"] != key.token("http://127.0.0.1:2/cds-services").claims["jti"]
    assert '"d"' not in key.key_set(), "the private part stays here"
