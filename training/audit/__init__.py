"""A recorded run verified and reproduced, a prediction followed back to its data, the dossier.

Public names: `ErasedContent`, `lineage_verdicts`, `load_by_digest`, `Origin`, `origin_of`, `PredictionLineage`,
`read_training`, `record_verdicts`, `registered_with`, `seal_run`, `verify`, `write_dossier`.
"""
