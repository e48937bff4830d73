"""Searches for the parameters of a candidate, given the loss of any of them; what is fitted is left to the candidate.

Public names: `search_by_optuna`, `SearchRange`, `TuningTrial`.
"""
