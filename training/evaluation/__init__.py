"""Figures of held-out predictions, per question, site, subgroup and landmark."""
