"""What goes to MLflow: runs, metrics, artefacts and the pyfunc model.

Public names: `artifact_of`, `opened_run`, `places_of`, `record`, `record_evaluation`, `record_update`,
`recorded_evidence`, `RecordedRun`.
"""
