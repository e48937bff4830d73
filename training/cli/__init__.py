"""The `kap` command: options, messages, texts and exit codes. Only here may training start the service."""
