"""Fit, evaluate, record, promote and audit; this folder has the settings, provenance and failures that all share.

Public names: `collect_provenance`, `failed`, `load_config`, `not_checked`, `passed`, `PromotionPolicy`,
`Provenance`, `require_reason`, `StoreUnreachableError`, `TrainingConfig`, `Verdict`.
"""
