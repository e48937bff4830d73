"""One entry of the log: whether it is unchanged, whether it was erased, and its answer computed again.

`log.check` checks a whole log; `training` finds the model behind an answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from features.protocol.problems import InputRefusedError, Problem
from models.bundle import Bundle
from models.onnx_score import FAITHFUL
from models.reference_answers import TOLERANCES, converted_scores
from serving.contract.reading import read_request
from serving.contract.refusal import RequestRefusedError
from serving.contract.request import PredictionRequest
from serving.contract.response import Document
from serving.fhir.answer.offline import input_refused
from serving.fhir.parts import FhirRefusedError
from serving.fhir.reading.bundle import read_fhir
from serving.fhir.reading.options import ReadingDefaults
from serving.log.chain import BEGINNING, head_code
from serving.log.entry_check import entry_findings
from serving.log.queries import LogEntry, entries, entry_with, writers
from serving.prediction.granted_answer import AnswerTiers, known_questions
from serving.prediction.predictor import Predictor
from serving.prediction.probabilities import ImpossibleAnswerError
from serving.server.batcher import input_text
from serving.storage.database import reading
from serving.storage.pseudonyms import Secret
from serving.storage.state import State

NAMES = {"erasure": "an erasure", "feedback": "feedback on a prediction", "what_if": "a what-if"}
"""Kinds of entries that are no predictions, for a sentence."""
NOT_FROM_ROW = ("prediction_id", "model", "landmark", "not_used", "cautions")
"""Parts of an answer that do not follow from the row; all except the last two follow from the rest of the entry."""
IN_SINGLE_PRECISION = ("log_odds", "start", "contribution")
"""Numbers that trees compute in single precision; the others are probabilities, limits and values of the row."""


@dataclass(frozen=True)
class Erasure:
    """By which entry a prediction's content was erased, when (UTC), by whom and why."""

    prediction_id: str
    at: str
    by: str
    reason: str


@dataclass(frozen=True)
class EntryFacts:
    """An entry, and what is wrong with its codes or its place in the chain; without ``findings`` it is unchanged."""

    entry: LogEntry
    findings: tuple[str, ...]
    erasure: Erasure | None

    @property
    def erased(self) -> bool:
        """Whether its content is missing, with or without an erasure."""
        return self.entry.erasable is None and self.entry.content_finding is None


def facts_of(state: State, prediction_id: str) -> EntryFacts:
    """The entry of a prediction; raises ``InputRefusedError`` where the log has no prediction of that id."""
    with reading(state.engine) as connection:
        entry = entry_with(connection, state.secret, prediction_id)
        if entry is None or entry.kind != "prediction":
            found = (
                "an id that is not there" if entry is None else f"the id of {NAMES.get(entry.kind, 'another entry')}"
            )
            raise InputRefusedError([Problem("PREDICTION_ID", None, None, "the id of a logged prediction", found)])
        findings = [*_findings(connection, state.secret, entry)]
        erasure, wrong = _erasure(connection, state.secret, entry)
    return EntryFacts(entry, (*findings, *wrong), erasure)


def _findings(connection: Connection, secret: Secret, entry: LogEntry) -> Iterator[str]:
    """What was changed of an entry, its place or its content."""
    if not isinstance(entry.number, int):  # SQLite keeps a text in a column of numbers
        yield "its number was changed"
        return
    yield from entry_findings(secret, _code_before(connection, entry), entry)
    yield from _outside_its_chain(connection, secret, entry)


def _code_before(connection: Connection, entry: LogEntry) -> str | None:
    """The previous code in the entry's chain; ``None`` if it is missing."""
    if entry.number == 1:
        return BEGINNING
    before = (entries.c.writer == entry.writer) & (entries.c.number == entry.number - 1)
    return connection.execute(select(entries.c.code).where(before)).scalar()


def _outside_its_chain(connection: Connection, secret: Secret, entry: LogEntry) -> Iterator[str]:
    """Findings about the writer's record of its chain."""
    query = select(writers.c.entries, writers.c.head, writers.c.head_code).where(writers.c.number == entry.writer)
    found = connection.execute(query).one_or_none()
    if found is None:
        yield "its writer is missing"
    elif found.head_code != head_code(secret, entry.writer, found.entries, found.head):
        yield "the length of its writer's chain was changed"
    elif entry.number > found.entries or (entry.number == found.entries and entry.code != found.head):
        yield "its writer's chain ends with another entry"


