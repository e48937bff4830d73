"""The tracking store of MLflow itself: where it and its artifacts stand, which MLflow made its tables, what it answers.

Public names: `artifact_bytes`, `folder_at`, `read_as_it_is`, `RegistryClient`, `require_current`,
`settle_relocated_store`, `store_entries`, `unreachable`.
"""
