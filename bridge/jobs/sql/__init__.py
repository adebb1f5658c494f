"""The SQL of the job store: numbered migrations, and the named statements of `statements.sql`."""
