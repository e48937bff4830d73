"""The call of a CDS service by CDS Hooks 2.0: what it must have, read strictly; what is not read may be there.

The prefetched resources stay as they are: `prefetch` says whether they suffice. ``fhirServer`` and
``fhirAuthorization`` are checked and never used.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from serving.cds_hooks.services import CdsService
from serving.contract.refusal import RequestProblem, RequestRefusedError, json_path, kind_of
from serving.fhir.parts import FhirRefusedError
from serving.fhir.structure.json_text import plain_json

UUID_PATTERN = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_ID = r"[A-Za-z0-9.\-]{1,64}"
"""An id of FHIR R4."""
Resource: TypeAlias = Mapping[str, Any]
Uuid = Annotated[str, Field(pattern=UUID_PATTERN)]
Text = Annotated[str, Field(min_length=1)]
_REQUIRED = {
    "hook": "the hook of this service",
    "hookInstance": "a UUID",
    "fhirServer": "an http or https address; it must be there with fhirAuthorization",
    "fhirAuthorization": "an object",
    "context": "an object",
    "userId": "the user, such as Practitioner/42",
    "patientId": "the FHIR id of a patient",
    "encounterId": "the FHIR id of an encounter",
    "draftOrders": "a Bundle of the orders to be signed",
    "prefetch": "an object with FHIR resources by prefetch key",
    "feedback": "a list of at most 100 objects",
    "card": "the uuid of a card that was sent",
    "outcome": "accepted or overridden",
    "acceptedSuggestions": "a list of objects with the id of a suggestion, which an accepted card must have",
    "id": "the uuid of a suggestion",
    "overrideReason": "an object with a reason, a userComment, or both",
    "reason": "a Coding",
    "code": "a text of 1 to 200 characters",
    "system": "a text of 1 to 200 characters",
    "display": "a text of 1 to 200 characters",
    "userComment": "a text of 1 to 10000 characters",
    "outcomeTimestamp": "a date and time with a time zone by RFC 3339",
}


class HookPart(BaseModel):
    """A part of what an EHR sends; fields that are not declared, such as ``extension``, are left out."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, strict=True, hide_input_in_errors=True, alias_generator=to_camel
    )


class PatientViewContext(HookPart):
    """Whose record was opened, and by whom."""

    user_id: Annotated[str, Field(pattern=rf"^[A-Z][A-Za-z]{{1,63}}/{_ID}$", description=_REQUIRED["userId"])]
    patient_id: Annotated[str, Field(pattern=f"^{_ID}$", description=_REQUIRED["patientId"])]
    encounter_id: Annotated[str | None, Field(pattern=f"^{_ID}$", description=_REQUIRED["encounterId"])] = None


class OrderSignContext(PatientViewContext):
    """For whom orders are about to be signed, and the orders."""

    draft_orders: Annotated[dict[str, Any], Field(description=_REQUIRED["draftOrders"])]

    @model_validator(mode="after")
    def _is_a_bundle(self) -> "OrderSignContext":
        entries = self.draft_orders.get("entry", [])
        if self.draft_orders.get("resourceType") != "Bundle" or not isinstance(entries, list):
            raise PydanticCustomError("draft_orders", "another object")
        return self


class HookCall(HookPart):
    """What both services are sent."""

    hook: str
    hook_instance: Annotated[Uuid, Field(description="the id of this call")]
    fhir_server: Annotated[str | None, Field(pattern=r"^https?://\S+$", description="not used")] = None
    fhir_authorization: Annotated[dict[str, Any] | None, Field(description="not used")] = None
    context: PatientViewContext
    prefetch: Annotated[dict[str, Any] | None, Field(description=_REQUIRED["prefetch"])] = None

    @model_validator(mode="after")
    def _has_a_server(self) -> "HookCall":
        if self.fhir_authorization is not None and self.fhir_server is None:
            raise PydanticCustomError("fhir_server", "nothing")
        return self

    @property
    def orders(self) -> Mapping[str, Any]:
        """The Bundle of draft orders; empty where the hook has none."""
        return {}


class PatientViewCall(HookCall):
    """The call of a service for ``patient-view``."""

    hook: Literal["patient-view"]


class OrderSignCall(HookCall):
    """The call of a service for ``order-sign``."""

    hook: Literal["order-sign"]
    context: OrderSignContext

    @property
    def orders(self) -> Mapping[str, Any]:
        """The Bundle of draft orders."""
        return self.context.draft_orders


CALLS: dict[str, type[HookCall]] = {"patient-view": PatientViewCall, "order-sign": OrderSignCall}
Part = TypeVar("Part", bound=HookPart)


def read_hook_call(body: bytes, service: CdsService) -> HookCall:
    """The call of a service in a JSON text; raises ``RequestRefusedError``."""
    return read_part(body, CALLS[service.hook])


def read_part(body: bytes, type_: type[Part]) -> Part:
    """What an EHR sent, of a type above or of `feedback`; raises ``RequestRefusedError`` with the paths."""
    try:
        document = plain_json(body)
    except FhirRefusedError as refused:
        listed = [RequestProblem("", issue.required, issue.found) for issue in refused.issues]
        raise RequestRefusedError(listed) from None
    if not isinstance(document, dict):
        raise RequestRefusedError([RequestProblem("", "a JSON object", kind_of(document))])
    try:
        return type_.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestRefusedError([_problem(detail) for detail in details]) from None


_AT = {"fhir_server": ("fhirServer",), "draft_orders": ("draftOrders",), "accepted": ("acceptedSuggestions",)}
"""Fields that a rule about several is reported at, by the type of the error."""
_FOUND = {"missing": "nothing", "fhir_server": "nothing", "accepted": "nothing", "empty_reason": "neither"}


def _problem(detail: Any) -> RequestProblem:
    """One of pydantic's errors by the path in the JSON, whose names are all declared."""
    path = (*detail["loc"], *_AT.get(detail["type"], ()))
    known = [part if isinstance(part, int) or part in _REQUIRED else "?" for part in path]
    named = next((part for part in reversed(known) if isinstance(part, str)), "")
    return RequestProblem(
        json_path(known), _REQUIRED.get(named, "an object"), _FOUND.get(detail["type"], "another value")
    )
