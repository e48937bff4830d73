"""What an EHR fetched suffices or is asked for by its keys, and a call that is not about ketamine has no card."""

import datetime as dt
import json
from typing import Any

import pytest

from features.protocol.document import Protocol
from serving.cds_hooks.consultation import Consultation, ConsultationReader
from serving.cds_hooks.prefetch import PrefetchMissingError
from serving.cds_hooks.services import SERVICES
from serving.contract.refusal import RequestRefusedError
from serving.fhir.treatment.course import COURSE_GAP_DAYS
from serving.terminology.codes import load_terminology
from tests.serving.cds_hooks.calls import (
    AMOXICILLIN,
    LOINC,
    RXNORM,
    SUBJECT,
    TODAY,
    concept,
    dose,
    order,
    order_sign,
    patient_view,
    prefetch,
    searchset,
    with_part,
)
from tests.serving.requests import without

Document = dict[str, Any]
VIEW, SIGN = SERVICES
READER = ConsultationReader(lambda _: TODAY, None, Protocol(), load_terminology())
OUTCOME: Document = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
REMARK: Document = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "informational"}]}


def consulted(call: Document) -> Consultation | None:
    return READER.read(json.dumps(call).encode(), VIEW if call["hook"] == "patient-view" else SIGN)


def missing(call: Document) -> list[tuple[str, str]]:
    """The prefetch keys that are asked for, and what was found."""
    with pytest.raises(PrefetchMissingError) as refused:
        consulted(call)
    return [(problem.path, problem.found) for problem in refused.value.problems]


def refused_at(call: Document) -> list[str]:
    with pytest.raises(RequestRefusedError) as refused:
        consulted(call)
    return [problem.path for problem in refused.value.problems]


def test_a_course_is_read_from_the_prefetch_with_its_days() -> None:
    found = consulted(patient_view())
    assert found is not None
    assert found.prefetched.lacking == ()
    request = json.loads(found.record.request.model_dump_json(exclude_none=True))
    assert [row["day"] for row in request["sessions"]] == [0, 7]
    assert request["as_of_day"] == 7
    assert found.record.calendar.first_dose == TODAY - dt.timedelta(days=7)


NEXT_PAGE = searchset() | {"link": [{"relation": "self", "url": "a"}, {"relation": "next", "url": "b"}]}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "nothing"),
        (OUTCOME, "an OperationOutcome"),
        (searchset(OUTCOME), "an OperationOutcome"),
        (NEXT_PAGE, "a Bundle with a next page"),
    ],
)
def test_what_is_needed_is_asked_for_by_its_key(value: Any, found: str) -> None:
    assert missing(with_part(patient_view(), value, "prefetch", "patient")) == [("prefetch.patient", found)]
    ratings = with_part(patient_view(), None, "prefetch", "questionnaireResponses")
    assert missing(with_part(ratings, value, "prefetch", "observations")) == [
        ("prefetch.observations", found),
        ("prefetch.questionnaireResponses", "nothing"),
    ]


def test_without_a_prefetch_all_that_is_needed_is_asked_for() -> None:
    keys = ["prefetch.patient", "prefetch.observations", "prefetch.questionnaireResponses"]
    for call in (patient_view(prefetch=None), order_sign(prefetch=None), order_sign(prefetch={})):
        assert [path for path, _ in missing(call)] == keys


def test_one_kind_of_rating_suffices() -> None:
    for key in ("observations", "questionnaireResponses"):
        assert consulted(without(patient_view(), "prefetch", key)) is not None


@pytest.mark.parametrize("key", ["conditions", "allergies", "medicationStatements", "medicationRequests", "procedures"])
@pytest.mark.parametrize("value", [None, OUTCOME, NEXT_PAGE])
def test_what_else_is_missing_is_said_and_no_reason_to_refuse(key: str, value: Any) -> None:
    found = consulted(with_part(patient_view(), value, "prefetch", key))
    assert found is not None
    assert found.prefetched.lacking == (key,)