def _erasure(connection: Connection, secret: Secret, entry: LogEntry) -> tuple[Erasure | None, list[str]]:
    """The erasure of an entry's content, and what is wrong with it; neither for an entry that was not erased."""
    if entry.erasable is not None or entry.content_finding is not None:
        return None, []
    found = None if entry.erased_by is None else entry_with(connection, secret, entry.erased_by)
    erasure_record = _erasure_record(found)
    erased = erasure_record.get("erased")
    if found is None or not isinstance(erased, list) or entry.prediction_id not in erased:
        return None, ["its content is missing, and no erasure names it"]
    wrong = [f"its erasure {found.prediction_id}: {text}" for text in _findings(connection, secret, found)]
    return Erasure(
        found.prediction_id, found.at, str(erasure_record.get("by")), str(erasure_record.get("reason"))
    ), wrong


def _erasure_record(entry: LogEntry | None) -> Mapping[str, Any]:
    """The content of an erasure; empty if the entry is not an erasure or can't be read."""
    if entry is None or entry.kind != "erasure":
        return {}
    return _document(entry.answer) or {}


def is_request(secret: Secret, entry: LogEntry, body: bytes) -> bool | None:
    """Whether a JSON text is the answered request, with or without the curve; ``None`` once erased.

    Only the content counts, not the layout. Raises ``InputRefusedError`` for a text that is not a request.
    """
    try:
        request = read_request(body)
    except RequestRefusedError as refused:
        problems = [Problem(p.path or "request", None, None, p.required, p.found) for p in refused.problems]
        raise InputRefusedError(problems) from None
    return _has_digest_of(secret, entry, request)


