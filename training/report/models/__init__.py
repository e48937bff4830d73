"""The parts of a report that describe: Table 1, every model in full, and how to compute one patient by hand.

Public names: `baseline_blocks`, `equation_csv`, `equation_section`, `equation_workbook`, `has_equation`,
`models_section`.
"""
