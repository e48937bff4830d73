"""MLflow's registry: versions, the decisions on them, and the seal over a run.

Public names: `Chain`, `check_store`, `Decision`, `decision_log`, `load_registered`, `make_store`,
`PolicyCheck`, `read_seal`, `RegisteredModel`, `SealRefusedError`, `StoredTraining`, `use_store`.
"""
