"""Whether patients are like the training patients, in the form of `response.Applicability`."""

from collections import defaultdict

import numpy as np

from models.applicability import ApplicabilityVerdicts, Applicable, Concern
from serving.contract.response import Document

_WORDS = tuple(verdict.name.lower() for verdict in Applicable)


def verdicts_on(evaluated: ApplicabilityVerdicts, names: tuple[str, ...], labels: tuple[str, ...]) -> list[Document]:
    """The verdict on each row, with its reasons; ``labels`` are the names of the columns in sentences."""
    concerns = _concerns(evaluated)
    return [
        {"verdict": _WORDS[level], "reasons": [_reason(concern, names, labels) for concern in concerns.get(row, ())]}
        for row, level in enumerate(evaluated.verdict.tolist())
    ]


def is_outside(verdict: Document) -> bool:
    """Whether the patient is too unlike the training patients for a prediction."""
    return bool(verdict["verdict"] == _WORDS[Applicable.OUTSIDE])


def _concerns(evaluated: ApplicabilityVerdicts) -> dict[int, list[Concern]]:
    """``ApplicabilityVerdicts.concerns`` by row, for all rows that are not inside at once."""
    found: dict[int, list[Concern]] = defaultdict(list)
    flagged = np.flatnonzero(evaluated.verdict != Applicable.INSIDE)
    if not len(flagged):
        return found
    verdict = evaluated.verdict[flagged]
    for code, levels in evaluated.by_column.items():
        rows, columns = np.nonzero(levels[flagged] == verdict[:, None])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            found[int(flagged[row])].append(Concern(code, column, Applicable(int(verdict[row]))))
    for code, levels in evaluated.by_row.items():
        for row in np.flatnonzero(levels[flagged] == verdict).tolist():
            found[int(flagged[row])].append(Concern(code, None, Applicable(int(verdict[row]))))
    return found


def _reason(concern: Concern, names: tuple[str, ...], labels: tuple[str, ...]) -> Document:
    feature = None if concern.column is None else names[concern.column]
    return {"code": concern.code, "feature": feature, "message": concern.as_text(labels)}
