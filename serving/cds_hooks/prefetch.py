"""Whether what an EHR fetched beforehand suffices, and whether the call is about ketamine at all.

What the resources say is left to `serving.fhir.reading`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from serving.cds_hooks.request import HookCall
from serving.cds_hooks.services import ADMINISTRATIONS, PATIENT, RATINGS
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.fhir.parts import LocatedResource
from serving.fhir.structure.references import ResourceIndex
from serving.terminology.codes import Terminology

MISSING = (
    "The prefetch lacks what a prediction needs, and this service does not call the FHIR server. Send the prefetch "
    "keys listed in problems."
)
Lack: TypeAlias = Literal["nothing", "an OperationOutcome", "a Bundle with a next page"]
_REMARKS = ("warning", "information")
"""Severities of an OperationOutcome beside a result that is whole (FHIR R4, issue-severity)."""


class PrefetchMissingError(Exception):
    """The prefetch lacks what a prediction needs; ``problems`` has the keys."""

    def __init__(self, problems: Sequence[RequestProblem]) -> None:
        """Keep the problems; the message has their number only."""
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} prefetch keys")


@dataclass(frozen=True)
class PrefetchContent:
    """The values of the prefetch keys that can be read, and the keys of which the EHR sent nothing or not all."""

    located: tuple[LocatedResource, ...]
    lacking: tuple[str, ...]

    def resources(self, *keys: str) -> list[LocatedResource]:
        """The resources of some keys, or of all without one; those in a Bundle one by one."""
        places = {f"prefetch.{key}" for key in keys}
        named = [one for one in self.located if not keys or one.expression in places]
        return [resource for one in named for resource in _resources(one)]


def prefetched(call: HookCall, keys: Sequence[str]) -> PrefetchContent:
    """The declared keys of a call; others are not read.

    Raises ``PrefetchMissingError`` where the patient or every kind of rating is missing, ``RequestRefusedError`` for a
    value that is no resource, or another patient's.
    """
    sent = call.prefetch or {}
    lacks = {key: lack for key in keys if (lack := _lack(sent.get(key))) is not None}
    needed = [PATIENT] if PATIENT in lacks else []
    if all(key in lacks for key in RATINGS):
        needed += RATINGS
    if needed:
        raise PrefetchMissingError(missing(needed, lacks))
    found = {key: sent[key] for key in keys if key not in lacks}
    wrong = [
        RequestProblem(f"prefetch.{key}", "a FHIR resource or a Bundle of them", "another value")
        for key, value in found.items()
        if not isinstance(value, Mapping)
    ]
    if wrong:
        raise RequestRefusedError(wrong)
    _check_patient(call, found[PATIENT])
    located = (LocatedResource(f"prefetch.{key}", value, _reference(value)) for key, value in found.items())
    return PrefetchContent(tuple(located), tuple(lacks))


def ketamine_given(prefetched: PrefetchContent, terminology: Terminology) -> bool:
    """Whether an administration has a code of ketamine; whether it was given is left to the reading."""
    index = ResourceIndex(prefetched.resources())
    return any(_has_ketamine(one, index, terminology) for one in prefetched.resources(ADMINISTRATIONS))


def ketamine_orders(call: HookCall, terminology: Terminology) -> list[LocatedResource]:
    """The draft orders with a code of ketamine. Raises ``RequestRefusedError`` for one of another patient."""
    bundle = LocatedResource("context.draftOrders", call.orders)
    drafts = list(_resources(bundle))
    index = ResourceIndex(drafts)
    found = [one for one in drafts if _is_order(one.resource) and _has_ketamine(one, index, terminology)]
    for one in found:
        subject = one.resource.get("subject")
        reference = subject.get("reference") if isinstance(subject, Mapping) else None
        whole = f"/{reference}".partition("/_history/")[0]
        if isinstance(reference, str) and not whole.endswith(f"/Patient/{call.context.patient_id}"):
            path = f"{one.expression}.subject.reference"
            raise RequestRefusedError([RequestProblem(path, "the patient of the context", "another reference")])
    return found


def _is_order(resource: Mapping[str, Any]) -> bool:
    """Whether a draft orders a medication, instead of forbidding it."""
    return resource.get("resourceType") == "MedicationRequest" and resource.get("doNotPerform") is not True


def _has_ketamine(one: LocatedResource, index: ResourceIndex, terminology: Terminology) -> bool:
    """Whether a resource has a code of ketamine, its own or that of the Medication it refers to or its ingredients."""
    concepts = [one.resource.get("medicationCodeableConcept")]
    listed = isinstance(one.resource.get("contained", []), list)  # an order was not checked yet
    medication = index.resolve(one.resource.get("medicationReference"), one) if listed else None
    if medication is not None:
        ingredients = _objects(medication.resource.get("ingredient"))
        concepts += [medication.resource.get("code"), *(part.get("itemCodeableConcept") for part in ingredients)]
    codings = [
        coding for concept in concepts if isinstance(concept, Mapping) for coding in _objects(concept.get("coding"))
    ]
    return any(_is_ketamine(coding, terminology) for coding in codings)


def _objects(listed: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, whatever else stands in it or in its place; the reading says what is wrong."""
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _is_ketamine(coding: Mapping[str, Any], terminology: Terminology) -> bool:
    system, code = coding.get("system"), coding.get("code")
    if not isinstance(system, str) or not isinstance(code, str):
        return False
    return terminology.ketamine(system, code) is not None


