"""The page on which patient, family and clinician look at a prediction together; neither HTTP nor storage.

Public names: `decision_view`, `launch_path`, `render_page`, `study_facts`.
"""
