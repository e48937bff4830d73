"""What a cohort says that can't be true or is probably a mistake, and a table of scores per instrument.

Public names: `check_cohort`, `CohortCheck`, `CohortFinding`, `describe_findings`, `findings`, `import_record`,
`refuse_implausible`, `render_scores`, `score_table`.
"""
