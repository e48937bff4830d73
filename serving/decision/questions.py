"""What-ifs: what may be asked about another patient, who differs from this one in an answer that is still open.

Open are the next rating, and facts that the model uses and the record does not have. No question is about a treatment:
the numbers are predictions, and would be taken for effects.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from features.protocol.columns import Column
from features.protocol.instrument import Direction, Instrument
from serving.contract.reading import read_request
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.contract.request import PredictionRequest
from serving.contract.response import NotPredictable, Prediction
from serving.decision.study import StudyFacts

MOST_QUESTIONS = 6
RATING = "next_rating"
"""The name of the question about the next rating."""
_COLUMN_OF = {"sex_female": "sex"}
"""Columns of features that have another name. Of the diagnoses none is asked: the protocol decides whom it is for."""
_ABOUT_TREATMENT = {"benzodiazepine_mg"}
"""Columns that hold a treatment: its dose is in the clinician's hand, and the answer would look like its effect."""

Answers: TypeAlias = Mapping[str, float | bool | str]


@dataclass(frozen=True)
class OpenQuestion:
    """One question; ``name`` is the column that it fills, ``feature`` how it is called.

    ``instrument`` is the scale of the next rating, on which a ``higher_is`` worse or better. A number is within
    ``minimum`` and ``maximum``, in ``unit``.
    """

    name: str
    kind: Literal["number", "yes_no", "choice"]
    feature: str
    meaning: str = ""
    instrument: str = ""
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()
    higher_is: Direction = "worse"


def questions(request: bytes, answer: Prediction, study: StudyFacts) -> tuple[OpenQuestion, ...]:
    """The questions that are open for a patient, those that count most first."""
    document = json.loads(request)
    return tuple([*_rating(document, answer, study), *_unrecorded(document, answer, study)][:MOST_QUESTIONS])


def changed_request(
    request: bytes, answer: Prediction | NotPredictable, study: StudyFacts, answers: Answers
) -> PredictionRequest:
    """The record of another patient, with these answers by the name of their question.

    Raises ``RequestRefusedError`` for an answer to a question that is not open, and for one that does not fit it.
    """
    if isinstance(answer, NotPredictable):
        raise RequestRefusedError([RequestProblem("answers", "a page with a prediction", "one without")])
    document, known = json.loads(request), {one.name: one for one in questions(request, answer, study)}
    _require(answers, known)
    covariates = {covariate.name for covariate in study.protocol.covariates}
    for name, value in answers.items():
        if name == RATING:
            _rate(document, known[name], answer.landmark.day, value)
        elif name in covariates:
            document["patient"]["covariates"] = (document["patient"].get("covariates") or {}) | {name: value}
        else:
            document["patient"][name] = value
    return read_request(json.dumps(document))


def _require(answers: Answers, known: Mapping[str, OpenQuestion]) -> None:
    if not answers:
        raise RequestRefusedError([RequestProblem("answers", "an answer to at least one question", "none")])
    problems = [
        RequestProblem("answers", "answers to the questions of the page", "another question")
        if name not in known
        else RequestProblem(f"answers.{name}", _required(known[name]), "another value")
        for name, value in answers.items()
        if name not in known or not _fits(known[name], value)
    ]
    if problems:
        raise RequestRefusedError(problems)


def _required(question: OpenQuestion) -> str:
    if question.kind == "yes_no":
        return "true or false"
    if question.kind == "choice":
        return "one of " + ", ".join(question.choices)
    return f"a {'whole ' if question.whole else ''}number from {question.minimum:g} to {question.maximum:g}"


def _fits(question: OpenQuestion, value: object) -> bool:
    if question.kind == "yes_no":
        return isinstance(value, bool)
    if question.kind == "choice":
        return value in question.choices
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    inside = (question.minimum is None or value >= question.minimum) and (
        question.maximum is None or value <= question.maximum
    )
    return inside and (not question.whole or value == int(value))


def _rate(document: dict[str, Any], question: OpenQuestion, day: int, value: float | bool | str) -> None:
    """Put a rating on the day of the landmark, in place of one that is there."""
    others = [
        row
        for row in document.get("assessments") or ()
        if not (row["instrument"] == question.instrument and row["day"] == day and not row.get("after_dose"))
    ]
    rating = {"day": day, "instrument": question.instrument, "score": value}
    document["assessments"] = [*others, rating]


def _rating(document: Mapping[str, Any], answer: Prediction, study: StudyFacts) -> Iterator[OpenQuestion]:
    """The next rating on the patient's scale: open while the landmark is today, and after the baseline."""
    day, scale = answer.landmark.day, _primary(document.get("assessments") or (), study)
    if scale is None or day <= 0 or day != document["as_of_day"]:
        return
    declared = study.protocol.instruments[scale]
    yield OpenQuestion(
        RATING,
        "number",
        RATING,
        declared.title,
        scale,
        declared.minimum,
        declared.maximum,
        whole=True,
        unit="points",
        higher_is=declared.higher_is,
    )


def deciding_scale(request: bytes, study: StudyFacts) -> Instrument | None:
    """The scale that decides the patient's outcomes; ``None`` without a rating that counts."""
    scale = _primary(json.loads(request).get("assessments") or (), study)
    return None if scale is None else study.protocol.instruments[scale]


def _primary(assessments: Sequence[Mapping[str, Any]], study: StudyFacts) -> str | None:
    """The scale that decides the patient's outcome: the first of the protocol's with a rating at baseline.

    `features.records.primary_scale` decides it for a model; here it only chooses the question.
    """
    remission = study.protocol.remission
    rated = {
        row["instrument"]
        for row in assessments
        if remission.at_landmark or (row["day"] <= 0 and not (row["day"] == 0 and row.get("after_dose")))
    }
    return next((scale for scale in remission.instruments if scale in rated), None)


def _unrecorded(document: Mapping[str, Any], answer: Prediction, study: StudyFacts) -> Iterator[OpenQuestion]:
    """Facts about the patient that the model uses and the record lacks."""
    patient = document["patient"]
    columns = {column.name: column for column in study.protocol.tables["patients"]}
    for feature, meaning in _lacking(answer).items():
        column = columns.get(_COLUMN_OF.get(feature, feature))
        if column is None or column.name in _ABOUT_TREATMENT or column.screening:
            continue
        if (patient.get("covariates") or {}).get(column.name, patient.get(column.name)) is None:
            yield _question(column, feature, meaning)


def _lacking(answer: Prediction) -> dict[str, str]:
    """The names and meanings of features that count without a value; those that may count most come first."""
    heads = () if answer.reasons is None else (answer.reasons.remission, answer.reasons.relapse)
    found = [one for head in heads if head for one in head.contributions if one.value is None]
    return {one.feature: one.meaning for one in found}


def _question(column: Column, feature: str, meaning: str) -> OpenQuestion:
    if column.kind == "flag":
        return OpenQuestion(column.name, "yes_no", feature, meaning)
    if column.kind == "category":
        return OpenQuestion(column.name, "choice", feature, meaning, choices=column.categories)
    return OpenQuestion(
        column.name, "number", feature, meaning, "", column.minimum, column.maximum, column.kind == "whole", column.unit
    )