def test_a_remark_of_the_fhir_server_is_no_failure() -> None:
    call = with_part(patient_view(), searchset(REMARK), "prefetch", "conditions")
    found = consulted(call)
    assert found is not None
    assert found.prefetched.lacking == ()


def test_keys_that_were_not_asked_for_are_not_read() -> None:
    assert consulted(with_part(patient_view(), "123", "prefetch", "user")) is not None


@pytest.mark.parametrize("value", ["123", 7, [], True])
def test_a_value_that_is_no_resource_is_refused_at_its_key(value: Any) -> None:
    assert refused_at(with_part(patient_view(), value, "prefetch", "conditions")) == ["prefetch.conditions"]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"resourceType": "Patient", "id": "another"}, "prefetch.patient.id"),
        ({"resourceType": "Patient"}, "prefetch.patient.id"),
        ({"resourceType": "Person", "id": "1288992"}, "prefetch.patient"),
    ],
)
def test_the_record_is_of_the_patient_whose_chart_is_open(value: Document, path: str) -> None:
    assert refused_at(with_part(patient_view(), value, "prefetch", "patient")) == [path]


def test_resources_of_another_patient_are_refused_at_their_place() -> None:
    other = dose(TODAY) | {"id": "other", "subject": {"reference": "Patient/another"}}
    call = with_part(patient_view(), searchset(dose(TODAY), other), "prefetch", "administrations")
    assert [path.partition(".subject")[0] for path in refused_at(call)] == [
        "prefetch.administrations.entry[1].resource"
    ]


def test_a_broken_resource_is_refused_at_its_place() -> None:
    call = with_part(patient_view(), 7, "prefetch", "administrations", "entry", 1, "resource", "effectiveDateTime")
    assert refused_at(call) == ["prefetch.administrations.entry[1].resource.effective"]


QUIET = {
    "no administration": patient_view(prefetch=prefetch(doses=0)),
    "administrations not sent": without(patient_view(), "prefetch", "administrations"),
    "another drug": with_part(patient_view(), searchset(dose(TODAY, AMOXICILLIN)), "prefetch", "administrations"),
    "a dose that was not given": with_part(
        patient_view(), searchset(dose(TODAY) | {"status": "not-done"}), "prefetch", "administrations"
    ),
    "another order": order_sign(TODAY, order(AMOXICILLIN)),
    "an order not to give ketamine": order_sign(TODAY, order(doNotPerform=True)),
    "no order but a statement": order_sign(TODAY, order(resourceType="MedicationStatement")),
    "no order": with_part(order_sign(), {"resourceType": "Bundle"}, "context", "draftOrders"),
    "an order in words only": order_sign(TODAY, order(medicationCodeableConcept={"text": "Ketamine 50 mg/mL"})),
    "an order of another patient for another drug": order_sign(
        TODAY, order(AMOXICILLIN, subject={"reference": "Patient/another"})
    ),
    "another order, and no prefetch": order_sign(TODAY, order(AMOXICILLIN), prefetch=None),
}


@pytest.mark.parametrize("name", QUIET)
def test_a_call_that_is_not_about_ketamine_is_quiet(name: str) -> None:
    assert consulted(QUIET[name]) is None


def test_a_medication_may_be_referenced_from_an_administration() -> None:
    referring = {name: value for name, value in dose(TODAY).items() if name != "medicationCodeableConcept"}
    referring["medicationReference"] = {"reference": "Medication/m"}
    call = with_part(patient_view(), searchset(referring), "prefetch", "administrations")
    assert consulted(call) is None, "without the Medication nothing says that it is ketamine"
    assert consulted(with_part(call, searchset(MEDICATION), "prefetch", "medicationRequests")) is not None
    assert consulted(with_part(call, searchset(referring, MEDICATION), "prefetch", "administrations")) is not None


