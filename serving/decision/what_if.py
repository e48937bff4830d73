"""A what-if as a browser asks it, and its answer: numbers in words, which belong to another patient."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serving.contract.reading import names_in, repeated_names
from serving.contract.refusal import RequestProblem, RequestRefusedError
from serving.contract.response import NotPredictable, PredictionResponse
from serving.decision.names import PageNames
from serving.decision.phrases import PagePhrases
from serving.decision.questions import MOST_QUESTIONS, Answers
from serving.decision.texts import chosen_language, texts_in
from serving.decision.view import numbers_of


class _SentWhatIf(BaseModel):
    """The body of a what-if."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)

    answers: dict[str, bool | float | str] = Field(max_length=MOST_QUESTIONS)
    language: str = ""


@dataclass(frozen=True)
class WhatIfQuestion:
    """Answers by the name of their question, and the language in which the numbers are wanted."""

    answers: Answers
    language: str


def read_what_if(body: bytes) -> WhatIfQuestion:
    """The what-if in a body; raises ``RequestRefusedError``."""
    text = body.decode("utf-8", "surrogateescape")
    names = names_in(text)
    if names.repeated:
        raise repeated_names(text, names)
    try:
        sent = _SentWhatIf.model_validate_json(body)
    except ValidationError:
        required = f"a JSON object with answers, at most {MOST_QUESTIONS} by the name of their question"
        raise RequestRefusedError([RequestProblem("", required, "another document")]) from None
    return WhatIfQuestion(sent.answers, chosen_language(sent.language, ""))


def what_if_numbers(answer: bytes, language: str) -> Mapping[str, object]:
    """The numbers of an answer by outcome, each with its range, in words."""
    given = PredictionResponse.model_validate_json(answer).root
    if isinstance(given, NotPredictable):
        return {"outcome": given.outcome}
    texts = texts_in(language)
    say = PagePhrases(texts, PageNames(texts))
    numbers = {one.outcome: say.with_range(one.frequency) for one in numbers_of(given)}
    return {"outcome": given.outcome, "numbers": numbers}


def logged_what_if(answer: bytes, prediction_id: str, answers: Answers) -> str:
    """What the log keeps of a what-if: its answer, the prediction that it is about, and which questions were answered.

    The answers themselves are in the entry's feature row.
    """
    return json.dumps(json.loads(answer) | {"what_if_of": prediction_id, "questions": sorted(answers)})
