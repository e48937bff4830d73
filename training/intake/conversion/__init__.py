"""From a source and its mapping to a cohort's folder: days, totals and pseudonyms, every conversion counted.

Public names: `import_cohort`, `needs_key`, `PseudonymKey`.
"""
