"""The notes of an answer on its model, taken apart into codes, so that they can be said in another language.

Training writes them as sentences (`training/learning/fit.py`); a sentence that is not known here stays as it is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_AVERAGE = ": the model gives every patient the cohort's average risk"
_SENTENCES: Mapping[str, str] = {
    "average-few": r"the rarer outcome has (?P<rarer>\d+) of (?P<patients>\d+) patients, and a model needs "
    rf"(?P<needed>\d+){_AVERAGE}",
    "average-no-better": r"no candidate predicted held-out patients (significantly )?better than the average.*"
    rf"{_AVERAGE}",
    "competing-one-rate": r"competing events have one rate for all patients: a regression is .* on held-out patients",
    "competing-predicted": r"competing events are predicted from the features: .*",
    "followed": r"too few patients were followed beyond day (?P<day>\d+): later days are not predicted",
    "too-few": r"too few patients or outcomes to fit a model: nothing is predicted",
    "not-fitted": r"not fitted, because there are too few training data",
}
NOTE_CODES = tuple(_SENTENCES)
AVERAGE_CODES = ("average-few", "average-no-better")
"""Why a head gives everybody the average."""


@dataclass(frozen=True)
class ModelNote:
    """One sentence on a head; ``code`` is empty if it is none of ``NOTE_CODES``, ``values`` are the numbers in it."""

    head: str
    text: str
    code: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


def model_notes(notes: Sequence[str]) -> tuple[ModelNote, ...]:
    """The sentences of the notes of an answer, each of the form "head: sentence; sentence"."""
    return tuple(one for note in notes for one in _sentences(note))


def _sentences(note: str) -> Iterator[ModelNote]:
    head, divided, rest = note.partition(": ")
    if not divided or head not in ("remission", "relapse"):
        head, rest = "", note
    for text in rest.split("; "):
        found = ((code, re.fullmatch(pattern, text)) for code, pattern in _SENTENCES.items())
        code, values = next(((code, match.groupdict()) for code, match in found if match), ("", {}))
        yield ModelNote(head, text, code, values)


def cause_of_average(notes: Sequence[ModelNote], head: str) -> str:
    """The code of why a head gives everybody the average; empty if no note says it."""
    return next((one.code for one in notes if one.head == head and one.code in AVERAGE_CODES), "")
