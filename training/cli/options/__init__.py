"""What every command shares: exit codes and messages, progress, how a cohort is read, acknowledgements.

Public names: `Group`, `Progress`, `acknowledges`, `answers_for_mistakes`, `read_for_command`.
"""
