"""The BentoML service: its endpoints, and the order of the middleware before them.

The rules are elsewhere: `access_control` admits, `body` limits, `batcher` answers and logs, `errors` refuses, `start`
starts the server.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import bentoml
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.contract import routes
from serving.contract.dated_record import DatedRecord
from serving.contract.failures import LogUnavailableError, StateError
from serving.contract.refusal import RequestRefusedError
from serving.contract.response import BatchResponse, PredictionResponse
from serving.http.access_control import AccessControl
from serving.http.body import WholeBody
from serving.http.call import CURRENT
from serving.http.cors import CrossOriginPolicy
from serving.http.ehr_issuers import load_issuers
from serving.http.errors import ProblemDetails, ProblemResponse, keep_values_out_of_logs, refusal
from serving.http.fhir_errors import OperationOutcomes
from serving.http.metrics import CONTENT_TYPE_LATEST
from serving.http.readyz import Readyz
from serving.http.request_record import note_predictions
from serving.http.response import ResponseHeaders
from serving.log.append import EntryChangedError, KeyReusedError, LoggedReply
from serving.server.answering import answered, current_worker, logged_reply, refused_for_its_key, reply_in_form
from serving.server.batcher import Reply
from serving.server.body_reader import BatchBody, RecordBody
from serving.server.cds_hooks_routes import CDS_HOOKS_ROUTES
from serving.server.configured_service import ConfiguredService, as_setup_error, log_as
from serving.server.decision_routes import DECISION_ROUTES
from serving.server.fhir_routes import FHIR_ROUTES
from serving.server.model_loader import ModelLoader
from serving.server.worker import Worker, limits_of
from serving.storage.pseudonyms import Secret
from serving.storage.rate_limit import RateLimiter
from serving.storage.settings import Settings, load_settings
from serving.storage.state import begin_state


def begin(settings: Settings) -> None:
    """Make the secret and the log if there are none; the service also starts while the log's database does not answer.

    Raises ``StateError`` if the secret or the log can't be used, or the state folder can't be written: then each worker
    would fail, and the next one be started, without end.
    """
    try:
        begin_state(settings)
    except LogUnavailableError:
        Secret.load(settings.secret_path)
    try:
        RateLimiter(settings.state).close()
    except OSError as error:
        raise StateError(f"the state folder {settings.state} can't be written: {error.strerror or error}") from None


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


async def _model(_: Request) -> Response:
    return _json(current_worker().pages.model)


async def _instruments(_: Request) -> Response:
    return _json(current_worker().pages.instruments)


async def _openapi(_: Request) -> Response:
    return _json(current_worker().pages.openapi)


async def _metrics(_: Request) -> Response:
    page = await asyncio.to_thread(current_worker().metrics_page)
    return Response(page, headers={"Content-Type": CONTENT_TYPE_LATEST})


_pages = Starlette(
    routes=[
        Route(routes.MODEL, _model),
        Route(routes.INSTRUMENTS, _instruments),
        Route(routes.OPENAPI, _openapi),
        Route(routes.METRICS, _metrics),
        *FHIR_ROUTES,
        *CDS_HOOKS_ROUTES,
        *DECISION_ROUTES,
    ]
)


IMAGE = bentoml.images.Image(python_version="3.11", build_include_paths=["features", "models"])
"""What `setup_image.sh` compiles is in the image before the script runs; `bentofile.yaml` has the rest."""
IMAGE.commands.clear()  # BentoML adds its own ones again when it reads bentofile.yaml


@bentoml.asgi_app(_pages, path="/")
@bentoml.service(
    name="kap-outcomes",
    image=IMAGE,
    service_class=ConfiguredService,
    http={"host": "127.0.0.1"},
    workers=1,
    logging={"access": {"enabled": False}},  # `response` writes the line: BentoML's has the requested address
    metrics={"enabled": False},  # for the same reason; `metrics` counts
    tracing={"excluded_urls": "."},
)
class KapOutcomes:
    """Answers the clinic."""

    def __init__(self) -> None:
        keep_values_out_of_logs()
        settings = load_settings()
        log_as(settings.log_format)
        self.worker = Worker(settings, bentoml.server_context.worker_index or 1)

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def refuse_to_start_without_a_model() -> None:
        """Check once before the workers start, so that a missing part ends the command and not each worker."""
        with as_setup_error():
            settings = load_settings()
            load_issuers(settings.cds_issuers)
            begin(settings)
        ModelLoader(settings.model, limits_of(settings), settings.trusted_keys)

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def start(self) -> None:
        """Read the keys, and watch for new keys and models."""
        await self.worker.start()
        gc.freeze()  # or the garbage collector would look through all libraries again while a long body is read

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def stop(self) -> None:
        """Write what is still to be logged."""
        await self.worker.stop()

    @bentoml.api(route=routes.PREDICT, input_spec=RecordBody, output_spec=PredictionResponse)  # type: ignore[untyped-decorator]
    async def predict(self, body: bytes, /) -> Response:
        """One patient's prediction at the latest landmark that the record has reached."""
        reply = await logged_reply(self.worker.bodies.one(body))
        if isinstance(reply, LoggedReply):
            return _json(reply.answer.encode())
        return refusal(reply) if isinstance(reply, RequestRefusedError) else reply

    @bentoml.api(route=routes.PREDICT_BATCH, input_spec=BatchBody, output_spec=BatchResponse)  # type: ignore[untyped-decorator]
    async def predict_batch(self, body: bytes, /) -> Response:
        """Up to 1,000 patients, each answered or refused on its own, in the order of the requests."""
        replies = await answered(self._predict_batch(body))
        if isinstance(replies, ProblemResponse):
            return replies
        for reply in replies:
            if isinstance(reply, (KeyReusedError, EntryChangedError)):
                return refused_for_its_key(reply)
        note_predictions([reply.prediction_id for reply in replies if isinstance(reply, LoggedReply)])
        return _json(b'{"answers":[' + b",".join(map(_item, replies)) + b"]}")

    async def _predict_batch(self, body: bytes) -> list[Reply]:
        call, batch = CURRENT.get(), await self.worker.bodies.batch(body)
        self.worker.charge(call, len(batch.records) - 1)  # access control counted one
        requests = [one.request if isinstance(one, DatedRecord) else one for one in batch.records]
        replies = await self.worker.batcher.answer_batch(requests, call, in_full=batch.in_full)
        return [reply_in_form(reply, one) for reply, one in zip(replies, batch.records, strict=True)]


