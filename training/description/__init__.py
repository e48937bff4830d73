"""Describes the patients at baseline and the models in full, for readers who want to compute or compare them by hand.

Public names: `baseline_tables`, `describe_models`, `DescribedHead`.
"""
