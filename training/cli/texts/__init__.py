"""What commands print about trainings, evaluations, predictions and replays, as sentences.

Public names: `as_document`, `as_text`.
"""
