"""The dossier of a registered version: one HTML document for an auditor, its first page a summary on one sheet.

Public names: `Dossier`, `gathered_dossier`, `write_dossier`.
"""
