"""The audit of a recorded run with its retraining, the lineage of a prediction, and the dossier.

Public names: `ConfirmedOrigin`, `Dossier`, `ErasedContent`, `gathered_dossier`, `load_by_digest`, `Origin`,
`origin_of`, `PredictionLineage`, `read_training`, `record_verdicts`, `registered_with`, `seal_run`, `traced_origin`,
`verify`, `write_dossier`.
"""
