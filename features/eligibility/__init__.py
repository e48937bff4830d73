"""Which patients are eligible at a landmark, and why others are not: one rule for training and serving.

Public names: `anchor_days`, `Ineligible`, `ineligible_at`, `why_not_reached`.
"""
