"""The addresses of the service, and what each requires of a caller; any other address is not found."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Scope: TypeAlias = Literal["predict", "read", "admin"]
JSON, FHIR_JSON = "application/json", "application/fhir+json"


@dataclass(frozen=True)
class Route:
    """``scope`` is what a key must allow, ``None`` if no key is needed; ``body`` is what may be sent, as which type.

    ``ehr``: the token of a configured EHR opens it as well.
    """

    path: str
    method: Literal["GET", "POST"]
    scope: Scope | None
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
    )
}
