"""Codes of LOINC, SNOMED CT, ICD-10-CM, RxNorm and others, each with what it is to a record and its source.

Public names: `load_terminology`, `Terminology`.
"""
