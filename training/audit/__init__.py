"""The audit of a recorded run with its retraining, and the lineage of a prediction.

Public names: `checked_record`, `ConfirmedOrigin`, `ErasedContent`, `load_by_digest`, `Origin`, `origin_of`,
`PredictionLineage`, `read_training`, `record_verdicts`, `registered_with`, `seal_run`, `traced_origin`,
`VerificationRequest`, `verify`.
"""
