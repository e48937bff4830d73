"""The report that a journal, a clinician and an auditor read: one HTML document from the evidence."""

from training.report.drawings import Drawing, draw, figures
from training.report.facts import FeatureRow, ReportFacts, feature_dictionary, outcome_rules
from training.report.page import render_report

__all__ = [
    "Drawing",
    "FeatureRow",
    "ReportFacts",
    "draw",
    "feature_dictionary",
    "figures",
    "outcome_rules",
    "render_report",
]
