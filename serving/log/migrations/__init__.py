"""How the log's tables went from one version to the next, for Alembic; `serving.log.upgrade` runs it."""
