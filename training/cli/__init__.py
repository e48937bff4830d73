"""The `kap` command: options, messages, texts and exit codes. Only this package of training may start the service.

Public names: `Group`, `answers_for_mistakes`, `Progress`, `as_text`.
"""