def _item(reply: Reply) -> bytes:
    """One answer of a batch, or why there is none."""
    if isinstance(reply, RequestRefusedError):
        return orjson.dumps(reply.as_item())
    if isinstance(reply, LoggedReply):
        return reply.answer.encode()
    raise reply


_protections: list[tuple[type, dict[str, Callable[[], Any]]]] = [
    (ResponseHeaders, {"metrics": lambda: current_worker().metrics, "tracing": lambda: current_worker().tracing}),
    (OperationOutcomes, {}),
    (ProblemDetails, {}),
    (CrossOriginPolicy, {"origins": lambda: current_worker().settings.cors_origins}),
    (
        AccessControl,
        {
            "keys": lambda: current_worker().keys,
            "rates": lambda: current_worker().rates,
            "keys_unknown": lambda: current_worker().refused_for_the_log(),
            "ehrs": lambda: current_worker().ehrs,
            "launches": lambda: current_worker().launches,
        },
    ),
    (WholeBody, {"limits": lambda: current_worker().limits, "metrics": lambda: current_worker().metrics}),
    (Readyz, {"readiness": lambda: current_worker().readiness()}),
]
"""The middleware, outermost first."""

_service: Any = KapOutcomes  # what the decorator makes of the class
for _middleware, _options in _protections:
    _service.add_asgi_middleware(_middleware, **_options)
