"""A cohort in parts: where its files lie, a part as a cohort of its own, and all parts as one.

Public names: `at_files`, `CohortPart`, `files_not_read`, `identifiers_of`, `is_in_parts`, `parts_of`,
`place_of`, `protocol_of`, `read_part`, `read_whole`, `RemoteFolder`, `require_apart`.
"""
