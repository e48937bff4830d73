"""Model loading and hot reload: a newer model in BentoML's store is loaded if it passes every check.

Open requests keep their model. A model that fails a check is reported and not loaded.
"""

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bentoml
from bentoml._internal.configuration.containers import BentoMLContainer

from models.bundle import Bundle, BundleRefusedError, load_bundle
from models.promotion import Promotion, read_promotion
from models.signature import verify_signature
from serving.http.body import BodyLimits
from serving.openapi.static_responses import Pages, pages_of
from serving.prediction.description import overridden_by, read_performance
from serving.prediction.predictor import Predictor

BUNDLE_FOLDER = "bundle"
LOG = logging.getLogger("bentoml.kap")


class NoModelError(BundleRefusedError, bentoml.exceptions.BentoMLException):  # type: ignore[misc]
    """There is no promoted model to serve, or it is refused; the message says what to do.

    As a BentoML error it ends BentoML's command with the message and without a traceback.
    """


@dataclass(frozen=True, eq=False)
class ServedModel:
    """The served bundle with its origin, its predictor and its static responses."""

    bundle: Bundle
    version: str
    run_id: str
    tag: str
    predictor: Predictor
    pages: Pages
    promotion: Promotion | None = None
    signed_by: str | None = None

    @property
    def origin(self) -> str:
        """How it came to answer, for a line of the server's log; empty for a usual promotion without a signature."""
        found = self.pages.description.promotion
        overridden = "" if found is None or not found.overridden else f", {overridden_by(found)}"
        return overridden + ("" if self.signed_by is None else f", signed by {self.signed_by}")


def newest(tag: str) -> bentoml.Model:
    """The store's entry of that tag; raises ``NoModelError``, and ``OSError`` if it can't be read."""
    try:
        return bentoml.models.get(tag)
    except bentoml.exceptions.NotFound:
        message = f"no model {tag!r} in BentoML's model store: promote one with `kap promote`, or set KAP_MODEL"
        raise NoModelError(message) from None
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - BentoML raises what its parser does
        raise NoModelError(f"the model {tag} is refused: its entry is damaged ({type(error).__name__})") from None


def entries(tag: str) -> list[bentoml.Model]:
    """All readable entries that may answer for a tag: those of its name, or none if it names a version.

    First those of the newest one's bundle, as a rollback stores it once more, then the others; the latest first.
    """
    wanted = bentoml.Tag.from_taglike(tag)
    if wanted.version not in (None, "latest"):
        return []
    found = _readable(wanted.name)
    digests = [model.info.labels.get("bundle_digest") for model in found]
    return sorted(found, key=lambda model: model.info.labels.get("bundle_digest") != digests[0])


def _readable(name: str) -> list[bentoml.Model]:
    """The readable entries of a name, or of every one (``*``), the latest first."""
    found = []
    store = Path(BentoMLContainer.model_store.get()._path)  # noqa: SLF001 - its own list ends at a damaged entry
    for folder in store.glob(f"{name}/*/"):
        with contextlib.suppress(Exception):
            found.append(bentoml.models.get(f"{folder.parent.name}:{folder.name}"))
    return sorted(found, key=lambda model: model.creation_time, reverse=True)


def load_served(stored: bentoml.Model, limits: BodyLimits, trusted: Path | None = None) -> ServedModel:
    """The model of a store's entry, after a check of every byte; raises ``NoModelError``.

    With ``trusted`` (`models.signature.trusted_keys`) one of these keys must have signed the entry.
    """
    folder, labels = Path(stored.path), stored.info.labels
    try:
        signed_by = None if trusted is None else verify_signature(folder, trusted)
        bundle = load_bundle(folder / BUNDLE_FOLDER)
        performance = read_performance(folder, stored.info.metadata)
        promotion = read_promotion(folder, stored.info.metadata)
    except BundleRefusedError as refused:
        raise NoModelError(f"the model {stored.tag} is refused: {refused}") from None
    if bundle.research_only:  # no promotion stores one
        raise NoModelError(f"the model {stored.tag} is refused: it is research only: {bundle.research_only}")
    promised = stored.info.metadata.get("bundle_digest") or labels.get("bundle_digest")  # a label is cut short
    if not promised or not bundle.digest.startswith(promised):
        raise NoModelError(f"the model {stored.tag} is refused: its bundle is not the one that was promoted")
    version, run_id, tag = labels.get("mlflow_version", str(stored.tag)), labels.get("run_id", ""), str(stored.tag)
    if promotion is not None and not promotion.is_of(version, run_id):
        raise NoModelError(
            f"the model {stored.tag} is refused: its labels name another version or run than its decision"
        )
    predictor = Predictor(bundle, version, run_id, None if promotion is None else promotion.granted)
    pages = pages_of(predictor, run_id=run_id, tag=tag, performance=performance, limits=limits, promotion=promotion)
    return ServedModel(bundle, version, run_id, tag, predictor, pages, promotion, signed_by)


