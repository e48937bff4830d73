"""The mock EHR: its pages, and what a click in them asks of the service. Plain forms; every page works without script.

Opening a record calls the services for ``patient-view``, signing an order those for ``order-sign``.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from training.cli.clinic_demo.cards import ReceivedCard, read_cards
from training.cli.clinic_demo.fhir_server import FhirStore, fhir_routes
from training.cli.clinic_demo.pages import patient_list, stylesheet, visit_page
from training.cli.clinic_demo.patients import CLINICIAN, draft_order
from training.cli.clinic_demo.prefetch import prefetched
from training.cli.clinic_demo.service_calls import ServiceClient
from training.cli.clinic_demo.visits import EhrVisit, EhrVisits

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class MockEhr:
    """The pages of the EHR, over its FHIR server and its client of the service."""

    def __init__(self, store: FhirStore, client: ServiceClient, key_set: str) -> None:
        self._store, self._client, self._key_set = store, client, key_set
        self._visits = EhrVisits()

    def app(self) -> Starlette:
        """The application; other names than those of this machine are refused."""
        routes = [
            Route("/", self._list),
            Route("/style.css", _style),
            Route("/favicon.ico", _no_icon),
            Route("/jwks.json", self._keys),
            Route("/patients/{patient}", self._open),
            Route("/visits/{number:int}", self._show),
            Route("/visits/{number:int}/order-sign", self._sign_order, methods=["POST"]),
            Route("/visits/{number:int}/predict", self._predict, methods=["POST"]),
            Route("/visits/{number:int}/feedback", self._give_feedback, methods=["POST"]),
            *fhir_routes(self._store),
        ]
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
        return Starlette(routes=routes, middleware=[hosts])

    async def _list(self, request: Request) -> Response:  # noqa: ARG002 - the framework's signature
        return _html(patient_list(self._store.patients(), self._client.address))

    async def _keys(self, request: Request) -> Response:  # noqa: ARG002 - the framework's signature
        return Response(self._key_set, media_type="application/json")

    async def _open(self, request: Request) -> Response:
        patient = request.path_params["patient"]
        if patient not in {one["id"] for one in self._store.patients()}:
            raise HTTPException(404, "There is no such patient.")
        visit = self._visits.begin(patient)
        await self._call_hook(visit, "patient-view", {})
        return _back_to(visit)

    async def _show(self, request: Request) -> Response:
        visit = self._visit(request)
        return _html(visit_page(visit, self._store.record_of(visit.patient)))

    async def _sign_order(self, request: Request) -> Response:
        visit = self._visit(request)
        await self._call_hook(visit, "order-sign", {"draftOrders": draft_order(visit.patient, dt.datetime.now(dt.UTC))})
        return _back_to(visit)

    async def _predict(self, request: Request) -> Response:
        visit = self._visit(request)
        entries = [
            {"fullUrl": f"{self._store.base}/{one['resourceType']}/{one['id']}", "resource": one}
            for one in self._store.record_of(visit.patient)
        ]
        visit.fhir_answer = await self._client.predict(
            {"resourceType": "Bundle", "type": "collection", "entry": entries}
        )
        visit.exchanges.append(visit.fhir_answer)
        return _back_to(visit, "#fhir")

    async def _give_feedback(self, request: Request) -> Response:
        visit, form = self._visit(request), await request.form()
        card = visit.find(str(form.get("card", "")))
        if card is None:
            raise HTTPException(404, "There is no such card on the page.")
        feedback = _feedback(card, {name: str(value) for name, value in form.items()})
        exchange = await self._client.give_feedback(card.service, feedback)
        visit.exchanges.append(exchange)
        if 200 <= exchange.status < 300:
            visit.note(card.uuid, feedback["outcome"])
        return _back_to(visit)

    async def _call_hook(self, visit: EhrVisit, hook: str, more: Mapping[str, Any]) -> None:
        """Call every service that discovery lists for a hook, and show its cards."""
        discovery = await self._client.discover()
        visit.exchanges.append(discovery)
        context = {"userId": f"Practitioner/{CLINICIAN['id']}", "patientId": visit.patient, **more}
        services = discovery.body.get("services", []) if isinstance(discovery.body, dict) else []
        for service in (one for one in services if one.get("hook") == hook):
            await self._call_service(visit, service, hook, context)

    async def _call_service(
        self, visit: EhrVisit, service: Mapping[str, Any], hook: str, context: Mapping[str, Any]
    ) -> None:
        prefetch = prefetched(service.get("prefetch", {}), context, self._store)
        exchange = await self._client.invoke(service["id"], hook, context, prefetch)
        visit.exchanges.append(exchange)
        visit.show(service["id"], read_cards(service["id"], exchange.body))

    def _visit(self, request: Request) -> EhrVisit:
        visit = self._visits.find(request.path_params["number"])
        if visit is None:
            raise HTTPException(404, "This visit is over: open the patient again from the list.")
        return visit


def _feedback(card: ReceivedCard, form: Mapping[str, str]) -> dict[str, Any]:
    """What the user did with a card, as CDS Hooks 2.0 has it ("Feedback")."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    if form.get("suggestion"):
        accepted = [{"id": form["suggestion"]}]
        return {"card": card.uuid, "outcome": "accepted", "acceptedSuggestions": accepted, "outcomeTimestamp": now}
    override: dict[str, Any] = {}
    for reason in card.override_reasons:
        if reason.code == form.get("reason"):
            override["reason"] = {"code": reason.code, "system": reason.system, "display": reason.display}
    if form.get("comment"):
        override["userComment"] = form["comment"]
    given = {"overrideReason": override} if override else {}
    return {"card": card.uuid, "outcome": "overridden", **given, "outcomeTimestamp": now}


async def _style(request: Request) -> Response:  # noqa: ARG001 - the framework's signature
    return Response(stylesheet(), media_type="text/css", headers=HEADERS)


async def _no_icon(request: Request) -> Response:  # noqa: ARG001 - the framework's signature
    return Response(status_code=204, headers=HEADERS)


def _html(page: str) -> Response:
    return HTMLResponse(page, headers=HEADERS)


def _back_to(visit: EhrVisit, part: str = "") -> Response:
    """To the page of a visit, or to a part of it that is new."""
    return RedirectResponse(f"/visits/{visit.number}{part}", status_code=303, headers=HEADERS)
