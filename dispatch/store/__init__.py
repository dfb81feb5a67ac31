"""The one database that remembers everything; SQLite and PostgreSQL behind the same ports."""
