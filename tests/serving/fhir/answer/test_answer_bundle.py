"""What an EHR gets: the numbers bit for bit, in percent, on dates, with their sources, and never an invented one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from features.protocol.document import Protocol
from models.bundle import Bundle
from serving.fhir.answer.elements import percent
from serving.fhir.answer.later_rows import later_parts
from serving.fhir.answer.questions import PredictedOutcome
from serving.fhir.answer.wording import sentence_on
from tests.serving.answers import drawn
from tests.serving.bundles import refitted, toy_bundle, with_applicability, without
from tests.serving.fhir.answer.records import (
    FIRST_DOSE,
    GIVEN_AT,
    UNKNOWN,
    Document,
    answered,
    digested,
    record_of,
    replies,
    sent,
)
from tests.serving.fhir.readers import resources_in
from tests.serving.requests import changed, example, read

EXAMPLE = read(example())


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return digested(refitted(with_applicability(toy_bundle())))


def numbers(document: bytes) -> Iterator[Decimal]:
    """Every probability of an answer, in its order: numbers, then both ends of ranges; digits as they were sent."""
    for risk in resources_in(json.loads(document, parse_float=Decimal, parse_int=Decimal), "RiskAssessment"):
        for prediction in risk["prediction"]:
            if "probabilityDecimal" in prediction:
                yield prediction["probabilityDecimal"]
            else:
                yield from (prediction["probabilityRange"][end]["value"] for end in ("low", "high"))


def expected(answer: Document) -> Iterator[float]:
    """The same of the answer in JSON, from 0 to 1."""
    entries = [answer["remission"], *answer["relapse"]["at_horizons"], *answer["sustained_remission"]]
    for entry in entries:
        yield entry["probability"]
        yield from (entry["interval_90"][end] for end in ("low", "high"))


def test_the_numbers_are_those_of_the_plain_answer_bit_for_bit(bundle: Bundle) -> None:
    compared = 0
    requests = drawn(11, 300)
    for request, reply in zip(requests, replies(bundle, requests), strict=True):
        if reply.answer["outcome"] == "predicted":
            found = [float(number.scaleb(-2)) for number in numbers(sent(bundle, reply.answer, record_of(request)))]
            assert found == list(expected(reply.answer))
            compared += len(found)
    assert compared > 1_000


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(0.0, "0"), (1.0, "100"), (0.5, "50"), (0.0712, "7.12"), (1e-07, "0.00001"), (0.1 + 0.2, "30.000000000000004")],
)
def test_percent_moves_the_point_and_keeps_the_digits(probability: float, shown: str) -> None:
    assert f"{percent(probability):f}" == shown
    assert float(Decimal(shown).scaleb(-2)) == probability


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(0.0004, "under 0.1%"), (0.0005, "0.1%"), (0.2634, "26.3%"), (0.9994, "99.9%"), (0.9996, "over 99.9%")],
)
def test_the_sentence_rounds_to_one_decimal_and_never_says_0_or_100(probability: float, shown: str) -> None:
    outcome = PredictedOutcome({"text": "Relapse"}, {}, probability, {"low": probability, "high": probability})
    assert sentence_on(outcome) == f"Relapse: {shown} (90% interval {shown} to {shown})"


def test_there_is_one_risk_assessment_for_each_question_with_its_horizons(bundle: Bundle) -> None:
    found = answered(bundle, EXAMPLE)
    risks = list(resources_in(found, "RiskAssessment"))
    assert [len(risk["prediction"]) for risk in risks] == [2, 4, 4]
    remission, relapse, sustained = risks
    assert "whenRange" not in remission["prediction"][0]
    assert [one["whenRange"]["high"]["value"] for one in relapse["prediction"]] == [84, 84, 182, 182]
    assert all("days count from remission" in one["outcome"]["text"] for one in relapse["prediction"])
    assert [one["outcome"]["coding"][0]["code"] for one in (remission["prediction"][0], relapse["prediction"][0])] == [
        "remission",
        "relapse",
    ]
    assert all("coding" not in one["outcome"] for one in sustained["prediction"])
    for risk in risks:
        assert [("probabilityDecimal" in one, "probabilityRange" in one) for one in risk["prediction"]] == [
            (True, False),
            (False, True),
        ] * (len(risk["prediction"]) // 2)
        assert "no order" in risk["mitigation"]
        assert "not effects of a treatment" in risk["mitigation"]
        assert risk["note"][0]["text"].startswith("SYNTHETIC MODEL")
        assert risk["status"] == "final"
        assert risk["subject"]["reference"] == "Patient/42"
        assert risk["basis"][0]["reference"] == "Patient/42"


def test_it_speaks_in_the_dates_of_the_clinic(bundle: Bundle) -> None:
    """The landmark is on day 14; day 0 is 1 October."""
    found = answered(bundle, EXAMPLE)
    assert {risk["occurrenceDateTime"] for risk in resources_in(found, "RiskAssessment")} == {"2026-10-15"}
    assert found["timestamp"] == "2026-11-02T09:30:00.125+00:00"


def test_a_window_of_remission_from_the_first_dose_on_has_dates() -> None:
    rule = replace(Protocol().remission, anchor="index", window_days=(28, 56))
    model = digested(toy_bundle(replace(Protocol(), remission=rule)))
    risk = next(resources_in(answered(model, EXAMPLE), "RiskAssessment"))
    assert risk["prediction"][0]["whenPeriod"] == {"start": "2026-10-29", "end": "2026-11-26"}


def test_a_day_that_the_calendar_does_not_have_is_left_out(bundle: Bundle) -> None:
    found = answered(bundle, EXAMPLE, first_dose=FIRST_DOSE.replace(year=9999, month=12, day=31))
    assert all("occurrenceDateTime" not in risk for risk in resources_in(found, "RiskAssessment"))


def test_the_condition_is_named_if_there_is_one(bundle: Bundle) -> None:
    assert "condition" not in next(resources_in(answered(bundle, EXAMPLE), "RiskAssessment"))
    risk = next(resources_in(answered(bundle, EXAMPLE, condition="Condition/7"), "RiskAssessment"))
    assert risk["condition"] == {"reference": "Condition/7"}


def test_the_provenance_names_what_was_made_from_what_by_which_model(bundle: Bundle) -> None:
    found = answered(bundle, read(changed(("patient", "ketamine_allergy"), True)))
    urls = {entry["fullUrl"]: entry["resource"] for entry in found["entry"]}
    (provenance,) = resources_in(found, "Provenance")
    targets = [urls[target["reference"]]["resourceType"] for target in provenance["target"]]
    assert targets == ["RiskAssessment"] * 3 + ["DetectedIssue"]
    device = urls[provenance["agent"][0]["who"]["reference"]]
    assert device["identifier"][0]["value"] == bundle.digest
    assert device["version"][0]["value"] == "3"
    assert [entity["what"]["reference"] for entity in provenance["entity"]][:2] == ["Patient/42", "Observation/1"]


@pytest.mark.parametrize(
    ("column", "severity"), [("ketamine_allergy", "high"), ("suicidal_intent", "high"), ("mania_history", None)]
)
def test_a_caution_is_a_detected_issue_whether_or_not_there_is_a_prediction(
    bundle: Bundle, column: str, severity: str | None
) -> None:
    with_caution = changed(("patient", column), True)
    for request in (with_caution, {**with_caution, "assessments": []}):
        (issue,) = resources_in(answered(bundle, read(request)), "DetectedIssue")
        assert issue["code"]["text"] == column
        assert issue.get("severity") == severity
        assert "weigh" in issue["detail"]
        assert "[" not in issue["detail"], "a source has its tags in words"


def test_without_a_prediction_no_risk_is_invented_and_the_reason_is_said(bundle: Bundle) -> None:
    found = answered(bundle, read(example(assessments=[])))
    assert list(resources_in(found, "RiskAssessment")) == []
    (outcome,) = resources_in(found, "OperationOutcome")
    (issue,) = outcome["issue"]
    assert (issue["severity"], issue["code"], issue["diagnostics"]) == ("warning", "business-rule", "no_baseline")
    assert "What to do: record a rating on or before day 0" in issue["details"]["text"]
    (provenance,) = resources_in(found, "Provenance")
    assert provenance["target"] == [{"reference": found["entry"][0]["fullUrl"]}]


def test_a_horizon_that_is_not_known_gives_no_prediction_but_a_sentence() -> None:
    far = digested(toy_bundle(replace(Protocol(), horizons_days=(28, 730))))
    remission, relapse, _ = resources_in(answered(far, EXAMPLE), "RiskAssessment")
    assert [one["whenRange"]["high"]["value"] for one in relapse["prediction"]] == [28]
    assert any("within 730 days is not known" in note["text"] for note in relapse["note"])
    assert not any("not known" in note["text"] for note in remission["note"])
    farther = digested(toy_bundle(replace(Protocol(), horizons_days=(700, 730))))
    found = answered(farther, EXAMPLE)
    assert len(list(resources_in(found, "RiskAssessment"))) == 1
    said = [one["issue"][0]["details"]["text"] for one in resources_in(found, "OperationOutcome")]
    assert said[0] == "Risk of relapse, for a patient in remission: not known within 700 days or 730 days."


def test_a_question_without_a_head_is_not_answered() -> None:
    only = digested(without(toy_bundle(), "relapse"))
    (risk,) = resources_in(answered(only, EXAMPLE), "RiskAssessment")
    assert risk["code"]["text"] == "Probability of remission after ketamine-assisted psychotherapy"


def test_a_model_of_another_study_is_not_said_to_be_about_ketamine() -> None:
    other = digested(without(toy_bundle(replace(Protocol(), name="anxiety-course")), "relapse"))
    (risk,) = resources_in(answered(other, EXAMPLE), "RiskAssessment")
    assert risk["code"]["text"] == "Probability of remission after the treatment of this study"


def test_what_was_not_used_is_said_with_its_place_and_why(bundle: Bundle) -> None:
    """The landmark is before session 3 on day 14; the rating on day 20 and the event on day 14 come after it."""
    later = example(
        as_of_day=21,
        sessions=[*example()["sessions"], {"session_number": 3, "day": 14, "kind": "dosing"}],
        assessments=[{"day": 20, "instrument": "gad7", "score": 4}, *example()["assessments"]],
        events=[{"day": 14, "event": "medication_increase"}, {"day": 3, "event": "medication_increase"}],
    )
    found = answered(bundle, read(later), unused=(UNKNOWN,))
    (outcome,) = resources_in(found, "OperationOutcome")
    listed = {issue["expression"][0]: issue["details"]["text"] for issue in outcome["issue"]}
    assert {issue["severity"] for issue in outcome["issue"]} == {"information"}
    record = record_of(read(later))
    places = [record.sources[place] for place in ("sessions[2]", "assessments[0]", "events[0]")]
    assert list(listed) == [UNKNOWN.expression, *places]
    assert listed[UNKNOWN.expression] == UNKNOWN.why
    used = [one for one, place in record.basis.items() if place not in places]
    for risk in resources_in(found, "RiskAssessment"):
        assert [one["reference"] for one in risk["basis"]] == used
    (provenance,) = resources_in(found, "Provenance")
    assert [one["what"]["reference"] for one in provenance["entity"]] == used


def test_a_resource_of_which_a_part_was_used_is_not_said_to_be_unused(bundle: Bundle) -> None:
    """One resource gave the rating of day 20, which is after the landmark, and an element of it the diagnosis."""
    later = example(
        as_of_day=21,
        sessions=[*example()["sessions"], {"session_number": 3, "day": 14, "kind": "dosing"}],
        assessments=[*example()["assessments"], {"day": 20, "instrument": "gad7", "score": 4}],
    )
    record = record_of(read(later))
    place = record.sources[f"assessments[{len(later['assessments']) - 1}]"]
    both = replace(record, sources={**record.sources, "patient.diagnosis": f"{place}.item"})
    (reply,) = replies(bundle, [read(later)])
    for one, is_said in ((record, True), (both, False)):
        assert (place in {part.expression for part in later_parts(reply.answer, one)}) is is_said


def test_nothing_is_said_of_what_was_not_used_where_all_was_used(bundle: Bundle) -> None:
    assert list(resources_in(answered(bundle, EXAMPLE), "OperationOutcome")) == []


def test_the_same_answer_gives_the_same_bytes_and_another_one_other_names(bundle: Bundle) -> None:
    first, second = replies(bundle, [EXAMPLE, EXAMPLE])
    record = record_of(EXAMPLE)
    assert sent(bundle, first.answer, record) == sent(bundle, first.answer, record)
    urls = [
        {entry["fullUrl"] for entry in json.loads(sent(bundle, one.answer, record))["entry"]} for one in (first, second)
    ]
    assert not urls[0] & urls[1]


def test_another_model_than_the_described_one_gets_no_words_of_its_protocol(bundle: Bundle) -> None:
    """A repeated request may get the logged answer of the model before."""
    (reply,) = replies(bundle, [EXAMPLE])
    other = digested(toy_bundle(replace(Protocol(), acute_max_days=60)))
    found = json.loads(sent(other, reply.answer, record_of(EXAMPLE), transparency=True))
    risk = next(resources_in(found, "RiskAssessment"))
    assert risk["prediction"][0]["outcome"]["text"] == "Remission, by the study's rule"
    assert list(resources_in(found, "DocumentReference")) == []
    assert GIVEN_AT.isoformat(timespec="milliseconds") == found["timestamp"]
