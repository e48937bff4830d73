"""The promotion policy: what the evidence of a model must show, as checks with findings.

Public names: `check_policy`, `evidence_checks`, `name_of`, `policy_digest`.
"""
