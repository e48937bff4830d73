"""The directional check in the report: what each clinical fact does to the answers, step by step."""

from markupsafe import Markup

from training.evidence.document import Direction, Evidence
from training.report.markup import paragraph, table
from training.report.wording import count, percent

WORDS = (
    "Each clinical fact is changed by one step in every record that can take it, and the model answers again. "
    "Against: patients whose probability moves the other way by more than half a point in a hundred."
)
_HEADER = ("landmark", "step", "answer", "expected", "patients", "against", "farthest against (points)",
           "median move (points)")  # fmt: skip


def directions_table(evidence: Evidence) -> Markup:
    """A line per landmark, fact and answer; in words where nothing was looked at."""
    if not evidence.directions:
        return paragraph("Not looked at: this is not the cohort that the model was learned from or updated on.")
    rows = [_row(found) for found in evidence.directions]
    return paragraph(WORDS) + table("Directions: one clinical fact changed at a time", _HEADER, rows, "prose")


def _row(found: Direction) -> tuple[str, ...]:
    answer = found.head if found.horizon_days is None else f"relapse by day {found.horizon_days}"
    moves = (percent(found.largest_against, 1), percent(found.median_move, 1))
    return found.landmark, found.meaning, answer, found.expected, count(found.patients), f"{found.against:,}", *moves
