"""The BentoML service: the promoted bundle from BentoML's model store behind ``/v1/predict`` and ``/v1/model``.

It holds no rule of its own: `predictor` answers, `errors` refuses.
"""

import gc
import os
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import bentoml
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from features.problems import InputRefusedError, Problem
from models.bundle import Bundle, BundleRefusedError, load_bundle
from serving.answer import PredictionResponse
from serving.contract import PredictionRequest
from serving.errors import ProblemDetails, keep_values_out_of_logs, refusal
from serving.predictor import Predictor
from serving.refusal import RequestRefusedError

MODEL_VARIABLE = "KAP_MODEL"
DEFAULT_MODEL = "kap-outcomes:latest"
BUNDLE_FOLDER = "bundle"
LOOPBACK = "127.0.0.1"
INTENDED_USE = (
    "To inform a clinician who plans ketamine-assisted psychotherapy of an anxiety disorder about the probability of "
    "remission and of relapse after it, beside and never instead of the clinician's own judgement."
)
NOT_A_DEVICE = "This is research software and not a medical device."
SYNTHETIC = "It was learned from synthetic (made-up) patients and says nothing about real ones."


class NoModelError(BundleRefusedError, bentoml.exceptions.BentoMLException):  # type: ignore[misc]
    """There is no promoted model to serve, or it is refused; the message says what to do.

    It is an error of BentoML's too, so that its command ends with the message and without a traceback.
    """


@dataclass(frozen=True)
class Served:
    """What is served: the bundle, and where it came from."""

    bundle: Bundle
    version: str
    run_id: str


def load_served() -> Served:
    """The promoted model named by ``KAP_MODEL`` (default: the latest); raises ``NoModelError``."""
    tag = os.environ.get(MODEL_VARIABLE, DEFAULT_MODEL)
    try:
        stored = bentoml.models.get(tag)
    except bentoml.exceptions.BentoMLException:
        message = f"no model {tag!r} in BentoML's model store: promote one with `kap promote`, or name it in KAP_MODEL"
        raise NoModelError(message) from None
    try:
        bundle = load_bundle(Path(stored.path) / BUNDLE_FOLDER)
    except BundleRefusedError as refused:
        raise NoModelError(f"the model {stored.tag} is refused: {refused}") from None
    labels = stored.info.labels
    if not bundle.digest.startswith(labels.get("bundle_digest", "")):  # a label is cut at 63 characters
        raise NoModelError(f"the model {stored.tag} is refused: its bundle is not the one that was promoted")
    return Served(bundle, labels.get("mlflow_version", str(stored.tag)), labels.get("run_id", ""))


def describe(served: Served) -> dict[str, Any]:
    """What ``GET /v1/model`` says about the model that is served."""
    bundle = served.bundle
    synthetic = bundle.training.get("synthetic") is True
    landmarks = [
        {
            "name": model.landmark.name,
            "heads": {name: asdict(record) for name, record in records.items()},
            "applicability": model.applicability and model.applicability.shares_by_verdict(),
        }
        for model, records in zip(bundle.models, bundle.records, strict=True)
    ]
    return {
        "version": served.version,
        "bundle_digest": bundle.digest,
        "run_id": served.run_id,
        "protocol": bundle.protocol.name,
        "landmarks": landmarks,
        "horizons_days": list(bundle.protocol.horizons_days),
        "features": len(bundle.features),
        "synthetic": synthetic,
        "intended_use": INTENDED_USE,
        "not_a_medical_device": NOT_A_DEVICE,
        "learned_from": SYNTHETIC if synthetic else "the patients of the training cohort named by run_id",
    }


async def _model(_: Request) -> Response:
    service: Any = bentoml.get_current_service()
    return JSONResponse(service.description)


@bentoml.asgi_app(Starlette(routes=[Route("/v1/model", _model)]), path="/")
@bentoml.service(name="kap-outcomes", http={"host": LOOPBACK}, workers=1)
class KapOutcomes:
    """Answers the clinic."""

    def __init__(self) -> None:
        keep_values_out_of_logs()
        served = load_served()
        self.predictor = Predictor(served.bundle, served.version)
        self.description = describe(served)
        gc.collect()
        gc.freeze()

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def refuse_to_start_without_a_model() -> None:
        """Load the model once before any worker starts, so that a missing one ends the command and not each worker."""
        load_served()

    @bentoml.api(route="/v1/predict", output_spec=PredictionResponse)  # type: ignore[untyped-decorator]
    async def predict(self, request: PredictionRequest, /) -> PredictionResponse | Response:
        """One patient's prediction at the latest landmark that the record has reached."""
        try:
            return self.predictor.predict(request)
        except RequestRefusedError as refused:
            return refusal(refused.problems)
        except ValidationError:
            raise RuntimeError("the answer breaks its own contract") from None


_service: Any = KapOutcomes  # what the decorator makes of the class
_service.add_asgi_middleware(ProblemDetails)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def serve(host: str = LOOPBACK, port: int = 3000, workers: int = 1) -> None:
    """Run BentoML's server until it is interrupted; ``host`` is an IP address, ``workers`` a number of processes.

    Raises ``NoModelError`` when there is nothing to serve, ``InputRefusedError`` for a host that is no address.
    BentoML's usage reports are off unless the environment asks for them: a clinic's server reports to nobody.
    """
    host = LOOPBACK if host == "localhost" else host
    if not _is_address(host):
        raise InputRefusedError([Problem("serve", None, "--host", "an IP address, or localhost", "another text")])
    load_served()
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    _service.config["workers"] = workers
    _service.serve_http(host=host, port=port)
