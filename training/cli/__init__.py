"""The `kap` command: options, messages and exit codes. Only this package of training may start the service.

Public names: `main`.
"""
