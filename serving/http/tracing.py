"""Traces for OpenTelemetry: how long a request, its prediction and its entry in the log took; nothing of its content.

They are sent only if ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set; the other variables of OpenTelemetry apply, too.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from serving.http.request_record import RequestRecord

VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
SERVICE = "kap-outcomes"


class RequestTracer:
    """Makes spans where it was asked for; otherwise every method does nothing."""

    def __init__(self, provider: Any = None) -> None:
        """``provider`` is a ``TracerProvider`` of OpenTelemetry's SDK."""
        self._provider = provider
        self._tracer = None if provider is None else provider.get_tracer(SERVICE)

    @contextmanager
    def request(self, record: RequestRecord, name: str) -> Iterator[None]:
        """The span of a request; it ends with the record's status, and continues the caller's trace if there is one."""
        if self._tracer is None:
            yield
            return
        from opentelemetry.trace import SpanKind, Status, StatusCode

        span = self._tracer.start_span(name, context=_parent(record), kind=SpanKind.SERVER)
        record.span = span
        record.trace_id = format(span.get_span_context().trace_id, "032x")
        try:
            yield
        finally:
            status = record.status or 0  # of a caller who had gone
            span.set_attribute("http.request.method", record.method or "")
            span.set_attribute("http.route", record.route or "")
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(Status(StatusCode.ERROR))
            span.end()

    def step(self, records: Iterable[RequestRecord | None], name: str, began: int, ended: int) -> None:
        """A step that these requests shared, as a span of each; times are nanoseconds of ``time.time_ns``."""
        if self._tracer is None:
            return
        from opentelemetry.trace import set_span_in_context

        for record in records:
            if record is not None and record.span is not None:
                parent = set_span_in_context(record.span)
                self._tracer.start_span(name, context=parent, start_time=began).end(end_time=ended)

    def close(self) -> None:
        """Send what was not sent yet."""
        if self._provider is not None:
            self._provider.shutdown()


def tracer_from_environment() -> RequestTracer:
    """A tracer that sends to the collector which the environment names, or one that does nothing."""
    if not os.environ.get(VARIABLE):
        return RequestTracer()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = Resource.create({SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME") or SERVICE})
    provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return RequestTracer(provider)


def _parent(record: RequestRecord) -> Any:
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if record.traceparent is None:
        return Context()
    return TraceContextTextMapPropagator().extract({"traceparent": record.traceparent}, Context())
