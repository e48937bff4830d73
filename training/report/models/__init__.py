"""The parts of a report that describe: Table 1, every model in full, and how to compute one patient by hand.

Public names: `baseline_views`, `equation_link`, `equation_workbook`, `model_views`, `reading`.
"""
