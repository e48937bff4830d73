"""What an import starts from: a source as it was read, and the mapping that says what of it gives a cohort.

Public names: `CohortMapping`, `read_mapping`, `Source`, `SourceColumn`, `SourceTable`, `source_column`, `text_of`.
"""
