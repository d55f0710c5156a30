"""Alembic's entry: runs the migrations in the transaction that ``maestro.ledger.migrate`` began."""

from alembic import context

from maestro.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,  # true of SQLite as well, once its driver opens no transactions of its own
)
context.run_migrations()
