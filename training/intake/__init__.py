"""From what clinics have to a cohort: sources, the mapping of a source, and the conversion that it decides.

Public names: `read_source`.
"""
