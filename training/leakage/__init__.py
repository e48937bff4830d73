"""The checks that stop a training, and the acknowledgement of a failed one.

Public names: `acknowledgements`, `leakage_checks`, `notes`, `refuse_leakage`, `requirements`.
"""
