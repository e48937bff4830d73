"""The addresses of the service, and what each requires of a caller; any other address is not found."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Scope: TypeAlias = Literal["predict", "read", "admin"]
JSON, FHIR_JSON = "application/json", "application/fhir+json"
Admission: TypeAlias = Literal["launch"]
"""What admits without a key: the signed token of a launch, in the address or in ``Authorization: Launch TOKEN``."""


@dataclass(frozen=True)
class Route:
    """``scope`` is what a key must allow, or what admits in place of a key; ``None`` if nothing is needed.

    ``body`` is what may be sent, as which type. ``ehr``: the token of a configured EHR opens it as well.
    """

    path: str
    method: Literal["GET", "POST"]
    scope: Scope | Admission | None
    body: Literal["none", "one", "batch"] = "none"
    media_types: tuple[str, ...] = (JSON,)
    ehr: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """The HTTP methods that it takes."""
        return ("GET", "HEAD") if self.method == "GET" else ("POST",)


PREDICT, PREDICT_BATCH = "/v1/predict", "/v1/predict_batch"
MODEL, INSTRUMENTS = "/v1/model", "/v1/instruments"
LIVEZ, HEALTHZ, READYZ = "/livez", "/healthz", "/readyz"
METRICS, OPENAPI = "/metrics", "/openapi.json"
CDS_SERVICES = "/cds-services"
PATIENT_VIEW, ORDER_SIGN = f"{CDS_SERVICES}/kap-patient-view", f"{CDS_SERVICES}/kap-order-sign"
PATIENT_VIEW_FEEDBACK, ORDER_SIGN_FEEDBACK = f"{PATIENT_VIEW}/feedback", f"{ORDER_SIGN}/feedback"
FHIR = "/fhir"
"""The base address of FHIR, under which errors are resources too."""
FHIR_PREDICT, FHIR_METADATA, FHIR_OPERATION = (
    f"{FHIR}/{name}" for name in ("$predict", "metadata", "OperationDefinition/predict")
)
DECIDE, WHAT_IF = "/decide", "/decide/what-if"

ROUTES = {
    route.path: route
    for route in (
        Route(PREDICT, "POST", "predict", "one"),
        Route(PREDICT_BATCH, "POST", "predict", "batch"),
        Route(MODEL, "GET", "read"),
        Route(INSTRUMENTS, "GET", "read"),
        Route(LIVEZ, "GET", None),
        Route(HEALTHZ, "GET", None),
        Route(READYZ, "GET", None),
        Route(METRICS, "GET", "read"),
        Route(OPENAPI, "GET", None),
        Route(CDS_SERVICES, "GET", None),
        Route(PATIENT_VIEW, "POST", "predict", "one", ehr=True),
        Route(PATIENT_VIEW_FEEDBACK, "POST", "predict", "one", ehr=True),
        Route(ORDER_SIGN, "POST", "predict", "one", ehr=True),
        Route(ORDER_SIGN_FEEDBACK, "POST", "predict", "one", ehr=True),
        Route(FHIR_PREDICT, "POST", "predict", "one", (FHIR_JSON, JSON)),
        Route(FHIR_METADATA, "GET", None),
        Route(FHIR_OPERATION, "GET", None),
        Route(DECIDE, "POST", "predict", "one"),
    )
}
"""The addresses for programs, each of which `GET /openapi.json` describes."""

PAGES = {route.path: route for route in (Route(DECIDE, "GET", "launch"), Route(WHAT_IF, "POST", "launch", "one"))}
"""The addresses for a person's browser: the page of a launch, and what its script asks."""


def routes_at(path: str) -> tuple[Route, ...]:
    """The routes of an address, one for each method that it takes; none if there is no such address."""
    return tuple(table[path] for table in (PAGES, ROUTES) if path in table)


def route_of(path: str, method: str) -> Route | None:
    """The route of an address and a method."""
    return next((route for route in routes_at(path) if method in route.methods), None)
