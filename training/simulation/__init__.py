"""The synthetic cohort: a written-down mechanism, its patients, courses and true risks.

Public names: `has_synthetic_patients`, `is_synthetic`, `simulate_cohort`, `write_cohort`.
"""
