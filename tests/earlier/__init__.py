"""Numbers that earlier versions computed, computed again from the same records and parameters.

Public names: `StoredNumbers`.
"""
