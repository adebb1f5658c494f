"""The SQL of the server's database: numbered migrations, and the named statements of `statements.sql`."""
