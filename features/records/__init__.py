"""The patients' records as a checked cohort, and what was known of each patient by a day."""
