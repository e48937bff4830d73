"""From requests to answers, independent of HTTP: each record is scored at its latest landmark, with reasons.

All records become one cohort, and all patients at one landmark are scored together, whether it is one request or a
thousand. `answers` computes what follows from a feature row alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import NamedTuple, TypeAlias
from uuid import uuid4

import numpy as np
import orjson

from features.build import feature_rows
from features.catalogue import catalogue
from features.protocol.problems import InputRefusedError, Problem
from features.records.cohort import Cohort
from features.records.landmark import KnownAtLandmark, known_at, landmark_days, later_rows
from features.records.timeline import Floats, Indices
from models.bundle import Bundle
from models.promotion import Granted
from serving.contract.dated_record import DatedRecord, ReceivedRecord, in_days, refusal_in_dates
from serving.contract.refusal import RequestRefusedError, kind_of
from serving.contract.request import PredictionRequest
from serving.contract.response import AnsweringModel, Document, PredictionResponse
from serving.prediction.answers import PREDICTED, RowAnswers
from serving.prediction.cautions import cautions_for
from serving.prediction.dated_answer import answer_in_dates
from serving.prediction.granted_answer import tiers_at
from serving.prediction.no_prediction import ineligible, no_landmark_reached, not_predictable
from serving.prediction.record import RecordReader
from serving.prediction.row_writer import RowWriter, write


@dataclass(frozen=True, eq=False)
class PredictionReply:
    """An answer to one request, as it is sent: the JSON of a ``PredictionResponse``.

    ``summary`` has the same as plain values for the metrics, without the reasons of a prediction, the largest part.
    ``landmark`` and ``landmark_day`` name the landmark reached. ``row`` is a JSON object of the recorded features by
    name, from which ``Predictor.rescore`` computes the numbers again; ``None`` if the record allows no prediction.
    ``shadow`` has the answers to questions in shadow, as JSON: they go to the log and nowhere else.
    """

    body: bytes
    summary: Document
    landmark: str | None = None
    landmark_day: int | None = None
    row: bytes | None = None
    shadow: bytes | None = None

    @cached_property
    def answer(self) -> Document:
        """All of the answer as plain values."""
        document: Document = orjson.loads(self.body)
        return document


class _AnswerParts(NamedTuple):
    """The answer for a patient without id, model and cautions, and the other parts of a ``PredictionReply``."""

    answer: Document
    landmark: str | None = None
    landmark_day: int | None = None
    row: bytes | None = None
    not_used: Document | None = None
    shadow: Document | None = None


Reply: TypeAlias = PredictionReply | RequestRefusedError


class Predictor:
    """Answers for many patients at a time from one bundle."""

    def __init__(self, bundle: Bundle, version: str, run_id: str = "", granted: Granted | None = None) -> None:
        """Keep the bundle; ``version`` is its name in the registry, shown with every answer.

        ``granted`` has the tiers of the questions; without it all are answered for the clinic.
        """
        self.bundle = bundle
        self.run_id = run_id
        self.answering_model = AnsweringModel(
            version=version,
            bundle_digest=bundle.digest,
            synthetic=bundle.training.get("synthetic") is True,
        )
        self._model_part = self.answering_model.model_dump()
        self._reader = RecordReader(bundle.protocol)
        features = catalogue(bundle.protocol)
        self._names = tuple(feature.name for feature in features)
        self._writer = RowWriter(features)
        self._answers = [
            RowAnswers(model, records, features) for model, records in zip(bundle.models, bundle.records, strict=True)
        ]
        self.tiers = [tiers_at(model, granted) for model in bundle.models]
        """What each landmark's model may answer, in their order."""

    def predict(self, record: ReceivedRecord) -> PredictionResponse:
        """The answer at the latest landmark reached, whose date it has if the record is in dates.

        Raises ``RequestRefusedError`` for a record that is not valid.
        """
        return PredictionResponse.model_validate_json(self.answer(record, str(uuid4())))

    def answer(self, record: ReceivedRecord, prediction_id: str, *, in_full: bool = True) -> bytes:
        """As ``predict``, as JSON with this id. The reasons and the weekly curve are null unless ``in_full``."""
        (reply,) = self.answer_many([in_days(record)], [prediction_id], in_full=in_full)
        calendar = record.calendar if isinstance(record, DatedRecord) else None
        if isinstance(reply, RequestRefusedError):
            raise reply if calendar is None else refusal_in_dates(reply)
        return reply.body if calendar is None else answer_in_dates(reply.body, calendar)

    def answer_many(
        self, requests: Sequence[PredictionRequest], prediction_ids: Sequence[str], *, in_full: bool = True
    ) -> list[Reply]:
        """For each request an answer with the id at its place, or why it is refused.

        Unless ``in_full`` the reasons and the weekly curve of relapse, the largest and slowest parts, are null.
        Raises ``ImpossibleAnswerError`` for a defect of the software or the bundle.
        """
        records = self._reader.read_many(requests)
        replies: dict[int, Reply] = dict(records.refused)
        for landmark, patients, days in self._by_landmark(records.cohort):
            everyone = len(patients) == len(records.cohort)
            cohort = records.cohort if everyone else records.cohort.take(patients)
            found = self._at(landmark, cohort, days, in_full)
            for place, one in zip(records.places[patients].tolist(), found, strict=True):
                replies[place] = self._answered(requests[place], prediction_ids[place], one)
        return [replies[place] for place in range(len(requests))]

    def rescore(self, landmark: str, row: Mapping[str, float], *, in_full: bool = True) -> Document:
        """As ``rescore_many``, for one row."""
        return self.rescore_many(landmark, [row], in_full=in_full)[0]

    def rescore_many(
        self, landmark: str, rows: Sequence[Mapping[str, float]], *, in_full: bool = True
    ) -> list[Document]:
        """The part of each answer that follows from a logged row alone; see ``RowAnswers.answer``.

        A row holds the recorded features of a patient by name, as ``PredictionReply.row`` does. Raises
        ``InputRefusedError`` for a landmark that the bundle doesn't have, and for a feature that the catalogue doesn't
        have or that is not a finite number.
        """
        at = {answers.model.landmark.name: answers for answers in self._answers}
        if landmark not in at:
            required = "one of " + ", ".join(at)
            raise InputRefusedError([Problem("landmark", None, None, required, "another landmark")])
        found = at[landmark].answer(self._matrix(rows), in_full=in_full)
        plain: list[Document] = orjson.loads(write(found))
        return plain

    def _matrix(self, rows: Sequence[Mapping[str, float]]) -> Floats:
        """Rows by name as a matrix, NaN where not recorded."""
        column = {name: position for position, name in enumerate(self._names)}
        problems = []
        values = np.full((len(rows), len(column)), np.nan)
        for number, row in enumerate(rows):
            for name, value in row.items():
                if name not in column:
                    required, found = "a feature of the catalogue", "an unknown feature"
                    problems.append(Problem("row", number, name, required, found))
                elif isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
                    problems.append(Problem("row", number, name, "a finite number", kind_of(value)))
                else:
                    values[number, column[name]] = value
        if problems:
            raise InputRefusedError(problems)
        return values

    def _by_landmark(self, cohort: Cohort) -> list[tuple[int | None, Indices, Floats]]:
        """The patients of a cohort and their days by the latest landmark reached (of several on a day, the last)."""
        days = np.array([landmark_days(cohort, model.landmark) for model in self.bundle.models])
        reached = ~np.isnan(days)
        last_first = np.where(reached, days, -np.inf)[::-1]
        latest = len(days) - 1 - last_first.argmax(axis=0)
        latest[~reached.any(axis=0)] = -1
        groups = ((landmark, np.flatnonzero(latest == landmark)) for landmark in sorted(set(latest.tolist())))
        return [
            (None if landmark < 0 else landmark, patients, days[landmark, patients]) for landmark, patients in groups
        ]

    def _at(self, number: int | None, cohort: Cohort, days: Floats, in_full: bool) -> list[_AnswerParts]:
        """The answers for patients whose latest landmark, on ``days``, is that of one model, or who reached none."""
        if number is None:
            reasons = no_landmark_reached(cohort, self.bundle.models[0].landmark)
            return [_AnswerParts(not_predictable(None, reason)) for reason in reasons]
        landmark = self.bundle.models[number].landmark
        known = known_at(cohort, landmark, days)
        rows = feature_rows(cohort, known)
        why_not = rows.ineligible.tolist()
        values = rows.values[[why is None for why in why_not]]
        scored = zip(self._answers[number].answer(values, in_full=in_full), self._writer.recorded(values), strict=True)
        found = []
        for why, day, later in zip(why_not, days.tolist(), _not_used(cohort, known), strict=True):
            if why is None:
                answer, row = next(scored)
                given, shadow = self.tiers[number].split(answer)
                found.append(_AnswerParts(given, landmark.name, int(day), row, later, shadow))
            else:
                reason = ineligible(why, landmark, self.bundle.protocol)
                found.append(_AnswerParts(not_predictable(None, reason), landmark.name, int(day)))
        return found

    def _answered(self, request: PredictionRequest, prediction_id: str, found: _AnswerParts) -> PredictionReply:
        """The complete answer, written as JSON."""
        outcome, cautions = found.answer["outcome"], cautions_for(request)
        shadow = None if found.shadow is None else write(found.shadow)
        answer = {"outcome": outcome, "prediction_id": prediction_id, "model": self._model_part}
        if outcome != PREDICTED:
            answer |= found.answer
            answer["cautions"] = cautions
            return PredictionReply(write(answer), answer, found.landmark, found.landmark_day, found.row, shadow)
        answer["landmark"] = {"name": found.landmark, "day": found.landmark_day, "date": None}
        answer |= found.answer
        answer["not_used"] = found.not_used
        answer["cautions"] = cautions
        body = write(answer)
        del answer["reasons"]
        return PredictionReply(body, answer, found.landmark, found.landmark_day, found.row, shadow)


def _not_used(cohort: Cohort, known: KnownAtLandmark) -> Iterator[Document]:
    """The number of each patient's records after the landmark."""
    counts = later_rows(cohort, known)
    later = [counts[name] for name in ("sessions", "assessments", "events")]
    for sessions, assessments, events in np.array(later, dtype=np.int64).T.tolist():
        yield {"sessions": sessions, "assessments": assessments, "events": events}