MEDICATION: Document = {"resourceType": "Medication", "id": "m", "code": concept(RXNORM, "6130")}
REFERENCED = order(medicationCodeableConcept=None, medicationReference={"reference": "Medication/m"})
CONTAINED = order(medicationCodeableConcept=None, medicationReference={"reference": "#m"}, contained=[MEDICATION])
ORDERS = {
    "a code": (order(),),
    "among others": (order(AMOXICILLIN, id="order-2"), order()),
    "a medication in the bundle": (REFERENCED, MEDICATION),
    "a contained medication": (CONTAINED,),
    "a medication with ingredients": (
        REFERENCED,
        {"resourceType": "Medication", "id": "m", "ingredient": [{"itemCodeableConcept": concept(RXNORM, "6130")}]},
    ),
    "a second code": (
        order(
            medicationCodeableConcept={"coding": [{"system": LOINC, "code": "x"}, {"system": RXNORM, "code": "6130"}]}
        ),
    ),
    "without a subject": (order(subject=None),),
    "a version of the patient": (order(subject={"reference": f"{SUBJECT['reference']}/_history/2"}),),
    "an absolute subject": (order(subject={"reference": f"https://ehr.example/fhir/{SUBJECT['reference']}"}),),
}


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_of_ketamine_is_found(name: str) -> None:
    found = consulted(order_sign(TODAY, *ORDERS[name]))
    assert found is not None
    assert found.record.calendar.first_dose == TODAY


def test_an_order_of_ketamine_for_another_patient_is_refused() -> None:
    call = order_sign(TODAY, order(subject={"reference": "Patient/another"}))
    assert refused_at(call) == ["context.draftOrders.entry[0].resource.subject.reference"]


@pytest.mark.parametrize(
    ("written", "first_dose"),
    [
        (None, TODAY),
        (TODAY.isoformat(), TODAY),
        ((TODAY - dt.timedelta(days=1)).isoformat(), TODAY),
        ((TODAY + dt.timedelta(days=3)).isoformat(), TODAY + dt.timedelta(days=3)),
        (f"{TODAY.isoformat()}T23:30:00+01:00", TODAY),
    ],
)
def test_before_the_first_dose_day_0_is_planned(written: str | None, first_dose: dt.date) -> None:
    found = consulted(order_sign(TODAY, order(authoredOn=written)))
    assert found is not None
    assert found.record.calendar.first_dose == first_dose


@pytest.mark.parametrize("written", ["2026", "tomorrow", 7, "2026-11-20T10:00:00Z"])
def test_an_order_whose_date_has_no_day_is_refused_at_it(written: Any) -> None:
    assert refused_at(order_sign(TODAY, order(authoredOn=written))) == [
        "context.draftOrders.entry[0].resource.authoredOn"
    ]


@pytest.mark.parametrize(
    ("ago", "new"), [(COURSE_GAP_DAYS - 1, False), (COURSE_GAP_DAYS, False), (COURSE_GAP_DAYS + 1, True)]
)
def test_an_order_long_after_the_last_dose_begins_a_course(ago: int, new: bool) -> None:
    last = TODAY - dt.timedelta(days=ago)
    call = with_part(order_sign(), searchset(dose(last)), "prefetch", "administrations")
    found = consulted(call)
    assert found is not None
    assert found.record.calendar.first_dose == (TODAY if new else last)


def test_of_two_courses_the_later_one_is_meant() -> None:
    first, second = TODAY - dt.timedelta(days=400), TODAY - dt.timedelta(days=3)
    call = with_part(patient_view(), searchset(dose(second), dose(first)), "prefetch", "administrations")
    found = consulted(call)
    assert found is not None
    assert found.record.calendar.first_dose == second


@pytest.mark.parametrize(
    ("ago", "over"), [(COURSE_GAP_DAYS - 1, False), (COURSE_GAP_DAYS, False), (COURSE_GAP_DAYS + 1, True)]
)
def test_a_course_is_over_when_another_dose_would_begin_a_new_one(ago: int, over: bool) -> None:
    last = TODAY - dt.timedelta(days=ago)
    consultation = consulted(with_part(patient_view(), searchset(dose(last)), "prefetch", "administrations"))
    assert consultation is not None
    assert consultation.is_over == over