@dataclass(frozen=True)
class PromotedCopy:
    """An entry of the store made by a promotion, and its decision; none in one of an earlier version."""

    tag: str
    promotion: Promotion | None


def promoted_copy(bundle_digest: str) -> PromotedCopy | None:
    """The latest entry of this machine's store with a bundle; ``None`` without one.

    Raises ``BundleRefusedError`` if its decision was changed.
    """
    found = (one for one in _readable("*") if one.info.metadata.get("bundle_digest") == bundle_digest)
    latest = next(found, None)
    if latest is None:
        return None
    return PromotedCopy(str(latest.tag), read_promotion(Path(latest.path), latest.info.metadata))


class ModelLoader:
    """Holds the served model, and loads newer ones."""

    def __init__(self, tag: str, limits: BodyLimits, trusted: Path | None = None) -> None:
        """Load the model with the tag ``tag``; raises ``NoModelError`` if there is none.

        With ``trusted`` only models are loaded that one of these keys has signed.
        """
        self._tag = tag
        self._limits = limits
        self._trusted = trusted
        self.refused: str | None = None
        """Why the newest model of the store is not loaded; ``None`` if it is."""
        self._refused_tag: str | None = None
        self.served = self._load_first()
        _tune_garbage_collection()

    def _load_first(self) -> ServedModel:
        """The newest model or, if it can't be loaded, the one promoted before it: a worker that died must come back."""
        try:
            return load_served(newest(self._tag), self._limits, self._trusted)
        except NoModelError as refused:
            reason = refused
        except OSError as error:
            reason = NoModelError(f"the model store can't be read: {error.strerror}")
        for stored in entries(self._tag):
            try:
                served = load_served(stored, self._limits, self._trusted)
            except (NoModelError, OSError):
                continue
            self._refuse(str(reason))
            LOG.warning("version %s of the model answers instead (%s)", served.version, served.tag)
            return served
        raise reason

    def announce(self) -> None:
        """Log which model answers from now on, and of which store: another folder may have promoted it."""
        synthetic = ", fitted on SYNTHETIC patients" if self.served.bundle.training.get("synthetic") is True else ""
        store = BentoMLContainer.model_store.get()._path  # noqa: SLF001 - it has no other name for it
        named = self.served.version, self.served.tag, store, synthetic, self.served.origin
        LOG.info("version %s of the model answers from now on (%s, from %s%s%s)", *named)

    def look(self) -> bool:
        """Load the store's newest model if it is new and passes its checks; whether it was loaded. Blocks."""
        tag = None
        try:
            stored = newest(self._tag)
            tag = str(stored.tag)
            if tag == self.served.tag:
                self.refused = self._refused_tag = None
                return False
            if tag == self._refused_tag:
                return False
            self.served = load_served(stored, self._limits, self._trusted)
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
        self.announce()
        _tune_garbage_collection()
        return True

    async def watch(self, seconds: float, report: Callable[[bool], None]) -> None:
        """Look every ``seconds`` until cancelled, and report each time whether the newest model is refused."""
        while True:
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.look)
            report(self.refused is not None)

    def _refuse(self, reason: str) -> None:
        if reason != self.refused:
            LOG.warning("the newest model is not loaded: %s", reason)
        self.refused = reason


OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""A batch makes tens of thousands of objects, which are freed without a collection."""


def _tune_garbage_collection() -> None:
    """Collect garbage after loading, and freeze what stays, so that later collections stall no requests."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 10, 10)
    gc.unfreeze()
    gc.collect()
    gc.freeze()
