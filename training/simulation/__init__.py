"""The synthetic cohort: a written-down mechanism, its patients, courses and true risks."""
