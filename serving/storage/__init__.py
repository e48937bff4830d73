"""Settings, the secret, keys, rate limits, certificates and the database.

Public names: `ApiKey`, `begin_state`, `check_certificate`, `create_tables`, `list_keys`, `load_settings`, `open_log`,
`open_state`, `reading`, `Secret`, `Settings`, `State`.
"""
