"""MLflow's registry: versions, the decisions kept with them, and the seal over a run.

Public names: `Chain`, `check_store`, `Decision`, `decision_log`, `digest_of`, `load_registered`, `make_store`,
`PolicyCheck`, `read_seal`, `RegisteredModel`, `SealRefusedError`, `StoredTraining`, `use_store`.
"""
