"""From files to a cohort, and the content of a cohort: the analysed patients and the unused records.

Public names: `analysis_flow`, `cohort_summary`, `describe_problems`, `ignored_files`, `landmark_flow`,
`LandmarkFlow`, `read_cohort`, `render_summary`, `render_unused`, `unused_records`.
"""
