"""From files to a cohort, and the content of a cohort: the analysed patients and the unused records.

Public names: `analysis_flow`, `cohort_summary`, `CohortReading`, `describe_problems`, `describe_repairs`,
`ignored_files`, `landmark_flow`, `LandmarkFlow`, `read_cohort`, `read_frames`, `read_with_repairs`, `render_summary`,
`render_unused`, `unused_records`.
"""
