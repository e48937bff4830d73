"""The equation of every head that is a sum of terms, as CSV: each number in full, one line per term and per band."""

import csv
import io
from collections.abc import Iterator, Sequence

from training.evidence.descriptions import LinearTerm, ModelSpecification
from training.evidence.document import Evidence

EQUATION = "equation.csv"
WORKBOOK = "equation.xlsx"
COLUMNS = (
    *("landmark", "head", "part", "feature", "unit"),
    *("from_week", "to_week", "lower", "upper", "centre", "value", "missing_value"),
)
"""``value`` is the log-odds of an intercept, the weight of a term, or the probability of a competing event in a week.

``part`` is intercept, term, competing hazard, competing term, or horizon, whose ``value`` is a day.
"""


def equation_csv(evidence: Evidence) -> str:
    """The table; numbers have as many digits as it takes to read back the same number. A head without one is absent."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(COLUMNS)
    for landmark in evidence.landmarks:
        for head in landmark.heads:
            if head.model is not None and head.model.by_hand:
                table.writerows((landmark.name, head.head, *line) for line in _lines(head.model))
    return written.getvalue()


def has_equation(evidence: Evidence) -> bool:
    """Whether any head can be computed by hand."""
    return any(head.model is not None and head.model.by_hand for one in evidence.landmarks for head in one.heads)


def bands(model: ModelSpecification) -> list[tuple[int, int]]:
    """The first and last week of each band; empty for remission."""
    return [(start + 1, end) for start, end in zip(model.weeks[:-1], model.weeks[1:], strict=True)]


_Line = tuple[object, ...]


def _lines(model: ModelSpecification) -> Iterator[_Line]:
    weeks: list[tuple[object, object]] = [*bands(model)] or [("", "")]
    for (first, last), intercept in zip(weeks, model.intercepts, strict=True):
        yield ("intercept", "", "", first, last, "", "", "", intercept, "")
    yield from _terms("term", model.terms)
    for (first, last), hazard in zip(weeks, model.competing_hazards, strict=False):
        yield ("competing hazard", "", "", first, last, "", "", "", hazard, "")
    yield from _terms("competing term", model.competing_terms)
    for day in model.horizons_days:
        yield ("horizon", "", "days", "", "", "", "", "", day, "")


def _terms(part: str, terms: Sequence[LinearTerm]) -> Iterator[_Line]:
    for term in terms:
        numbers = (term.lower, term.upper, term.centre, term.weight, term.missing_weight)
        yield (part, term.feature, term.unit, "", "", *numbers)