def _lack(value: Any) -> Lack | None:
    """What a prefetch value lacks; ``None`` if it can be read, or is refused later."""
    if not isinstance(value, Mapping):
        return "nothing" if value is None else None
    if any(_has_failed(one.resource) for one in _resources(LocatedResource("", value))):
        return "an OperationOutcome"
    links = value.get("link") if value.get("resourceType") == "Bundle" else None
    further = any(link.get("relation") == "next" for link in _objects(links))
    return "a Bundle with a next page" if further else None


def _has_failed(resource: Mapping[str, Any]) -> bool:
    """Whether a resource is an OperationOutcome other than remarks beside a whole result."""
    if resource.get("resourceType") != "OperationOutcome":
        return False
    issues = resource.get("issue")
    listed = issues if isinstance(issues, list) else ()
    return not all(isinstance(issue, Mapping) and issue.get("severity") in _REMARKS for issue in listed)


def missing(keys: Sequence[str], lacks: Mapping[str, Lack] = MappingProxyType({})) -> list[RequestProblem]:
    """What is required at keys that are needed; ``lacks`` says what was found, if not nothing."""
    other = dict(zip(RATINGS, reversed(RATINGS), strict=True))
    return [
        RequestProblem(
            f"prefetch.{key}",
            f"the whole result of the search, or {other[key]}" if key in other else "the Patient of the context",
            lacks.get(key, "nothing"),
        )
        for key in keys
    ]


def _check_patient(call: HookCall, patient: Mapping[str, Any]) -> None:
    """Refuse a prefetched patient other than the one whose record is open."""
    found = patient.get("id")
    if patient.get("resourceType") != "Patient":
        raise RequestRefusedError([RequestProblem("prefetch.patient", "a Patient", "another resource")])
    if found != call.context.patient_id:
        named = "nothing" if found is None else "another id"
        raise RequestRefusedError([RequestProblem("prefetch.patient.id", "the patientId of the context", named)])


def _resources(one: LocatedResource) -> Iterator[LocatedResource]:
    """A resource itself, or those in a Bundle."""
    if one.resource.get("resourceType") != "Bundle":
        yield one
        return
    entries = one.resource.get("entry")
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        if isinstance(resource, Mapping):
            full_url = entry.get("fullUrl")
            place = f"{one.expression}.entry[{number}].resource"
            yield LocatedResource(place, resource, _reference(resource), full_url if isinstance(full_url, str) else "")


def _reference(resource: Mapping[str, Any]) -> str:
    kind, own = resource.get("resourceType"), resource.get("id")
    return f"{kind}/{own}" if isinstance(own, str) and isinstance(kind, str) else ""
