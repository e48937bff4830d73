"""Who may be predicted at a landmark, and why somebody is not: one answer for training and serving.

Public names: `anchor_days`, `Ineligible`, `ineligible_at`, `why_not_reached`.
"""
