"""A logged answer computed again from its row.

Public names: `differences`, `EntryFacts`, `facts_of`, `is_fhir`, `is_fhir_request`, `is_request`.
"""
