"""SQLite as every store here needs it: one connection, durable commits, numbered migrations, our errors."""
