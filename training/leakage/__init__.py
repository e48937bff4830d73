"""The checks that stop a training, and who answers for one that failed.

Public names: `acknowledgements`, `leakage_checks`, `notes`, `refuse_leakage`, `requirements`.
"""
