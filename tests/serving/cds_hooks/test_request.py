"""The call of a service: what must be there is there, in the form of the specification; more may be there."""

import json
from typing import Any

import pytest

from serving.cds_hooks.request import read_hook_call
from serving.cds_hooks.services import SERVICES, CdsService
from serving.contract.refusal import RequestRefusedError
from tests.serving.cds_hooks.calls import order_sign, patient_view, with_part
from tests.serving.markers import MARKER
from tests.serving.requests import without

VIEW, SIGN = SERVICES
Document = dict[str, Any]


def problems(call: Any, service: CdsService = VIEW) -> list[tuple[str, str]]:
    """The paths at which a call is refused, and what was found there."""
    body = call if isinstance(call, bytes) else json.dumps(call).encode()
    with pytest.raises(RequestRefusedError) as refused:
        read_hook_call(body, service)
    assert not any(MARKER in f"{one.path} {one.required} {one.found}" for one in refused.value.problems)
    return [(one.path, one.found) for one in refused.value.problems]


@pytest.mark.parametrize(("call", "service"), [(patient_view(), VIEW), (order_sign(), SIGN)])
def test_a_call_with_all_that_is_required_is_read(call: Document, service: CdsService) -> None:
    read = read_hook_call(json.dumps(call).encode(), service)
    assert (read.hook, read.context.patient_id) == (service.hook, "1288992")


@pytest.mark.parametrize(
    "path", [("hook",), ("hookInstance",), ("context",), ("context", "userId"), ("context", "patientId")]
)
def test_what_is_required_must_be_there(path: tuple[str, ...]) -> None:
    assert problems(without(patient_view(), *path)) == [(".".join(path), "nothing")]
    assert problems(with_part(patient_view(), None, *path)) == [(".".join(path), "nothing")]


def test_orders_must_be_there_to_be_signed() -> None:
    assert problems(without(order_sign(), "context", "draftOrders"), SIGN) == [("context.draftOrders", "nothing")]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (MARKER, ("hook",)),
        ("order-sign", ("hook",)),
        (MARKER, ("hookInstance",)),
        ("d1577c69dfbe44adba6d3e05e953b2ea", ("hookInstance",)),
        (7, ("hookInstance",)),
        (MARKER, ("fhirServer",)),
        ("ftp://ehr.example", ("fhirServer",)),
        (MARKER, ("fhirAuthorization",)),
        ([MARKER], ("context",)),
        (MARKER, ("context", "userId")),
        ("practitioner/1", ("context", "userId")),
        ("", ("context", "patientId")),
        (f"Patient/{MARKER}", ("context", "patientId")),
        ("x" * 65, ("context", "patientId")),
        (f"{MARKER}/", ("context", "encounterId")),
        ([MARKER], ("prefetch",)),
    ],
)
def test_what_is_there_must_have_its_form(value: Any, path: tuple[str, ...]) -> None:
    assert problems(with_part(patient_view(), value, *path)) == [(".".join(path), "another value")]


@pytest.mark.parametrize(
    "drafts", [[], {}, {"resourceType": "List"}, {"resourceType": "Bundle", "entry": {}}, MARKER, 7]
)
def test_orders_must_be_a_bundle(drafts: Any) -> None:
    assert problems(with_part(order_sign(), drafts, "context", "draftOrders"), SIGN) == [
        ("context.draftOrders", "another value")
    ]


def test_a_grant_of_access_needs_the_server_that_it_is_for() -> None:
    grant = {"access_token": MARKER, "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "y"}
    assert problems(patient_view(fhirAuthorization=grant)) == [("fhirServer", "nothing")]
    both = patient_view(fhirAuthorization=grant, fhirServer="https://ehr.example/fhir")
    read = read_hook_call(json.dumps(both).encode(), VIEW)
    assert MARKER not in repr(read).replace(repr(read.fhir_authorization), "")


def test_extensions_and_unknown_fields_are_allowed_everywhere() -> None:
    call = patient_view(extension={"com.example.timestamp": "2017-11-27T22:13:25Z"}, fieldOfTomorrow=[1])
    call["context"] |= {"extension": {"com.example": True}, "another": 1}
    assert read_hook_call(json.dumps(call).encode(), VIEW).hook == "patient-view"


def test_a_null_counts_as_absent() -> None:
    call = patient_view() | {"fhirServer": None, "fhirAuthorization": None}
    call["context"]["encounterId"] = None
    assert read_hook_call(json.dumps(call).encode(), VIEW).context.encounter_id is None


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "nothing"),
        (b"{", "malformed JSON at line 1 column 2"),
        (b"[]", "another type"),
        (b'"XMARKERX"', "a text"),
        (b'{"hook": 1, "hook": 2}', "a name that is there twice"),
        (b"\xff\xfe", "other bytes"),
        (b"[" * 100_000, "more"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "more"),
    ],
)
def test_a_body_that_is_no_call_is_refused_as_a_whole(body: bytes, found: str) -> None:
    assert problems(body) == [("", found)]
