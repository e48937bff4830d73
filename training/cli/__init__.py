"""The `kap` command: options, messages, texts and exit codes. Only this package of training may start the service.

Public names: `main`, `as_text`.
"""
