"""The dossier of a registered version: one HTML document for an auditor, its first page a summary on one sheet.

Public names: `Dossier`, `import_facts`, `write_dossier`.
"""
