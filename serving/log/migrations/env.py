"""Run the migrations on the connection that `serving.log.upgrade` has opened, in its transaction."""

from alembic import context


def run() -> None:
    """Run what is missing up to the revision that was asked for."""
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()


run()
