"""Events that a cohort does not record at all: what nobody wrote down is no observation that nothing happened."""

import numpy as np

from features.protocol.columns import COMPETING_EVENTS
from features.records.cohort import Cohort

_ENDINGS = (*COMPETING_EVENTS, "withdrawal")
"""Events that end a patient's time at risk without a relapse."""


def missing_events(cohort: Cohort) -> str | None:
    """A sentence where a cohort has no event, or none that ends the time at risk without a relapse; else ``None``."""
    events, protocol = cohort.events, cohort.protocol
    if not len(events):
        by_score = protocol.relapse.rule == "score"
        relapse = "relapse rests on scores alone" if by_score else "nobody is known to have relapsed"
        return f"No event is recorded: {relapse}; death, new treatment and withdrawal count as not having happened."
    endings = [protocol.code("events", "event", name) for name in _ENDINGS]
    if not np.isin(events["event"], endings).any():
        return "No death, new treatment or withdrawal is recorded: these count as not having happened."
    return None
