"""The prediction log: entries chained by hashes, appended before an answer is sent, checked and erased.

Public names: `check_log`, `Draft`, `erase_patient`, `head_code`, `KeyReusedError`, `LogEntry`, `LoggedReply`,
`LogOutage`, `LogWriter`, `prune`, `read_entries`, `read_seal`, `write_seal`.
"""
