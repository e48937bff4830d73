"""The report that a journal, a clinician and an auditor read: one HTML document from the evidence.

Public names: `render_report`.
"""
