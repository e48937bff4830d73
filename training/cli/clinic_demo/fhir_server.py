"""A FHIR R4 server in memory, for reading: instances, searches, and what it can do. It keeps and checks nothing.

The prefetch of CDS Hooks asks it by relative addresses; other clients ask over HTTP. Both get the same answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from training.cli.clinic_demo.fhir_search import (
    DATES,
    PARAMETERS,
    PATIENT,
    URIS,
    Resource,
    SearchRefusedError,
    search,
)

MEDIA_TYPE = "application/fhir+json"
FHIR_VERSION = "4.0.1"
KINDS = (
    "AllergyIntolerance",
    "Condition",
    "MedicationAdministration",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Patient",
    "Practitioner",
    "Procedure",
    "QuestionnaireResponse",
)
"""The types of resources that it may have; a search for one that it happens not to have finds nothing."""


@dataclass(frozen=True)
class FhirAnswer:
    """A status and a resource, as they are sent."""

    status: int
    resource: Mapping[str, Any]


@dataclass(frozen=True)
class FhirStore:
    """The resources, and the address below which they are."""

    base: str
    resources: Sequence[Resource]

    def answer(self, relative: str) -> FhirAnswer:
        """What ``GET`` of an address relative to the base gives, such as ``Patient/1`` or ``Condition?patient=1``."""
        address = urlsplit(relative)
        kind, _, identifier = address.path.strip("/").partition("/")
        if kind == "metadata":
            return FhirAnswer(200, self._capability_statement())
        if kind not in KINDS:
            return _refusal(404, "not-supported", f"this server has {', '.join(KINDS)}; found another type")
        if identifier:
            return self._read(kind, identifier)
        try:
            parameters = parse_qsl(address.query, keep_blank_values=True)
            return FhirAnswer(200, self._searchset(kind, parameters))
        except SearchRefusedError as refused:
            return _refusal(400, "not-supported", str(refused))

    def patients(self) -> list[Resource]:
        """All patients."""
        return [one for one in self.resources if one["resourceType"] == "Patient"]

    def record_of(self, patient: str) -> list[Resource]:
        """The patient and every resource about this patient."""
        found = [one for one in self.patients() if one["id"] == patient]
        return [*found, *(one for kind in KINDS for one in search(self.resources, kind, [("patient", patient)]))]

    def _read(self, kind: str, identifier: str) -> FhirAnswer:
        for one in self.resources:
            if (one["resourceType"], one["id"]) == (kind, identifier):
                return FhirAnswer(200, one)
        return _refusal(404, "not-found", "there is no resource with this id")

    def _searchset(self, kind: str, parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
        found = search(self.resources, kind, parameters)
        entries = [
            {"fullUrl": f"{self.base}/{kind}/{one['id']}", "resource": one, "search": {"mode": "match"}}
            for one in found
        ]
        address = f"{self.base}/{kind}?{urlencode(parameters)}"
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        bundle |= {"link": [{"relation": "self", "url": address}]}
        return bundle | ({"entry": entries} if entries else {})

    def _capability_statement(self) -> dict[str, Any]:
        kinds = dict.fromkeys(DATES, "date") | dict.fromkeys(PATIENT, "reference") | dict.fromkeys(URIS, "uri")
        parameters = [
            {"name": name, "type": kinds.get(name, "token")} for name in PARAMETERS if name not in ("_count", "_sort")
        ]
        resources = [
            {
                "type": kind,
                "interaction": [{"code": "read"}, {"code": "search-type"}],
                "searchParam": parameters,
            }
            for kind in KINDS
        ]
        return {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-11-29",
            "kind": "instance",
            "implementation": {"description": "A mock EHR with synthetic patients", "url": self.base},
            "fhirVersion": FHIR_VERSION,
            "format": ["json"],
            "rest": [{"mode": "server", "resource": resources}],
        }


def fhir_routes(store: FhirStore) -> list[Route]:
    """The server's address below ``/fhir``."""

    async def read(request: Request) -> Response:
        answer = store.answer(f"{request.path_params['address']}?{request.url.query}")
        return JSONResponse(answer.resource, answer.status, media_type=MEDIA_TYPE)

    return [Route("/fhir/{address:path}", read, methods=["GET"])]


def _refusal(status: int, code: str, words: str) -> FhirAnswer:
    issue = {"severity": "error", "code": code, "diagnostics": words}
    return FhirAnswer(status, {"resourceType": "OperationOutcome", "issue": [issue]})
