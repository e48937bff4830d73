"""Findings about scores: totals that are never used or that no keying gives, and scores that rise during treatment.

Numbers of patients decide, not of ratings, because the ratings of one patient resemble one another.
"""

from collections.abc import Iterator
from math import sqrt

import numpy as np

from features.eligibility.remission_window import anchor_days
from features.records.coded import AT_ONCE
from features.records.cohort import Cohort
from features.records.cut_offs import TOLERANCE
from training.plausibility.edges import (
    EXPECTED_PATIENTS,
    FEWEST_TOTALS,
    UNUSED_SHARE,
    edge_findings,
    range_of,
    score_warning,
)
from training.plausibility.finding import CohortFinding, counted
from training.plausibility.scale_ratings import ScaleRatings, counted_items, scale_ratings

FEWEST_RATINGS = 20
"""Ratings from which on their kind of number is told [judgement]."""
RISING_Z = 3.09
"""One-sided 0.1% of the sign test, with a correction for continuity [judgement]."""


def score_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """All findings about the scores of each instrument that is no experience."""
    window = _end_of_treatment(cohort)
    for ratings in scale_ratings(cohort):
        if ratings.instrument.kind == "outcome":
            yield from _keying_findings(ratings)
            yield from edge_findings(ratings)
            if window is not None:
                yield from _rising(ratings, window)


def _keying_findings(ratings: ScaleRatings) -> Iterator[CohortFinding]:
    """Totals that no keying of the items gives, for scales whose items are declared."""
    scoring = ratings.scoring
    if scoring is None or len(ratings.rows) < FEWEST_RATINGS:
        return
    fractions, off = _fractions_and_no_multiples(ratings)
    if 2 * fractions >= len(ratings.rows):
        means = bool(ratings.score.max() <= scoring.item_maximum)
        cause = "means of the items" if means else "averaged or rescaled"
        sentence = f"{fractions:,} of {counted(len(ratings.rows), 'score')} are no whole numbers; they look {cause}."
        remedy = f"Record the total of the {counted_items(scoring)} items, {range_of(ratings)}."
        yield score_warning(
            ratings, "fractions", sentence.replace("look means", "look like means"), remedy, fractions=fractions
        )
    if off >= UNUSED_SHARE * len(ratings.rows):
        sentence = f"{off:,} of {counted(len(ratings.rows), 'score')} are no multiples of {scoring.factor}, "
        sentence += f"though the total is {scoring.factor} times the sum of the items."
        remedy = f"Multiply the sums by {scoring.factor}, or declare the scale with its own range and cut-offs."
        yield score_warning(ratings, "not_multiplied", sentence, remedy, not_multiples=off)
    elif gaps := _gaps(ratings):
        used = int(ratings.steps.max() - ratings.steps.min()) + 1
        sentence = f"{gaps:,} of the {used:,} totals between the lowest and the highest never occur, "
        sentence += f"though at least {EXPECTED_PATIENTS} patients would be expected at each."
        remedy = "Check whether sums were doubled, rounded or converted from another scale."
        yield score_warning(ratings, "gaps_in_totals", sentence, remedy, unused_totals=gaps, totals=used)


def _fractions_and_no_multiples(ratings: ScaleRatings) -> tuple[int, int]:
    """The number of scores that are no whole numbers, and of others that are no whole step above the lowest total."""
    fractions = off = 0
    for start in range(0, len(ratings.rows), AT_ONCE):
        score = ratings.score[start : start + AT_ONCE]
        whole = np.abs(score - np.round(score)) <= TOLERANCE
        above = (score - ratings.instrument.minimum) / ratings.step
        fractions += int((~whole).sum())
        off += int((whole & (np.abs(above - np.round(above)) > TOLERANCE)).sum())
    return fractions, off


def _gaps(ratings: ScaleRatings) -> int:
    """Totals between the lowest and the highest without a patient, if they are a fifth of them; else 0.

    A total counts if its neighbours, two on either side, have ``EXPECTED_PATIENTS`` per total on average.
    """
    patients = ratings.patients_by_step()[ratings.steps.min() : ratings.steps.max() + 1]
    if len(patients) < FEWEST_TOTALS:
        return 0
    expected = np.convolve(patients, np.full(5, 0.2), mode="same")
    gaps = int(((patients == 0) & (expected >= EXPECTED_PATIENTS - TOLERANCE)).sum())
    return gaps if gaps >= UNUSED_SHARE * len(patients) - TOLERANCE else 0


def _end_of_treatment(cohort: Cohort) -> np.ndarray | None:
    """The last day of each patient's remission window, shape (patients,); ``None`` if treatment is over at day 0."""
    rule = cohort.protocol.remission
    return None if rule.at_landmark else anchor_days(cohort) + rule.window_days[1]


def _rising(ratings: ScaleRatings, end: np.ndarray) -> Iterator[CohortFinding]:
    """Scores that get worse from the last rating by day 0 to the last one by the end of the remission window."""
    day, rows = ratings.rows.numbers("day"), ratings.rows.only("score")
    before = rows.where(day <= 0).last_for_patient("score")
    after = rows.where((day > 0) & (day <= rows.spread(end))).last_for_patient("score")
    rise, fall = int((after > before + TOLERANCE).sum()), int((after < before - TOLERANCE).sum())
    changed = rise + fall
    if changed and (rise - changed / 2 - 0.5) / (sqrt(changed) / 2) >= RISING_Z:
        verb = "rise" if ratings.higher_is_worse else "fall"
        sentence = f"scores {verb} during treatment, for the worse, for {rise:,} of {counted(changed, 'patient')} "
        sentence += "with a change."
        remedy = (
            "Check the direction of the scale and its reversed items: a higher score must mean what its scale says."
        )
        yield score_warning(ratings, "rising_scores", sentence, remedy, rise=rise, fall=fall)
