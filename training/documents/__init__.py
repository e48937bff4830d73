"""Documents that auditors, authorities and clinics ask for, written from the record of a registered version.

Public names: `DocumentSubject`, `document_of`.
"""
