"""From a call to the record that is predicted for: checks, the course that is meant, and the reading of the prefetch.

A call that is not about ketamine has no record, and no card.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from features.protocol.document import Protocol
from serving.cds_hooks.prefetch import PrefetchContent, ketamine_given, ketamine_orders, prefetched
from serving.cds_hooks.request import read_hook_call
from serving.cds_hooks.services import CdsService, prefetch_templates
from serving.contract.calendar import DateRefusedError, local_date
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import FhirIssue, FhirRecord, FhirRefusedError, LocatedResource, ReadingNotes
from serving.fhir.reading.options import ReadingOptions
from serving.fhir.reading.problems import issues_of
from serving.fhir.reading.record import assembled, refuse_if_wrong
from serving.fhir.structure.resources import checked_resources
from serving.fhir.treatment.administrations import Administration, read_administrations
from serving.fhir.treatment.course import COURSE_GAP_DAYS, courses_of
from serving.terminology.codes import Terminology

ROOT = "prefetch"


@dataclass(frozen=True)
class Consultation:
    """A call that is about ketamine: what it brought, and the record read from it."""

    prefetched: PrefetchContent
    record: FhirRecord

    @property
    def is_over(self) -> bool:
        """Whether the last dose of the course is so long ago that another would begin a new course."""
        request = self.record.request
        sessions = [vars(session) for session in request.sessions or ()]
        doses = [cells["day"] for cells in sessions if cells["kind"] == "dosing"]
        return bool(doses) and request.as_of_day - max(doses) > COURSE_GAP_DAYS

    def refused(self, error: RequestRefusedError) -> RequestRefusedError:
        """A refusal of the record with the paths of the call, where they are known."""
        return RequestRefusedError(_at_resources(issues_of(error, self.record)), error.more)


@dataclass(frozen=True)
class ConsultationReader:
    """What a call is read with: ``today`` in a zone, the clinic's zone if it is known, the protocol and the codes."""

    today: Callable[[ZoneInfo | None], dt.date]
    zone: ZoneInfo | None
    protocol: Protocol
    terminology: Terminology

    def read(self, body: bytes, service: CdsService) -> Consultation | None:
        """The record of a call; ``None`` where the call is not about ketamine.

        Raises ``RequestRefusedError`` with paths of the call, and ``PrefetchMissingError``.
        """
        call = read_hook_call(body, service)
        orders = ketamine_orders(call, self.terminology)
        if service.hook == "order-sign" and not orders:
            return None
        found = prefetched(call, tuple(prefetch_templates(self.protocol, self.terminology)))
        if service.hook == "patient-view" and not ketamine_given(found, self.terminology):
            return None
        try:
            record = self._record(found, orders)
        except FhirRefusedError as refused:
            raise RequestRefusedError(_at_resources(refused.issues)) from None
        return None if record is None else Consultation(found, record)

    def _record(self, found: PrefetchContent, orders: Sequence[LocatedResource]) -> FhirRecord | None:
        """The record of the course that is meant; ``None`` without a dose and an order. Raises ``FhirRefusedError``."""
        today, notes = self.today(self.zone), ReadingNotes()
        located = checked_resources(found.located, notes)
        refuse_if_wrong(notes)
        doses = self._doses(located, today)
        latest = courses_of(doses)[-1] if doses else None
        if orders and (latest is None or (today - latest[-1].date).days > COURSE_GAP_DAYS):
            first_dose = self._planned(orders, today)
        elif latest is not None:
            first_dose = latest[0].date
        else:
            return None
        options = ReadingOptions(today=today, zone=self.zone, first_dose=first_dose)
        return assembled(located, options, self.protocol, ROOT, notes)

    def _doses(self, located: Sequence[LocatedResource], today: dt.date) -> Sequence[Administration]:
        """The doses of ketamine, in the order of time."""
        notes = ReadingNotes()
        context = ReadingContext(self.terminology, self.protocol, self.zone, today)
        doses = read_administrations(located, context, notes)
        refuse_if_wrong(notes)
        return doses

    def _planned(self, orders: Sequence[LocatedResource], today: dt.date) -> dt.date:
        """The day of the first dose where none was given yet: that of the earliest order, but not before today."""
        return max(today, min(self._written(order, today) for order in orders))

    def _written(self, order: LocatedResource, today: dt.date) -> dt.date:
        text = order.resource.get("authoredOn")
        if text is None:
            return today
        try:
            return local_date(text if isinstance(text, str) else "", self.zone)
        except DateRefusedError as refused:
            problem = RequestProblem(f"{order.expression}.authoredOn", refused.required, refused.found)
            raise RequestRefusedError([problem]) from None


def _at_resources(issues: Sequence[FhirIssue]) -> list[RequestProblem]:
    """Issues with their FHIRPath as the path in the call."""
    return [RequestProblem(one.expression, one.required, one.found) for one in issues]
