"""Totals at an end of a scale that nobody has, next to totals that many have: shifted, cut off, or of another scale.

A distribution that merely fades out is no finding. The number of ratings beyond an edge is extrapolated from the three
stretches of totals before it, as in a normal distribution, whose logarithm is a parabola.
"""

from collections.abc import Iterator

from features.records.cut_offs import TOLERANCE
from training.plausibility.finding import CohortFinding, counted
from training.plausibility.scale_ratings import ScaleRatings, counted_items

UNUSED_SHARE = 0.2
"""Share of a scale's totals from which on it is suspect that none of them occurs [judgement]."""
EXPECTED_PATIENTS = 10
"""Patients expected with totals that none of them has, from which on this is no chance: exp(-10) = 5e-5 [derived]."""
FEWEST_TOTALS = 10
"""A scale with fewer totals, such as the CGI-S, is too short for a gap [judgement]."""
STRETCHES = 40
"""A stretch is a fortieth of the totals, at least one: wider ones take a steep tail for an edge [judgement]."""


def edge_findings(ratings: ScaleRatings) -> Iterator[CohortFinding]:
    """A fifth of the totals unused at an end of the scale, though patients are expected there.

    At the end of the well the edge must show in the ratings after day 0: a study that admits from a severity on has no
    milder ones before.
    """
    if ratings.totals < FEWEST_TOTALS or ratings.is_standardised:
        return
    lowest, highest = int(ratings.steps.min()), int(ratings.steps.max())
    unused = ratings.totals - 1 - highest
    scores, scale = counted(len(ratings.rows), "score"), range_of(ratings)
    if _is_unused(lowest, ratings) and _is_edge(ratings, lowest, upwards=True):
        sentence = f"none of {scores} is below {_points(ratings, lowest)}, on a scale of {scale}."
        code, remedy = _cause(ratings, lowest)
        yield score_warning(ratings, code, sentence, remedy, unused_totals=lowest)
    if _is_unused(unused, ratings) and _is_edge(ratings, highest, upwards=False):
        sentence = f"none of {scores} is above {_points(ratings, highest)}, on a scale of {scale}."
        remedy = "Check that every item is in the total, and that the scores are of this scale."
        yield score_warning(ratings, "unused_high_totals", sentence, remedy, unused_totals=unused)


def score_warning(ratings: ScaleRatings, code: str, sentence: str, remedy: str, **counts: int) -> CohortFinding:
    """A warning about the scores of an instrument, which opens the sentence."""
    found = (("ratings", len(ratings.rows)), *counts.items())
    named = f"{ratings.instrument.name}: {sentence}"
    return CohortFinding("warning", code, "assessments", "score", named, remedy, found)


def range_of(ratings: ScaleRatings) -> str:
    """The scale's range: ``0 to 21``."""
    return f"{ratings.instrument.minimum:g} to {ratings.instrument.maximum:g}"


def _is_unused(totals: int, ratings: ScaleRatings) -> bool:
    return totals >= UNUSED_SHARE * ratings.totals - TOLERANCE


def _points(ratings: ScaleRatings, steps: int) -> str:
    return f"{ratings.instrument.minimum + steps * ratings.step:g}"


def _is_edge(ratings: ScaleRatings, edge: int, *, upwards: bool) -> bool:
    """Whether patients are expected in the stretch beyond an edge; ``upwards`` if the used totals lie above it."""
    width = max(1, ratings.totals // STRETCHES)
    within = [(edge + width * n, edge + width * (n + 1) - 1) for n in range(3)]
    if not upwards:
        within = [(edge - width * (n + 1) + 1, edge - width * n) for n in range(3)]
    later = upwards == ratings.higher_is_worse
    near, further, furthest = (ratings.ratings_between(*steps, after_day_0=later) for steps in within)
    fall, before = _ratio(near, further), _ratio(further, furthest)
    patients = ratings.patients_between(*within[0], after_day_0=later)
    return patients * fall * _ratio(fall, before) >= EXPECTED_PATIENTS - TOLERANCE


def _ratio(nearer: float, further: float) -> float:
    """How the number falls from one stretch to the next; a rise counts as none."""
    return min(nearer / further, 1.0) if further else 1.0


def _cause(ratings: ScaleRatings, unused: int) -> tuple[str, str]:
    """Code and remedy: whether the unused totals are as many as a key leaves that begins one too high."""
    scoring = ratings.scoring
    if scoring is None or unused != counted_items(scoring):
        remedy = "Check the key of the items and the range of the scale, and whether low scores were left out."
        return "unused_low_totals", remedy
    low, high = scoring.item_minimum, scoring.item_maximum
    shift = f"{unused * ratings.step:g}"
    keyed = f"items keyed {low + 1} to {high + 1} where {low} to {high} is due"
    return "shifted_totals", f"The likely cause: {keyed}, so that every total is {shift} too high. Subtract {shift}."
