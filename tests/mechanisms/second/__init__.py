"""A mechanism that differs in kind from the product's own: thresholds, interactions and a walking score.

It is for checking, never for tuning. The numbers that were looked at when it was made: its rates of remission, relapse,
competing events and early ends of the course, and the AUC of its own true probabilities at each landmark.
"""

from tests.mechanisms.second.cohort import SecondCohort, draw_cohort, write_cohort
from tests.mechanisms.second.truth import true_probabilities

__all__ = ["SecondCohort", "draw_cohort", "true_probabilities", "write_cohort"]
