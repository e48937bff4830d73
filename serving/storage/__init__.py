"""Settings, the secret, keys, rate limits, certificates and the database.

Public names: `ApiKey`, `begin_state`, `check_certificate`, `check_files`, `create_tables`, `list_keys`,
`load_settings`, `open_log`, `open_state`, `read_given`, `reading`, `Secret`, `Settings`, `State`.
"""
