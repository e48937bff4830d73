"""From files to a cohort, and what a cohort holds: who is analysed and what is not used."""
