"""What is known about a patient at the moment of prediction.

Public names: `build_features`, `catalogue`, `ClinicalFact`, `feature_rows`, `FeatureRows`, `fingerprint`,
`parse_protocol`.
"""
