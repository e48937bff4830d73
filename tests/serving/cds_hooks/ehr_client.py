"""A running service with CDS Hooks for one EHR, and that EHR, which signs each of its calls."""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from serving.contract.routes import CDS_SERVICES
from tests.serving.cds_hooks.calls import order_sign, patient_view
from tests.serving.http.ehrs import PUBLIC_URL, Ehr, write_issuers
from tests.serving.servers import Server, environment_in, running

Document = dict[str, Any]
ORIGIN = "https://ehr.example"


@dataclass(frozen=True)
class EhrClient:
    """The EHR and the service that it calls."""

    server: Server
    ehr: Ehr

    def post(self, path: str, document: Any, **headers: str) -> httpx.Response:
        """A signed call."""
        signed = {"Authorization": f"Bearer {self.ehr.token(path)}", "Content-Type": "application/json"} | headers
        return self.server.client.post(path, content=json.dumps(document), headers=signed)

    def call(self, document: Document, **headers: str) -> httpx.Response:
        """The call of the service for the document's hook."""
        return self.post(f"{CDS_SERVICES}/kap-{document['hook']}", document, **headers)

    def card(self, document: Document) -> Document:
        """The only card of the answer to a call."""
        response = self.call(document)
        assert response.status_code == 200, response.text
        (card,) = response.json()["cards"]
        found: Document = card
        return found

    def feedback(self, document: Document, hook: str = "patient-view") -> httpx.Response:
        """Feedback on cards."""
        return self.post(f"{CDS_SERVICES}/kap-{hook}/feedback", document)


def today() -> dt.date:
    """The day by the clock of the service, which is that of this machine."""
    return dt.datetime.now().astimezone().date()


def in_course(**changes: Any) -> Document:
    """The call for a patient in a course today."""
    return patient_view(today(), **changes)


def ordering(*orders: Document, **changes: Any) -> Document:
    """The call for an order today."""
    return order_sign(today(), *orders, **changes)


@contextmanager
def hooks_server(folder: Path, **settings: str) -> Iterator[EhrClient]:
    """A server whose only callers are EHRs with tokens."""
    ehr = Ehr()
    environment = environment_in(
        folder,
        KAP_PUBLIC_URL=PUBLIC_URL,
        KAP_CDS_ISSUERS=str(write_issuers(folder, ehr)),
        KAP_CDS_NO_ANSWER="card",
        KAP_CORS_ORIGINS=ORIGIN,
        **settings,
    )
    with running(folder, environment=environment) as server:
        yield EhrClient(server, ehr)
