"""``study.toml``: what only the authors of a study can answer; drafted with its questions, and read.

Public names: `draft_study`, `parse_study`, `read_study`, `study_of_folder`.
"""
