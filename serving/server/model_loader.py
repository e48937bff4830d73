"""Model loading and hot reload: a newer model of BentoML's store is loaded once it has passed every check.

Requests that have begun keep their model. A model that fails its checks is named and not loaded.
"""

import asyncio
import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bentoml

from models.bundle import Bundle, BundleRefusedError, load_bundle
from serving.http.body import BodyLimits
from serving.openapi.static_responses import Pages, pages_of
from serving.prediction.description import read_performance
from serving.prediction.predictor import Predictor

BUNDLE_FOLDER = "bundle"
LOG = logging.getLogger("bentoml.kap")


class NoModelError(BundleRefusedError, bentoml.exceptions.BentoMLException):  # type: ignore[misc]
    """There is no promoted model to serve, or it is refused; the message says what to do.

    It is an error of BentoML's too, so that its command ends with the message and without a traceback.
    """


@dataclass(frozen=True, eq=False)
class ServedModel:
    """What is served: the bundle, where it came from, and what answers from it."""

    bundle: Bundle
    version: str
    run_id: str
    tag: str
    predictor: Predictor
    pages: Pages


def newest(tag: str) -> bentoml.Model:
    """The store's entry of that tag; raises ``NoModelError``."""
    try:
        return bentoml.models.get(tag)
    except bentoml.exceptions.BentoMLException:
        message = f"no model {tag!r} in BentoML's model store: promote one with `kap promote`, or set KAP_MODEL"
        raise NoModelError(message) from None


def load_served(stored: bentoml.Model, limits: BodyLimits) -> ServedModel:
    """The model of a store's entry, every byte of it checked; raises ``NoModelError``."""
    folder, labels = Path(stored.path), stored.info.labels
    try:
        bundle = load_bundle(folder / BUNDLE_FOLDER)
        performance = read_performance(folder, stored.info.metadata)
    except BundleRefusedError as refused:
        raise NoModelError(f"the model {stored.tag} is refused: {refused}") from None
    promised = stored.info.metadata.get("bundle_digest") or labels.get("bundle_digest")  # a label is cut short
    if not promised or not bundle.digest.startswith(promised):
        raise NoModelError(f"the model {stored.tag} is refused: its bundle is not the one that was promoted")
    version, run_id, tag = labels.get("mlflow_version", str(stored.tag)), labels.get("run_id", ""), str(stored.tag)
    predictor = Predictor(bundle, version, run_id)
    pages = pages_of(predictor, run_id=run_id, tag=tag, performance=performance, limits=limits)
    return ServedModel(bundle, version, run_id, tag, predictor, pages)


class ModelLoader:
    """Holds the model that answers, and looks for a newer one."""

    def __init__(self, tag: str, limits: BodyLimits) -> None:
        """Load the model that ``tag`` names now; raises ``NoModelError`` where there is none."""
        self._tag = tag
        self._limits = limits
        self.served = load_served(newest(tag), limits)
        self.refused: str | None = None
        """Why the newest model of the store is not the one that answers; ``None`` where it is."""
        self._refused_tag: str | None = None
        _settle()

    def look(self) -> bool:
        """Take up the store's newest model if it is another one and in order; whether it was. Blocks while it loads."""
        tag = None
        try:
            stored = newest(self._tag)
            tag = str(stored.tag)
            if tag == self.served.tag:
                self.refused = self._refused_tag = None
                return False
            if tag == self._refused_tag:
                return False
            self.served = load_served(stored, self._limits)
        except NoModelError as refused:
            self._refused_tag = tag
            self._refuse(str(refused))
            return False
        except OSError as error:  # it may pass, so the same model is tried again
            self._refuse(f"the model store can't be read: {error.strerror}")
            return False
        except Exception as error:
            LOG.exception("a model can't be loaded")
            self._refused_tag = tag
            self._refuse(f"the model {tag} can't be loaded: {type(error).__name__}")
            return False
        self.refused = self._refused_tag = None
        LOG.info("version %s of the model answers from now on (%s)", self.served.version, self.served.tag)
        _settle()
        return True

    async def watch(self, seconds: float, tell: Callable[[bool], None]) -> None:
        """Look every so many seconds until cancelled, and tell each time whether the newest model is refused."""
        while True:
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.look)
            tell(self.refused is not None)

    def _refuse(self, reason: str) -> None:
        if reason != self.refused:
            LOG.warning("the newest model is not loaded: %s", reason)
        self.refused = reason


OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""A batch makes tens of thousands of objects, all of which are let go of without any collection."""


def _settle() -> None:
    """Collect what loading left, and spare what stays from every later collection, which would stall requests."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
    gc.unfreeze()
    gc.collect()
    gc.freeze()
