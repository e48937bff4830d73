"""The audit package: the whole record of a version in one file, written from the stores and checked without them.

Public names: `export`, `ExportOptions`, `load_public_key`, `verify_package`.
"""
