"""The report that a journal, a clinician and an auditor read: one HTML document from the evidence."""

from training.report.facts import ReportFacts, feature_dictionary, outcome_rules
from training.report.page import render_report
from training.report.report_figures import ReportFigure, draw, figures

__all__ = ["ReportFacts", "ReportFigure", "draw", "feature_dictionary", "figures", "outcome_rules", "render_report"]
