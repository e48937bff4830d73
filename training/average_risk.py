"""The sentence for a head whose winner is `no_model`, and its cause; `learning/fit.py` decides which cause it has."""

AVERAGE_RISK = "the model gives every patient the cohort's average risk"
"""Follows the cause in the note of such a head."""


def cause_of_average(note: str) -> str:
    """Why a head gives every patient the average risk, from its note; empty if the note is empty."""
    return note.partition(f": {AVERAGE_RISK}")[0]
