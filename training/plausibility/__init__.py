"""What a cohort says that can't be true or is probably a mistake, and a table of scores per instrument.

Public names: `check_cohort`, `CohortCheck`, `describe_findings`, `findings`, `refuse_implausible`,
`score_table`.
"""
