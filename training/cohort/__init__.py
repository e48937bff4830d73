"""From files to a cohort, and what a cohort holds: who is analysed and what is not used.

Public names: `analysis_flow`, `cohort_summary`, `describe_problems`, `ignored_files`, `landmark_flow`,
`LandmarkFlow`, `read_cohort`, `render_summary`, `render_unused`, `unused_records`.
"""
