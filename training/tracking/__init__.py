"""What goes to MLflow: runs, metrics, artefacts and the pyfunc model.

Public names: `artifact_of`, `record`, `record_evaluation`, `record_update`, `recorded_evidence`, `RecordedRun`,
`report_of`.
"""
