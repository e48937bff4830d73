"""Which logged rows a candidate model can answer, and why it can't answer the others.

A row holds features, not the record that they were computed from. So it can be used only by a model with the same
definitions of landmark, features and scales.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import isinf, nan
from typing import Any

import orjson

from features.catalogue import catalogue
from features.protocol.document import Protocol
from models.bundle import Bundle
from training.audit.bundle_lookup import Origin

Document = Mapping[str, Any]


class RefusalReason(Enum):
    """Why a candidate can't answer a logged row."""

    ERASED = "the content was erased"
    NO_ROW = "there was nothing to predict, so that no row was logged"
    UNREADABLE = "the row or the answer can't be read"
    NO_LANDMARK = "the other version's protocol has no landmark of that name"
    OTHER_LANDMARK = "the other version's landmark of that name is defined otherwise"
    OTHER_SCALES = "the other version's protocol measures remission, and so the features, otherwise"
    OTHER_CATALOGUE = "the other version declares the features otherwise"
    UNKNOWN_FEATURE = "the row has a feature that the other version does not know"
    LACKING_FEATURE = "the other version needs a feature that the logged model did not have"


@dataclass(frozen=True)
class LoggedAnswer:
    """A logged prediction: ``patient`` is a keyed hash, ``row`` and ``answer`` are JSON texts.

    All three are ``None`` once erased, and ``row`` also where no row was made. ``at`` is UTC in ISO 8601.
    """

    prediction_id: str
    at: str
    model_digest: str
    model_version: str
    landmark: str | None
    patient: str | None
    row: str | None
    answer: str | None

    @property
    def has_row(self) -> bool:
        """Whether the row that was answered, and at what landmark, is there."""
        return None not in (self.answer, self.patient, self.row, self.landmark)


@dataclass(frozen=True)
class Refusal:
    """Why a prediction is left out, and the features that cause it, if any."""

    why: RefusalReason
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A logged row in the order of the candidate's columns, NaN where not recorded, and the answer."""

    values: list[float]
    answer: Document


class RowReader:
    """Reads logged rows for one candidate."""

    def __init__(self, candidate: Bundle, origins: Mapping[str, Origin | None]) -> None:
        """``origins`` has the protocol behind each bundle's digest; ``None`` for one that no store here has."""
        self._protocol = candidate.protocol
        self._names = candidate.features
        self._known = frozenset(self._names)
        self._origins = origins
        self._refusals: dict[tuple[str, str], Refusal | None] = {}

    def read(self, logged: LoggedAnswer) -> Row | Refusal:
        """The row for the candidate, or why there is none."""
        if logged.answer is None or logged.patient is None:
            return Refusal(RefusalReason.ERASED)
        if logged.row is None or logged.landmark is None:
            return Refusal(RefusalReason.NO_ROW)
        refusal = self._refusal(logged.model_digest, logged.landmark)
        if refusal is not None:
            return refusal
        row, answer = _document(logged.row), _document(logged.answer)
        if row is None or answer is None:
            return Refusal(RefusalReason.UNREADABLE)
        return self._row(logged, row, answer)

    def _row(self, logged: LoggedAnswer, row: Document, answer: Document) -> Row | Refusal:
        unknown = tuple(sorted(row.keys() - self._known))
        if unknown:
            return Refusal(RefusalReason.UNKNOWN_FEATURE, unknown)
        lacking = self._lacking(logged.model_digest, row, answer)
        if lacking:
            return Refusal(RefusalReason.LACKING_FEATURE, lacking)
        try:
            values = [float(row.get(name, nan)) for name in self._names]
        except (TypeError, ValueError):
            return Refusal(RefusalReason.UNREADABLE)
        return Refusal(RefusalReason.UNREADABLE) if any(map(isinf, values)) else Row(values, answer)

    def _lacking(self, digest: str, row: Document, answer: Document) -> tuple[str, ...]:
        """Features of the candidate that an unknown model's answer names neither as recorded nor as missing."""
        not_recorded = answer.get("not_recorded")
        if self._origins[digest] is not None or not isinstance(not_recorded, list):
            return ()
        return tuple(sorted(self._known - row.keys() - set(not_recorded)))

    def _refusal(self, digest: str, landmark: str) -> Refusal | None:
        """Why no row of a model at a landmark can be used; computed once for each."""
        if (digest, landmark) not in self._refusals:
            self._refusals[digest, landmark] = _refusal(self._protocol, self._origins[digest], landmark)
        return self._refusals[digest, landmark]


def _refusal(candidate: Protocol, origin: Origin | None, landmark: str) -> Refusal | None:
    own = {known.name: known for known in candidate.landmarks}
    if landmark not in own:
        return Refusal(RefusalReason.NO_LANDMARK)
    if origin is None or origin.protocol == candidate:
        return None if origin is None or origin.is_declared_here else Refusal(RefusalReason.OTHER_CATALOGUE)
    then = origin.protocol
    if own[landmark] not in then.landmarks:
        return Refusal(RefusalReason.OTHER_LANDMARK)
    if _scales(then) != _scales(candidate):
        return Refusal(RefusalReason.OTHER_SCALES)
    ours, theirs = _declared(candidate), _declared(then)
    other = sorted(name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name])
    if other or not origin.is_declared_here:
        return Refusal(RefusalReason.OTHER_CATALOGUE, tuple(other))
    lacking = sorted(ours.keys() - theirs.keys())
    return Refusal(RefusalReason.LACKING_FEATURE, tuple(lacking)) if lacking else None


def _scales(protocol: Protocol) -> tuple[object, ...]:
    """What decides the features of a record and the eligible patients, except covariates."""
    ended_by = protocol.relapse.events if protocol.remission.at_landmark else ()
    return protocol.remission, protocol.instruments, protocol.acute_max_days, ended_by


def _declared(protocol: Protocol) -> dict[str, object]:
    return {feature.name: feature.declaration() for feature in catalogue(protocol)}


def _document(text: str) -> Document | None:
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return read if isinstance(read, dict) else None
