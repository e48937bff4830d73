"""Candidates of other packages: found by name, fitted as they are, and converted for a bundle where that is possible.

Public names: `SurvivalLearner`, `classifier_learner`, `converted`, `made`.
"""
