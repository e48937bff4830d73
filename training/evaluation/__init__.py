"""Judges predictions for patients whom a model never saw."""
