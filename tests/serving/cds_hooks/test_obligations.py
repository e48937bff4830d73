"""Every obligation (SHALL, MUST, REQUIRED) of CDS Hooks 2.0 that concerns a CDS Service, against a running one.

Sections are those of the specification [cds-hooks/docs at 462a38f]; each obligation is in our own words. What concerns
clients alone is left out.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from serving.contract.routes import CDS_SERVICES, ORDER_SIGN, PATIENT_VIEW, PATIENT_VIEW_FEEDBACK
from tests.serving.cds_hooks.calls import AMOXICILLIN, dose, order, pregnancy, searchset, with_part
from tests.serving.cds_hooks.ehr_client import EhrClient, hooks_server, in_course, ordering, today
from tests.serving.cds_hooks.feedbacks import FEEDBACK, accepted, overridden
from tests.serving.cds_hooks.rules import broken_in_answer
from tests.serving.http.ehrs import PUBLIC_URL, Ehr, elliptic
from tests.serving.http.test_ehr_tokens import unsigned
from tests.serving.requests import without

Document = dict[str, Any]
Check = Callable[[EhrClient], None]
OBLIGATIONS: dict[str, Check] = {}


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EhrClient]:
    with hooks_server(tmp_path_factory.mktemp("hooks")) as client:
        yield client


def obligation(section: str, text: str) -> Callable[[Check], Check]:
    """Registers the check of an obligation."""

    def register(check: Check) -> Check:
        OBLIGATIONS[f"{section}: {text}"] = check
        return check

    return register


def discovered(hooks: EhrClient) -> list[Document]:
    services: list[Document] = hooks.server.client.get(CDS_SERVICES).json()["services"]
    return services


def no_baseline() -> Document:
    """A call for a patient for whom no prediction is possible."""
    late = searchset({**in_course()["prefetch"]["observations"]["entry"][-1]["resource"]})
    return with_part(in_course(), late, "prefetch", "observations")


@obligation("Use of JSON", "bodies are sent and received as JSON")
def _json(hooks: EhrClient) -> None:
    assert hooks.call(in_course()).headers["content-type"] == "application/json"
    assert hooks.call(in_course(), **{"Content-Type": "text/plain"}).status_code == 415


@obligation("Use of JSON", "no element is null")
def _no_null(hooks: EhrClient) -> None:
    for body in (hooks.server.client.get(CDS_SERVICES), hooks.call(in_course()), hooks.call(no_baseline())):
        assert "null" not in re.sub(r'"([^"\\]|\\.)*"', '""', body.text)


@obligation("Use of JSON", "no element is empty, except where the specification says so")
def _no_empty(hooks: EhrClient) -> None:
    for call in (in_course(), ordering(), no_baseline()):
        assert not re.search(r'""|\[\]|\{\}', hooks.call(call).text)


@obligation("Use of JSON", "an optional element without a value is left out")
def _left_out(hooks: EhrClient) -> None:
    card = hooks.card(no_baseline())
    assert {"suggestions", "selectionBehavior", "links"}.isdisjoint(card)


@obligation("Discovery", "it is at {baseUrl}/cds-services")
def _discovery(hooks: EhrClient) -> None:
    assert hooks.server.client.get("/cds-services").status_code == 200


@obligation("Discovery", "its answer is an object with a list of services")
def _services(hooks: EhrClient) -> None:
    answer = hooks.server.client.get(CDS_SERVICES).json()
    assert list(answer) == ["services"]
    assert [service["id"] for service in answer["services"]] == ["kap-patient-view", "kap-order-sign"]


@obligation("Discovery", "each service has its hook, its description and its id, in the declared types")
def _attributes(hooks: EhrClient) -> None:
    for service in discovered(hooks):
        for name in ("hook", "description", "id", "title", "usageRequirements"):
            assert isinstance(service[name], str)
            assert service[name]
        assert all(isinstance(key, str) and isinstance(query, str) for key, query in service["prefetch"].items())


@obligation("Discovery", "the id is the last part of the service's address")
def _address(hooks: EhrClient) -> None:
    for service in discovered(hooks):
        document = in_course() if service["hook"] == "patient-view" else ordering()
        assert hooks.post(f"/cds-services/{service['id']}", document).status_code == 200
    assert hooks.post("/cds-services/another", in_course()).status_code == 404


@obligation("Calling a CDS Service", "it is called by POST with a JSON document")
def _by_post(hooks: EhrClient) -> None:
    assert hooks.server.client.get(PATIENT_VIEW).status_code == 405
    assert hooks.post(PATIENT_VIEW, in_course()).status_code == 200


@obligation("Calling a CDS Service", "the call has hook, hookInstance and context")
def _call_parts(hooks: EhrClient) -> None:
    for name in ("hookInstance", "context"):
        refused = hooks.call(without(in_course(), name))
        assert refused.status_code == 400
        assert [problem["path"] for problem in refused.json()["problems"]] == [name]
    refused = hooks.post(PATIENT_VIEW, without(in_course(), "hook"))
    assert [problem["path"] for problem in refused.json()["problems"]] == ["hook"]


@obligation("Calling a CDS Service", "the hook is that of the service")
def _own_hook(hooks: EhrClient) -> None:
    assert hooks.post(ORDER_SIGN, in_course()).status_code == 400
    assert hooks.post(PATIENT_VIEW, ordering()).status_code == 400


@obligation("Calling a CDS Service", "fhirServer is there with fhirAuthorization")
def _server_with_grant(hooks: EhrClient) -> None:
    refused = hooks.call(in_course(fhirAuthorization={"access_token": "x"}))
    assert [problem["path"] for problem in refused.json()["problems"]] == ["fhirServer"]


@obligation("patient-view", "the context has userId and patientId")
def _view_context(hooks: EhrClient) -> None:
    for name in ("userId", "patientId"):
        refused = hooks.call(without(in_course(), "context", name))
        assert [problem["path"] for problem in refused.json()["problems"]] == [f"context.{name}"]
    assert hooks.call(without(in_course(), "context", "encounterId")).status_code == 200


@obligation("order-sign", "the context has userId, patientId and draftOrders")
def _sign_context(hooks: EhrClient) -> None:
    for name in ("userId", "patientId", "draftOrders"):
        refused = hooks.call(without(ordering(), "context", name))
        assert [problem["path"] for problem in refused.json()["problems"]] == [f"context.{name}"]


@obligation("Prefetch Template", "a template is a FHIR read or a search of one type")
def _read_or_search(hooks: EhrClient) -> None:
    for service in discovered(hooks):
        for query in service["prefetch"].values():
            assert re.fullmatch(r"[A-Z][A-Za-z]+(/\{\{[^{}]+\}\}|\?[^{}]+=.+)", query)


@obligation("Prefetch tokens", "a token is in double braces and names a field of the context's first level")
def _tokens(hooks: EhrClient) -> None:
    tokens = {
        token
        for service in discovered(hooks)
        for query in service["prefetch"].values()
        for token in re.findall(r"\{\{(.*?)\}\}", query)
    }
    assert tokens == {"context.patientId"}
    assert all("{{" not in query or "}}" in query for one in discovered(hooks) for query in one["prefetch"].values())


@obligation("Prefetch query restrictions", "searches have references, tokens by equality, _count and _sort only")
def _plain_searches(hooks: EhrClient) -> None:
    for service in discovered(hooks):
        for query in service["prefetch"].values():
            parameters = parse_qs(urlsplit(query).query)
            assert set(parameters) <= {"patient", "code", "_count", "_sort"}


@obligation("Prefetch Template", "without what it needs, and without a FHIR server, the service answers 412")
def _412(hooks: EhrClient) -> None:
    refused = hooks.call(in_course(prefetch=None))
    assert (refused.status_code, refused.headers["content-type"]) == (412, "application/problem+json")
    assert {problem["path"] for problem in refused.json()["problems"]} >= {"prefetch.patient", "prefetch.observations"}
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "fatal", "code": "timeout"}]}
    assert hooks.call(with_part(in_course(), failed, "prefetch", "patient")).status_code == 412


@obligation("FHIR Resource Access", "an access token is transient: it is neither used, kept nor written")
def _no_trace_of_a_grant(hooks: EhrClient) -> None:
    grant = {"access_token": "XMARKERX", "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "y"}
    answer = hooks.call(in_course(fhirAuthorization=grant, fhirServer="https://127.0.0.1:9/XMARKERX"))
    assert answer.status_code == 200
    assert "XMARKERX" not in answer.text + hooks.server.written()
    for file in hooks.server.state.rglob("*"):
        assert file.is_dir() or b"XMARKERX" not in file.read_bytes()


@obligation("CDS Service Response", "a success is a 200 with a list of cards")
def _cards(hooks: EhrClient) -> None:
    for call in (in_course(), ordering()):
        answer = hooks.call(call)
        assert answer.status_code == 200
        assert len(answer.json()["cards"]) == 1


@obligation("HTTP Response", "without decision support the list of cards is empty")
def _no_cards(hooks: EhrClient) -> None:
    other = with_part(in_course(), searchset(dose(today(), AMOXICILLIN)), "prefetch", "administrations")
    for call in (other, ordering(order(AMOXICILLIN))):
        answer = hooks.call(call)
        assert (answer.status_code, answer.json()) == (200, {"cards": []})


@obligation("Card Attributes", "a card has summary, indicator and source with a label, and keeps every rule")
def _card(hooks: EhrClient) -> None:
    for call in (in_course(), ordering(), no_baseline()):
        assert broken_in_answer(hooks.call(call).json()) == []


@obligation("Card Attributes", "the summary is one sentence of fewer than 140 characters")
def _summary(hooks: EhrClient) -> None:
    for call in (in_course(), ordering(), no_baseline()):
        summary = hooks.card(call)["summary"]
        assert len(summary) < 140
        assert len(re.findall(r"\.(?!\d)", summary)) == 1, "a decimal ends no sentence"
        assert summary.endswith(".")


@obligation("Card Attributes", "the indicator is info, warning or critical")
def _indicator(hooks: EhrClient) -> None:
    assert hooks.card(in_course())["indicator"] == "info"


@obligation("Card Attributes", "the detail is GitHub's Markdown, without HTML")
def _markdown(hooks: EhrClient) -> None:
    detail = hooks.card(in_course())["detail"]
    assert detail.startswith("- **Remission:** ")
    assert not re.search(r"<\w", detail)


@obligation("Card Attributes", "the uuid is the card's own and is taken by the feedback endpoint")
def _uuid(hooks: EhrClient) -> None:
    first, second = (hooks.card(in_course())["uuid"] for _ in range(2))
    assert first != second
    assert hooks.feedback(overridden(first)).status_code == 200


@obligation("Card Attributes", "cautions have a card with a uuid of its own, which the feedback endpoint takes too")
def _two_cards(hooks: EhrClient) -> None:
    call = with_part(in_course(), searchset(pregnancy()), "prefetch", "conditions")
    answer = hooks.call(call).json()
    assert broken_in_answer(answer) == []
    assert [card["indicator"] for card in answer["cards"]] == ["warning", "info"]
    both = {"feedback": [overridden(card["uuid"])["feedback"][0] for card in answer["cards"]]}
    before = number_of(hooks, "feedback")
    assert hooks.feedback(both).json() == {"logged": 2}
    assert number_of(hooks, "feedback") == before + 2


@obligation("Source", "its addresses are absolute")
def _source(hooks: EhrClient) -> None:
    source = hooks.card(in_course())["source"]
    assert source["url"] == f"{PUBLIC_URL}/openapi.json"
    assert {"code", "system"} <= set(source["topic"])


@obligation(
    "Suggestion", "with suggestions there is a selectionBehavior; this service suggests nothing and acts on nothing"
)
def _no_suggestions(hooks: EhrClient) -> None:
    answer = hooks.call(in_course()).json()
    assert list(answer) == ["cards"]
    assert {"suggestions", "selectionBehavior"}.isdisjoint(answer["cards"][0])


@obligation("Reasons for rejecting a card", "every override reason has a text to show")
def _reasons(hooks: EhrClient) -> None:
    reasons = hooks.card(in_course())["overrideReasons"]
    assert len(reasons) > 2
    assert all(reason["display"] and reason["code"] and reason["system"] for reason in reasons)


@obligation("Link", "a link has label, url and type; an absolute one is used as it is and has no appContext")
def _link(hooks: EhrClient) -> None:
    (link,) = hooks.card(in_course())["links"]
    assert set(link) == {"label", "url", "type"}
    assert link["type"] == "absolute"
    assert link["url"].startswith(f"{PUBLIC_URL}/decide?launch=")
    assert "1288992" not in link["url"]
    opened = hooks.server.client.get(link["url"].removeprefix(PUBLIC_URL))
    assert (opened.status_code, opened.headers["content-type"]) == (200, "text/html; charset=utf-8")


@obligation("Feedback", "the request is an object with a list, each entry with card, outcome and outcomeTimestamp")
def _feedback(hooks: EhrClient) -> None:
    card = hooks.card(in_course())["uuid"]
    assert hooks.post(PATIENT_VIEW_FEEDBACK, []).status_code == 400
    for name in ("card", "outcome", "outcomeTimestamp"):
        one = {key: value for key, value in (FEEDBACK | {"card": card}).items() if key != name}
        refused = hooks.feedback({"feedback": [one]})
        assert refused.status_code == 400
        assert [problem["path"] for problem in refused.json()["problems"]] == [f"feedback[0].{name}"]


@obligation("Feedback", "accepted names the suggestions, overridden may have a reason, a comment, both or neither")
def _outcomes(hooks: EhrClient) -> None:
    card = hooks.card(in_course())["uuid"]
    forms = [accepted(card), overridden(card, comment=None), overridden(card, reason=None)]
    for form in [*forms, overridden(card), overridden(card, reason=None, comment=None)]:
        answer = hooks.feedback(form)
        assert (answer.status_code, answer.json()) == (200, {"logged": 1})
    assert hooks.feedback({"feedback": [FEEDBACK | {"card": card, "outcome": "accepted"}]}).status_code == 400


@obligation("Feedback", "it may come for several cards at once, and several times for one")
def _repeatedly(hooks: EhrClient) -> None:
    cards = [hooks.card(call)["uuid"] for call in (in_course(), in_course())]
    both = {"feedback": [overridden(card)["feedback"][0] for card in cards]}
    for _ in range(2):
        assert hooks.feedback(both).json() == {"logged": 2}
    later = overridden(cards[0], outcomeTimestamp="2026-11-20T11:00:00Z")
    assert hooks.feedback(later).json() == {"logged": 1}


@obligation("Security and Safety", "an EHR is told https addresses only")
def _https(hooks: EhrClient) -> None:
    assert all(url.startswith("https://") for url in re.findall(r"http\w*://[^\"\s)]+", hooks.call(in_course()).text))


@obligation("Trusting CDS Clients", "a call without a token is refused")
def _token(hooks: EhrClient) -> None:
    for path in (PATIENT_VIEW, ORDER_SIGN, PATIENT_VIEW_FEEDBACK):
        assert hooks.server.client.post(path, json=in_course()).status_code == 401


@obligation("Trusting CDS Clients", "the token is signed by the EHR's own key")
def _signed(hooks: EhrClient) -> None:
    other = Ehr(elliptic()).token(PATIENT_VIEW)
    assert hooks.call(in_course(), Authorization=f"Bearer {other}").status_code == 401


@obligation("Trusting CDS Clients", "the token has alg, kid and typ, and iss, aud, exp, iat and jti")
def _claims(hooks: EhrClient) -> None:
    for name in ("iss", "aud", "exp", "iat", "jti"):
        lacking = hooks.ehr.token(PATIENT_VIEW, **{name: None})
        assert hooks.call(in_course(), Authorization=f"Bearer {lacking}").status_code == 401
    for header in ({"kid": "another"}, {"typ": "another"}):
        wrong = hooks.ehr.token(PATIENT_VIEW, header)
        assert hooks.call(in_course(), Authorization=f"Bearer {wrong}").status_code == 401


@obligation("Trusting CDS Clients", "the audience is the address that is called, as a text or in a list")
def _audience(hooks: EhrClient) -> None:
    elsewhere = hooks.ehr.token(ORDER_SIGN)
    assert hooks.call(in_course(), Authorization=f"Bearer {elsewhere}").status_code == 401
    listed = hooks.ehr.token(PATIENT_VIEW, aud=[PUBLIC_URL + PATIENT_VIEW])
    assert hooks.call(in_course(), Authorization=f"Bearer {listed}").status_code == 200


@obligation("Trusting CDS Clients", "a token counts once")
def _once(hooks: EhrClient) -> None:
    bearer = f"Bearer {hooks.ehr.token(PATIENT_VIEW)}"
    assert [hooks.call(in_course(), Authorization=bearer).status_code for _ in range(2)] == [200, 401]


@obligation("Trusting CDS Clients", "an address of keys in a token is not followed")
def _no_jku(hooks: EhrClient) -> None:
    token = hooks.ehr.token(PATIENT_VIEW, {"jku": "https://127.0.0.1:9/keys"})
    assert hooks.call(in_course(), Authorization=f"Bearer {token}").status_code == 401


@obligation("JWT Signing Algorithm", "an unsigned token is refused")
def _none(hooks: EhrClient) -> None:
    token = unsigned(hooks.ehr.claims(PATIENT_VIEW), alg="none", typ="JWT", kid="key-1") + "."
    assert hooks.call(in_course(), Authorization=f"Bearer {token}").status_code == 401


@obligation("JWT Signing Algorithm", "a token with a shared key is refused")
def _symmetric(hooks: EhrClient) -> None:
    token = unsigned(hooks.ehr.claims(PATIENT_VIEW), alg="HS256", typ="JWT", kid="key-1") + ".c2ln"
    assert hooks.call(in_course(), Authorization=f"Bearer {token}").status_code == 401


@obligation("Cross-Origin Resource Sharing", "pages of configured EHRs may call, and those of others may not")
def _cors(hooks: EhrClient) -> None:
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    for path in (CDS_SERVICES, PATIENT_VIEW, PATIENT_VIEW_FEEDBACK, "/fhir/$predict"):
        own = hooks.server.client.options(path, headers={"Origin": "https://ehr.example"} | wanted)
        other = hooks.server.client.options(path, headers={"Origin": "https://attacker.example"} | wanted)
        assert (own.status_code, other.status_code) == (200, 400)
        assert own.headers["access-control-allow-origin"] == "https://ehr.example"
        assert "authorization" in own.headers["access-control-allow-headers"].lower()
        assert "access-control-allow-origin" not in other.headers
    answer = hooks.call(in_course(), Origin="https://ehr.example")
    assert answer.headers["access-control-allow-origin"] == "https://ehr.example"


@obligation("Extensions", "the element extension may stand anywhere and holds what an EHR likes")
def _extensions(hooks: EhrClient) -> None:
    call = in_course(extension={"com.example.timestamp": "2017-11-27T22:13:25Z"})
    call["context"]["extension"] = {"com.example": {"more": [1]}}
    assert hooks.call(call).status_code == 200
    card = hooks.card(in_course())["uuid"]
    assert hooks.feedback(overridden(card, extension={"com.example": 1})).status_code == 200


@pytest.mark.parametrize("name", OBLIGATIONS)
def test_the_obligation_is_met(hooks: EhrClient, name: str) -> None:
    OBLIGATIONS[name](hooks)


def test_who_asked_is_in_the_log_lines_and_nothing_of_the_patient_or_a_token(hooks: EhrClient) -> None:
    bearer = hooks.ehr.token(PATIENT_VIEW)
    hooks.call(in_course(), Authorization=f"Bearer {bearer}")
    written = hooks.server.written()
    assert "key=ehr:ward-3" in written
    for value in ("1288992", "Practitioner", *bearer.split("."), "1984-03-02"):
        assert value not in written


def test_an_ehr_gives_feedback_on_its_own_cards_only(hooks: EhrClient) -> None:
    unknown = hooks.feedback(overridden())
    assert unknown.status_code == 400
    assert [problem["path"] for problem in unknown.json()["problems"]] == ["feedback[0].card"]


def test_feedback_on_one_unknown_card_logs_nothing_of_the_others(hooks: EhrClient) -> None:
    card = hooks.card(in_course())["uuid"]
    mixed = {"feedback": [overridden(card)["feedback"][0], overridden()["feedback"][0]]}
    before = number_of(hooks, "feedback")
    assert hooks.feedback(mixed).status_code == 400
    assert number_of(hooks, "feedback") == before


def test_the_same_feedback_is_logged_once_and_its_words_are_encrypted(hooks: EhrClient) -> None:
    card = hooks.card(in_course())["uuid"]
    before = number_of(hooks, "feedback")
    for _ in range(3):
        assert hooks.feedback(overridden(card, comment="XMARKERX of the clinician")).json() == {"logged": 1}
    assert number_of(hooks, "feedback") == before + 1
    for file in hooks.server.state.rglob("*"):
        assert file.is_dir() or b"XMARKERX" not in file.read_bytes()
    assert "XMARKERX" not in hooks.server.written()


def test_a_repeated_call_with_its_key_gets_the_same_card(hooks: EhrClient) -> None:
    call = in_course()
    first, again = (hooks.call(call, **{"Idempotency-Key": "visit-1"}).json()["cards"][0]["uuid"] for _ in range(2))
    assert first == again


def test_a_record_that_the_contract_refuses_is_refused_at_the_resource(hooks: EhrClient) -> None:
    beyond = in_course()["prefetch"]["observations"]["entry"][0]["resource"] | {"valueInteger": 99}
    refused = hooks.call(with_part(in_course(), beyond, "prefetch", "observations", "entry", 0, "resource"))
    assert refused.status_code == 400
    assert [problem["path"] for problem in refused.json()["problems"]] == [
        "prefetch.observations.entry[0].resource.value"
    ]
    assert "99" not in refused.text


def test_a_card_says_what_was_not_sent_and_what_the_numbers_are_not(hooks: EhrClient) -> None:
    detail = hooks.card(without(in_course(), "prefetch", "conditions"))["detail"]
    assert "**Not sent by the record system:** conditions." in detail
    assert "predictions, not effects of treatment" in detail
    assert "synthetic (made-up) patients" in detail
    assert today().isoformat() in detail


def number_of(hooks: EhrClient, kind: str) -> int:
    with sqlite3.connect(hooks.server.state / "predictions.db") as log:
        (number,) = log.execute("SELECT count(*) FROM entries WHERE kind = ?", (kind,)).fetchone()
    return int(number)
