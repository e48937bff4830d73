"""Figures of held-out predictions, per question, site, subgroup and landmark.

Public names: `at_the_end`, `CaseMixComparison`, `directions`, `evaluate_held_out`, `EvaluatedPredictions`, `figures`,
`gather_landmarks`, `head_evidence`, `instabilities`, `recalibrated`, `updated_head`, `weights_of`.
"""
