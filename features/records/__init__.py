"""The patients' records as a checked cohort, and what was known of each patient by a day.

Public names: `assemble_cohort`, `at_least`, `at_most`, `Cohort`, `dosing_sessions`, `is_among`, `known_at`,
`KnownAtLandmark`, `landmark_days`, `RawCohort`, `RawTable`, `Rows`.
"""