def is_fhir(body: bytes) -> bool:
    """Whether a text is a JSON object that calls itself a FHIR resource."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(document, dict) and "resourceType" in document


def is_fhir_request(secret: Secret, entry: LogEntry, body: bytes, defaults: ReadingDefaults) -> bool | None:
    """As `is_request`, for a Bundle or Parameters, which is read as for an answer."""
    try:
        record = read_fhir(body, defaults)
    except FhirRefusedError as refused:
        raise input_refused(refused.issues) from None
    return _has_digest_of(secret, entry, record.request)


def _has_digest_of(secret: Secret, entry: LogEntry, request: PredictionRequest) -> bool | None:
    if entry.input_digest is None:
        return None
    digests = [secret.mac("input", input_text(request, in_full=in_full)) for in_full in (True, False)]
    return entry.input_digest in digests


def differences(bundle: Bundle, entry: LogEntry) -> tuple[str, ...]:
    """Compute an entry's answer again from its row, and name the parts in which the logged one differs.

    Probabilities and limits may differ by 1e-9, by 1e-6 if a head was converted to ONNX, contributions by the error of
    single precision (`models.reference_answers.TOLERANCES`). Contributions are compared by feature, in any order. No
    text has a value. Cautions, unused records and the wording of sentences, which may differ between releases, are not
    compared; codes are. What was given and what was in shadow follow from the whole answer by the tiers that the
    logged one names.
    """
    row, answer = _document(entry.row), _document(entry.answer)
    if row is None or answer is None:
        return ("the row or the answer can't be read",)
    in_full = answer.get("reasons", ()) is not None
    predictor = Predictor(bundle, entry.model_version)
    try:
        whole = predictor.rescore(entry.landmark or "", row, in_full=in_full)
    except InputRefusedError as refused:
        return tuple(f"{problem.place}: {problem.found}, not {problem.required}" for problem in refused.problems)
    except ImpossibleAnswerError:
        return ("the model gives no answer to this row",)
    again, in_shadow = _split(bundle, entry, answer, whole)
    given = {name: part for name, part in answer.items() if name not in NOT_FROM_ROW}
    labels = {"prediction_id": entry.prediction_id, "model": predictor.answering_model.model_dump()}
    if "landmark" in answer or answer.get("outcome") == "predicted":
        undated = {"date": None} if "date" in (answer.get("landmark") or {}) else {}  # earlier answers do not have it
        labels["landmark"] = {"name": entry.landmark, "day": entry.landmark_day} | undated
    wrong = [name for name, logged in labels.items() if answer.get(name) != logged]
    least = FAITHFUL if converted_scores(bundle.models) else 0.0
    shadow = {} if entry.shadow is None else _document(entry.shadow)
    if shadow is None:
        return (*wrong, "the answers in shadow can't be read")
    apart = [f"shadow.{path}" for path in _compared(shadow, in_shadow or {}, least)]
    return (*wrong, *_compared(given, again, least), *apart)


def tiers_in(entry: LogEntry) -> tuple[Mapping[str, str] | None, tuple[str, ...]]:
    """The tiers that a logged answer names, if it names any, and the questions to which it gave a number.

    Neither for an answer that was erased or can't be read.
    """
    answer = _document(entry.answer) or {}
    named = answer.get("tiers")
    tiers = {str(name): str(tier) for name, tier in named.items()} if isinstance(named, dict) else None
    if answer.get("outcome") != "predicted":
        return tiers, ()
    try:
        return tiers, tuple(sorted(known_questions(answer)))
    except (KeyError, TypeError):
        return tiers, ()


def _split(bundle: Bundle, entry: LogEntry, answer: Document, whole: Document) -> tuple[Document, Document | None]:
    """What of a whole answer was to be given, and what was in shadow; earlier versions gave all and named no tier."""
    if "tiers" not in answer:
        return {name: part for name, part in whole.items() if name not in ("tiers", "withheld")}, None
    (model,) = [one for one in bundle.models if one.landmark.name == entry.landmark]
    tiers = answer["tiers"] if isinstance(answer["tiers"], dict) else {}
    return AnswerTiers(model, tiers).split(whole)


def _document(text: str | None) -> Document | None:
    """The JSON object in a text; ``None`` where there is none."""
    try:
        read = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return None
    return read if isinstance(read, dict) else None


def _compared(then: Document, now: Document, least: float = 0.0) -> Iterator[str]:
    """The paths at which two documents differ, and by how much if both have a number that is not the patient's.

    Numbers may differ by ``least`` in any case.
    """
    given, computed = dict(_leaves("", then)), dict(_leaves("", now))
    for path in dict.fromkeys([*given, *computed]):
        if path not in computed:
            yield f"{path}: given, and not computed"
        elif path not in given:
            yield f"{path}: computed, and not given"
        elif not _is_number(given[path]) or not _is_number(computed[path]):
            if given[path] != computed[path] and not (_is_sentence(path) and isinstance(given[path], str)):
                yield path
        elif not (apart := abs(given[path] - computed[path])) <= max(_tolerance(path), least):
            yield path if path.endswith(".value") else f"{path}: by {apart:.1e}"  # a value is the patient's


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every innermost value of a document by its path; an empty list or object is such a value."""
    parts: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        parts = [(f"{path}.{name}".lstrip("."), part) for name, part in value.items()]
    elif isinstance(value, list) and path.endswith("contributions"):
        parts = [(f"{path}.{name}", part) for name, part in _by_feature(value).items()]
    elif isinstance(value, list):
        parts = [(f"{path}[{number}]", part) for number, part in enumerate(value)]
    if not parts:
        yield path, value
    for inner, part in parts:
        yield from _leaves(inner, part)


def _is_sentence(path: str) -> bool:
    """Whether a path leads to a sentence for people; codes are beside it."""
    return path.endswith((".message", ".remedy")) or path.startswith("notes[")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _tolerance(path: str) -> float:
    return TOLERANCES["contributions" if path.rpartition(".")[2] in IN_SINGLE_PRECISION else "remission"]


def _by_feature(contributions: list[Any]) -> Document:
    """Contributions by feature, without those too small to matter."""
    found = [one for one in contributions if isinstance(one, dict)]
    return {str(one.get("feature")): one for one in found if not _is_small(one.get("contribution"))}


def _is_small(contribution: Any) -> bool:
    return _is_number(contribution) and abs(contribution) <= TOLERANCES["contributions"]
