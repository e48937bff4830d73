"""Earlier treatments without what they achieved: their failures and responses count as 0, not as unknown."""

from collections.abc import Iterator

import numpy as np

from features.records.cohort import Cohort, is_missing
from features.records.timeline import is_among
from training.plausibility.finding import CohortFinding, counted, listed_words

LEAST_SHARE = 0.1
"""The share of the treatments from which on a count of 0 is suspect [judgement]; some cells are empty in any record."""


def history_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """Treatments of which ``adequate`` or ``outcome`` is not recorded and would decide what a feature counts."""
    asked = cohort.number("prior_treatments_recorded") == 1
    treatments = cohort.prior_treatments
    treatments = treatments.where(np.asarray(treatments.spread(asked), dtype=np.bool_))
    if not len(treatments):
        return
    codes = [cohort.protocol.code("prior_treatments", "outcome", name) for name in ("response", "remission")]
    responded = is_among(treatments["outcome"], codes)
    no_outcome = is_missing(treatments["outcome"])
    # A response is no failure, whatever the dose was, and a treatment that was not adequate is none either.
    no_adequate = is_missing(treatments["adequate"]) & ~responded
    no_failure = no_adequate | (no_outcome & (treatments.numbers("adequate") != 0))
    lacking = {"adequate": int(no_adequate.sum()), "outcome": int(no_outcome.sum())}
    concerned = no_failure | no_outcome
    if concerned.mean() < LEAST_SHARE:
        return
    number = len(treatments)
    missing = listed_words(f"{name} for {count:,}" for name, count in lacking.items() if count)
    counts_as = "failures and responses" if no_outcome.any() else "failures"
    sentence = f"of {counted(number, 'earlier treatment')} there is no {missing}: "
    sentence += f"{counts_as} of these count as 0, not as unknown, and the features show none as missing."
    remedy = "Record what the treatments achieved, or let no answer rest on adequate_failures, ketamine_failures"
    remedy += ", ketamine_responses and earlier_response." if no_outcome.any() else "."
    counts = (("rows", number), *((name, count) for name, count in lacking.items()))
    yield CohortFinding("warning", "history_without_outcome", "prior_treatments", None, sentence, remedy, counts)
